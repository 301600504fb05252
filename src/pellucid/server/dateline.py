"""The Date line of answers, spelled once a second; its clocks are handed in."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.net.reactor import Reactor
from pellucid.semantics.dates import format_date


class DateLine:
    """Called, it gives the line with its CRLF (RFC 9110 section 6.6.1). `wall` gives the seconds since 1970."""

    __slots__ = ("_line", "_reactor", "_until", "_wall")

    def __init__(self, reactor: Reactor, wall: Callable[[], float]) -> None:
        self._reactor = reactor
        self._wall = wall
        self._until = -1.0
        self._line = b""

    def __call__(self) -> bytes:
        now = self._reactor.now
        if now >= self._until:
            seconds, fraction = divmod(self._wall(), 1.0)
            self._line = b"date: %b\r\n" % format_date(int(seconds))
            self._until = now + 1.0 - fraction
        return self._line
