"""Links, a poller and a clock in memory: a whole server runs in a test or a lesson without ports, sleeps and chance.

clock = HandClock()
reactor = Reactor(MemoryPoller(), clock)
ours, theirs = memory_pair()
"""

from __future__ import annotations

import itertools

from pellucid.net.link import RECEIVE, room_beside
from pellucid.net.pollers import BOTH, READ, WRITE
from pellucid.piece import FileSlice, Piece, discard

RESET = "Connection reset by peer"

_numbers = itertools.count(1_000_000)
_links: dict[int, MemoryLink] = {}


class HandClock:
    """A clock that stands still until a hand moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


class MemoryLink:
    """One end of a pipe in memory. The pipe holds at most `holds` bytes; what is more waits in the sender's link.

    `arrived` is what the other end sent and nobody received yet, `broken` why the other end cut the pipe: as with a
    socket, that is found out by the next `receive` or `send`, and stands in `gone` from then on.
    """

    __slots__ = (
        "_outbox",
        "arrived",
        "broken",
        "closed",
        "ended",
        "fd",
        "gone",
        "holds",
        "local",
        "other",
        "peer",
        "peer_port",
    )

    secured = None
    held = False

    def __init__(self, holds: int, peer: str = "192.0.2.1", local: str = "192.0.2.80:80") -> None:
        self.fd = next(_numbers)
        self.peer = peer
        self.peer_port = 0
        self.local = local
        self.gone = ""
        self.other: MemoryLink = self
        self.holds = holds
        self.arrived = bytearray()
        self.ended = False
        self.broken = ""
        self.closed = False
        self._outbox: list[Piece | memoryview] = []
        _links[self.fd] = self

    @property
    def waiting(self) -> bool:
        return bool(self._outbox)

    @property
    def room(self) -> int:
        return room_beside(sum(map(len, self._outbox)))

    @property
    def mask(self) -> int:
        """What this end is ready for while it is not broken."""
        readable = READ if self.arrived or self.ended else 0
        writable = WRITE if self.other.closed or len(self.other.arrived) < self.holds else 0
        return readable | writable

    def interest(self, hungry: bool) -> int:
        return (READ if hungry else 0) | (WRITE if self._outbox else 0)

    def receive(self, most: int = RECEIVE) -> bytes | None:
        data = self.peek(most)
        del self.arrived[: len(data or b"")]
        return data

    def peek(self, most: int) -> bytes | None:
        if self.broken or self.gone:
            return self._lose(self.broken)
        if self.arrived:
            return bytes(self.arrived[:most])
        return b"" if self.ended else None

    def send(self, pieces: list[Piece]) -> int:
        self._outbox += pieces
        if self.broken or self.other.closed:
            self._lose(self.broken or "Broken pipe")
        total = 0
        while self._outbox and not self.gone:
            space = self.holds - len(self.other.arrived)
            if space <= 0:
                return total
            total += self._move(space)
        if self.gone:
            discard(self._outbox)
        return total

    def _move(self, space: int) -> int:
        piece = self._outbox[0]
        if isinstance(piece, FileSlice):
            data = piece.read(space)
            if not data and piece.length:
                self.gone = "a file became shorter while it was sent"
            if not piece.length:
                del self._outbox[0]
                piece.release()
        else:
            data = bytes(piece[:space])
            if len(piece) > space:
                self._outbox[0] = memoryview(piece)[space:]  # a large body is not copied at each send
            else:
                del self._outbox[0]
        self.other.arrived += data
        return len(data)

    def _lose(self, why: str) -> bytes:
        self.gone = self.gone or why
        discard(self._outbox)
        return b""

    def shorten(self) -> None:
        pass  # what is sent waits here, and nowhere else

    def finish(self) -> None:
        self.other.ended = True

    def close(self) -> None:
        if not self.closed:
            self._end(RESET if self.arrived else "")  # as the kernel does when unread bytes are dropped

    def abort(self) -> None:
        if not self.closed:
            self.other.arrived.clear()
            self._end(RESET)

    def _end(self, broken: str) -> None:
        _links.pop(self.fd, None)
        self.closed = True
        self.broken = "Bad file descriptor"
        discard(self._outbox)
        self.other.ended = True
        self.other.broken = self.other.broken or broken


class MemoryPoller:
    """A poller over memory links. It never waits: when nothing is ready, the hand that moves the clock is awaited."""

    def __init__(self) -> None:
        self._interest: dict[int, int] = {}

    def add(self, fd: int, interest: int) -> None:
        self._interest[fd] = interest

    def change(self, fd: int, interest: int) -> None:
        self._interest[fd] = interest

    def remove(self, fd: int) -> None:
        del self._interest[fd]

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        ready = []
        for fd, interest in self._interest.items():
            link = _links.get(fd)
            if link is None:
                continue
            mask = BOTH if link.broken else link.mask & interest  # a break is told unasked
            if mask:
                ready.append((fd, mask))
        return ready

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self._interest.clear()


def memory_pair(holds: int = 65536, peer: str = "192.0.2.1") -> tuple[MemoryLink, MemoryLink]:
    """Two ends of a pipe in memory that holds this many bytes each way; the first is the server's."""
    ours, theirs = MemoryLink(holds, peer), MemoryLink(holds)
    ours.other, theirs.other = theirs, ours
    return ours, theirs
