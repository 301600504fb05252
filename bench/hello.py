"""The smallest program that answers with Pellucid: `python bench/hello.py PORT [CERTIFICATE KEY]`.

It ends as signals end any process.
"""

from __future__ import annotations

import sys

from pellucid.message import Headers, Response
from pellucid.net.greet import Greet
from pellucid.net.port import Port
from pellucid.server.exchange import Exchange
from pellucid.server.server import Server

HEADERS = Headers([(b"content-type", b"text/plain")])


def hello(exchange: Exchange) -> None:
    """Say hello, whatever was asked."""
    exchange.respond(Response(200, HEADERS), b"hello")


def greets(server: Server, files: list[str]) -> list[Greet]:
    """What speaks TLS, if there are files for it; imported only then, as the command does."""
    if not files:
        return []
    from pellucid.listening import tls

    return [tls(server, ",".join(files))]


if __name__ == "__main__":
    server = Server(hello)
    server.listen(Port.tcp("127.0.0.1", int(sys.argv[1])), greets(server, sys.argv[2:]))
    server.run()
