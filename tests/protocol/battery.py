"""The engine battery: bytes go through an engine whole, one by one and in random pieces, and must mean the same."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pellucid.message import Data, End, Event, Headers, Refused, Request, Response
from pellucid.protocol.engine import Phase
from pellucid.protocol.http1.engine import READ_AHEAD, Http1
from pellucid.protocol.limits import Limits

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TRAIL = b"GET /trail HTTP/1.1\r\nHost: trail\r\n\r\n"
WINDOW = 1 << 20


def http1(limits: Limits | None = None, date: bytes = b"") -> Http1:
    """An engine; without a date its answers are shorter to write down."""
    return Http1(limits or Limits(), lambda: date)


def request(line: bytes = b"GET / HTTP/1.1", *fields: bytes, body: bytes = b"", host: bytes | None = b"h") -> bytes:
    """A request with these lines; a Host comes first unless it is None."""
    lines = [line, *([b"Host: " + host] if host is not None else []), *fields]
    return b"\r\n".join([*lines, b"", b""]) + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A body in these chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def said(engine: Http1) -> bytes:
    """What an engine has to say, where no file is in it."""
    words = b""
    for piece in engine.take_output():
        assert isinstance(piece, bytes)
        words += piece
    return words


@dataclass
class Course:
    """What became of some bytes: the events, Data joined; what the engine said, less any 100 Continue, whose sending
    depends on whether the body is there already; and how it ended.
    """

    events: list[tuple[int, Event]] = field(default_factory=list)
    output: bytes = b""
    phase: Phase = Phase.IDLE
    unread: bool = field(default=False, compare=False)  # it depends on what has come behind the end

    @property
    def requests(self) -> list[Request]:
        return [event for _, event in self.events if isinstance(event, Request)]

    @property
    def refused(self) -> Refused | None:
        last = self.events[-1][1] if self.events else None
        return last if isinstance(last, Refused) else None

    @property
    def body(self) -> bytes:
        return b"".join(event.data for _, event in self.events if isinstance(event, Data))

    @property
    def trailers(self) -> Headers | None:
        ends = [event for _, event in self.events if isinstance(event, End)]
        return ends[-1].trailers if ends else None


class Driver:
    """An engine and a patient app, which takes each body to its end, in portions of `window` bytes, and answers then.

    A tunnel it opens at once, if `tunnels`. As a connection does, it gives an engine no more than that is hungry for.
    """

    def __init__(self, limits: Limits, tunnels: bool = False, window: int = WINDOW) -> None:
        self.engine = http1(limits)
        self.course = Course()
        self.tunnels = tunnels
        self.window = window
        self.silent = 0
        self.bound = limits.head_size + READ_AHEAD + 65536 if limits.head_size else 1 << 62

    def feed(self, data: bytes) -> None:
        if self.engine.hungry:
            self.silent += len(data)
            assert self.silent <= self.bound + len(data), "the engine hoards what it is given"
            self.engine.receive(data)
            self.turn()

    def eof(self) -> None:
        self.engine.receive_eof()
        self.turn()

    def turn(self) -> None:
        while (item := self.engine.next_event()) is not None:
            self.silent = 0
            assert self.course.refused is None, "an event after Refused"
            self._note(*item)
            self._answer(*item)
        self.course.output += said(self.engine).replace(CONTINUE, b"")
        self.course.phase = self.engine.phase
        self.course.unread = self.engine.unread

    def _note(self, stream: int, event: Event) -> None:
        events = self.course.events
        if isinstance(event, Data):
            assert event.data, "an empty Data"
            if events and isinstance(before := events[-1][1], Data):
                events.pop()
                event = Data(before.data + event.data)
        events.append((stream, event))

    def _answer(self, stream: int, event: Event) -> None:
        engine = self.engine
        if isinstance(event, Request) and self.tunnels and (event.upgrade or event.method == "CONNECT"):
            status = 200 if event.method == "CONNECT" else 101
            engine.send_response(stream, Response(status, Headers([(b"upgrade", event.upgrade)])), None)
            engine.credit(stream, self.window)
        elif isinstance(event, Request) and not event.complete:
            engine.credit(stream, self.window)
        elif isinstance(event, Data):
            engine.credit(stream, len(event.data))
        elif isinstance(event, Refused):
            engine.send_response(stream, Response(event.status), event.why.encode())
        elif engine.phase is Phase.TUNNEL:
            engine.send_end(stream, Headers())
        elif self.course.requests[-1].method == "CONNECT":
            engine.send_response(stream, Response(405), b"")
        else:
            engine.send_response(stream, Response(200), b"ok")


def course(pieces: Iterable[bytes], limits: Limits | None = None, eof: bool = False, **how: Any) -> Course:
    """What becomes of bytes that arrive in these pieces."""
    driver = Driver(limits or Limits(), **how)
    for piece in pieces:
        driver.feed(piece)
    if eof:
        driver.eof()
    return driver.course


def cut(data: bytes, offsets: Iterable[int]) -> list[bytes]:
    """The data in pieces that end at these offsets."""
    return [data[start:end] for start, end in pairwise([0, *sorted(offsets), len(data)]) if start < end]


def splits(data: bytes) -> Iterator[list[bytes]]:
    """The data byte by byte, and in pieces that are random but the same at each run."""
    yield cut(data, range(len(data)))
    chance = random.Random(zlib.crc32(data))
    for count in (1, 2, 5):
        yield cut(data, [chance.randrange(len(data) + 1) for _ in range(count)])


def every_way(data: bytes, limits: Limits | None = None, eof: bool = False, **how: Any) -> Course:
    """What becomes of the data, having made sure that it is the same however they arrive and whatever follows."""
    whole = course([data], limits, eof, **how)
    for pieces in splits(data):
        other = course(pieces, limits, eof, **how)
        assert other == whole, f"split into {pieces[:5]}…"
    if not eof and whole.phase in (Phase.IDLE, Phase.OVER):
        _check_trail(data, whole, limits, **how)
    if len(data) < 300:
        for end in range(len(data)):
            _check_eof(data[:end], limits, **how)
    return whole


def refuse(data: bytes, status: int, why: str, limits: Limits | None = None) -> Course:
    """Refused as this, whatever the split; the answer says so, and nothing behind it is read."""
    course = every_way(data, limits)
    assert course.refused is not None, course.events
    assert course.refused.status == status
    assert why in course.refused.why
    assert "(RFC " in course.refused.why
    assert b"HTTP/1.1 %d " % status in course.output
    assert b"connection: close\r\n" in course.output
    assert course.unread
    return course


def accept(data: bytes, limits: Limits | None = None, **how: Any) -> Request:
    """Accepted, whatever the split."""
    course = every_way(data, limits, **how)
    assert course.refused is None
    assert len(course.requests) == 1
    return course.requests[0]


def _check_trail(data: bytes, whole: Course, limits: Limits | None, **how: Any) -> None:
    for pieces in ([data + TRAIL], [data, TRAIL], cut(data + TRAIL, range(len(data) + len(TRAIL)))):
        trailed = course(pieces, limits, **how)
        added = trailed.events[len(whole.events) :]
        assert trailed.events[: len(whole.events)] == whole.events
        assert trailed.output.startswith(whole.output)
        if whole.phase is Phase.OVER:
            assert not added, "a request was read behind the last one"
        else:
            assert [event.path for _, event in added if isinstance(event, Request)] == [b"/trail"]


def _check_eof(data: bytes, limits: Limits | None, **how: Any) -> None:
    cut_off = course([data], limits, eof=True, **how)
    assert cut_off.phase is Phase.OVER, f"the end after {data!r} is not noticed"
