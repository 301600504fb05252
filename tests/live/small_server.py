"""A small server over the Python API, run as a process of its own by the tests of the network.

It gets its settings as JSON, prints its port, and serves until SIGTERM.
"""

import json
import resource
import signal
import sys

from pellucid.message import END, End, Response
from pellucid.net.port import Port
from pellucid.piece import Piece
from pellucid.server.exchange import Exchange
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience

LARGE = 100 << 20


class Zeros:
    """A large body."""

    length: int | None = LARGE

    def __init__(self) -> None:
        self.left = LARGE

    def pull(self, limit: int) -> Piece | End | None:
        count = min(limit, self.left, 65536)
        self.left -= count
        return bytes(count) if count else END

    def close(self) -> None:
        pass


def app(exchange: Exchange) -> None:
    """A large body for /large; the length of a request's body for POST; else a greeting."""
    if exchange.request.path == b"/large":
        exchange.respond(Response(200), Zeros())
    elif exchange.request.method == "POST":
        count(exchange)
    else:
        exchange.respond(Response(200), b"hello")


def count(exchange: Exchange) -> None:
    """Read the body, then tell how long it was."""
    total = 0

    def read() -> None:
        nonlocal total
        while data := exchange.read():
            total += len(data)
        if data == b"":
            exchange.respond(Response(200), b"%d" % total)

    exchange.on_body = read
    read()


def main() -> None:
    """Serve."""
    settings = json.loads(sys.argv[1])
    if files := settings.pop("files", 0):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server = Server(app, Capacity(connections_per_address=0), patience=Patience(**settings))
    port = Port.tcp("127.0.0.1", 0)
    server.listen(port)
    signal.set_wakeup_fd(server.reactor.open_to_posts(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, frame: server.reactor.post(lambda: server.stop(1.0)))
    print(port.address.rpartition(":")[2], flush=True)
    server.run()


if __name__ == "__main__":
    main()
