"""The smallest program that answers with Pellucid: `python bench/hello.py PORT [CERTIFICATE KEY]`.

It ends as signals end any process.
"""

from __future__ import annotations

import sys

from pellucid.message import Headers, Response
from pellucid.net.port import Port
from pellucid.server.exchange import Exchange
from pellucid.server.server import Greet, Server

HEADERS = Headers([(b"content-type", b"text/plain")])


def hello(exchange: Exchange) -> None:
    """Say hello, whatever was asked."""
    exchange.respond(Response(200, HEADERS), b"hello")


def tls(server: Server, certificate: str, key: str) -> Greet:
    """What speaks TLS with all who come; imported only when asked for, as the command does."""
    from pellucid.net.certificates import Certificates
    from pellucid.net.handshakes import Handshakes
    from pellucid.net.tlssettings import TlsSettings

    chosen = TlsSettings()
    return Handshakes(server.reactor, Certificates([(certificate, key)], chosen), chosen, lambda level, text: None)


if __name__ == "__main__":
    server = Server(hello)
    server.listen(Port.tcp("127.0.0.1", int(sys.argv[1])), [tls(server, *sys.argv[2:])] if sys.argv[2:] else [])
    server.run()
