"""The smallest program that answers with Pellucid: `python bench/hello.py PORT`. It ends as signals end any process."""

from __future__ import annotations

import sys

from pellucid.message import Headers, Response
from pellucid.net.port import Port
from pellucid.server.exchange import Exchange
from pellucid.server.server import Server

HEADERS = Headers([(b"content-type", b"text/plain")])


def hello(exchange: Exchange) -> None:
    """Say hello, whatever was asked."""
    exchange.respond(Response(200, HEADERS), b"hello")


if __name__ == "__main__":
    server = Server(hello)
    server.listen(Port.tcp("127.0.0.1", int(sys.argv[1])))
    server.run()
