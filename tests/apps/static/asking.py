"""Asks the static files app as a connection would, without one; the clock stands until it is told to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings
from pellucid.message import End, Field, Headers, Request, Response
from pellucid.net.reactor import Timer
from pellucid.piece import Body, FileSlice, Source
from pellucid.server.exchange import Exchange

# A time so late that no file of a test is fresh, and one so early that all are.
LATE = 4_000_000_000.0
EARLY = 0.0


class Moment:
    """What an exchange knows of a connection: here, the time and nothing else."""

    peer = "192.0.2.1"
    peer_port = 50000
    local = "192.0.2.2:80"
    secured = None
    late = False

    def __init__(self) -> None:
        self.now = 1.0

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        return Timer(when, callback)

    def new_id(self) -> str:
        return "one"

    def wake(self, exchange: Exchange) -> None: ...

    def wake_soon(self, exchange: Exchange) -> None: ...

    def clear(self, exchange: Exchange) -> bool:
        return False

    def push(self, exchange: Exchange, piece: bytes) -> bool:
        return False

    def note(self, level: str, text: str) -> None: ...

    def complain(self, exchange: Exchange, why: str) -> None: ...

    def inform(self, exchange: Exchange, response: Response) -> None: ...

    def credit(self, exchange: Exchange, count: int) -> None: ...

    def abort(self, exchange: Exchange, why: str) -> None: ...

    def go_on(self, exchange: Exchange, call: Callable[[], None]) -> None: ...


@dataclass
class Answered:
    """An answer as it stands, its body not yet pulled."""

    response: Response
    body: Body

    @property
    def status(self) -> int:
        return self.response.status

    def __getitem__(self, name: str) -> bytes | None:
        return self.response.headers.get(name.encode())

    @property
    def length(self) -> int | None:
        return len(self.body) if isinstance(self.body, bytes) else self.body.length

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else pulled(self.body)


class Asking:
    """An app and a client of it; each question comes in a round of its own, unless `same_round` is set."""

    def __init__(self, root: Path, clock: float = LATE, **settings: object) -> None:
        self.moment = Moment()
        self.same_round = False
        self.app = Static(str(root), StaticSettings(**settings), clock=lambda: clock)  # type: ignore[arg-type]  # by name

    def __call__(self, path: bytes | str, *fields: Field, method: str = "GET", query: bytes = b"") -> Answered:
        if not self.same_round:
            self.moment.now += 0.001
        raw = path.encode() if isinstance(path, str) else path
        request = Request(method, raw, raw, query, b"", Headers([(b"host", b"example.org"), *fields]))
        exchange = Exchange(request, self.moment, 1, self.moment.now)
        self.app(exchange)
        assert exchange.response is not None
        return Answered(exchange.response, exchange.body)


def pulled(source: Source, limit: int = 1 << 20, already: int = 0) -> bytes:
    """All that a source gives after what was pulled already, its slices read; the source is closed."""
    whole = b""
    try:
        while not isinstance(piece := source.pull(limit), End):
            assert piece is not None
            assert 0 < len(piece) <= limit
            if isinstance(piece, FileSlice):
                data = b""
                while len(piece):
                    data += piece.read(len(piece))
                piece.release()
                piece = data
            whole += piece
    finally:
        source.close()
    assert already + len(whole) == source.length
    return whole
