"""How fast a peer moves the bodies that go to and fro on its connection, each by itself; it knows no exchange."""

from __future__ import annotations

from math import inf

from pellucid.message import Data, End
from pellucid.protocol.engine import Engine
from pellucid.server.shared import Shared
from pellucid.server.timeouts import Stall, pace, stalled


class Reading:
    """A body that an app reads: how many bytes it has room for, and by when more must have come."""

    __slots__ = ("due", "room")

    def __init__(self) -> None:
        self.room = 0
        self.due = inf


class Paces:
    """By stream: `reading` are the bodies of requests that are read, `shut` the answers that the peer last left no more
    room for. The clock is the loop's.
    """

    __slots__ = ("_shared", "reading", "shut")

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.reading: dict[int, Reading] = {}
        self.shut: dict[int, Stall] = {}

    def ask(self, stream: int, count: int) -> None:
        """An app has room for so many bytes more."""
        reading = self.reading.setdefault(stream, Reading())
        if reading.room == 0:
            reading.due = self._pace(None, 0)
        reading.room += count

    def count(self, stream: int, event: Data | End) -> None:
        """A part of a body has come, or its end."""
        reading = self.reading.get(stream)
        if reading is None:
            return
        if isinstance(event, End):
            del self.reading[stream]
            return
        reading.room -= len(event.data)
        reading.due = self._pace(reading.due, len(event.data)) if reading.room > 0 else inf

    def _pace(self, due: float | None, count: int) -> float:
        shared = self._shared
        return pace(due, shared.reactor.now, count, shared.patience.body_rate, shared.patience.body_grace)

    def find_shut(self, stream: int, given: int) -> None:
        """The peer has no room for more, after it was given so many bytes: patience with it begins, or goes on."""
        shared = self._shared
        self.shut[stream] = stalled(shared.patience, self.shut.get(stream), shared.reactor.now, given)

    def forget(self, stream: int) -> None:
        """The exchange on it has ended."""
        self.reading.pop(stream, None)
        self.shut.pop(stream, None)

    @property
    def slowest(self) -> tuple[float, int]:
        """By when the slowest of the bodies that are read must have moved, and its stream."""
        return min(((reading.due, stream) for stream, reading in self.reading.items()), default=(inf, 0))

    def stalled(self, engine: Engine) -> Stall | None:
        """The stall that is due first, of the answers that the peer leaves no room for; None where there is none."""
        return min((stall for stream, stall in self.shut.items() if engine.room(stream) <= 0), default=None)

    def overdue(self, engine: Engine) -> list[tuple[int, str]]:
        """The streams whose answers have waited too long for room, each with its limit."""
        self.shut = {stream: stall for stream, stall in self.shut.items() if engine.room(stream) <= 0}
        now = self._shared.reactor.now
        return [(stream, stall.limit) for stream, stall in self.shut.items() if stall.due <= now]
