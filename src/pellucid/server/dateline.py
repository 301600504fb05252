"""The Date line of answers, spelled once a second; its clocks are handed in."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.semantics.dates import format_date


class DateLine:
    """Called, it gives the line with its CRLF (RFC 9110 6.6.1). `now` gives the loop's seconds, `wall` the world's."""

    __slots__ = ("_line", "_now", "_until", "_wall")

    def __init__(self, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self._now = now
        self._wall = wall
        self._until = -1.0
        self._line = b""

    def __call__(self) -> bytes:
        now = self._now()
        if now >= self._until:
            seconds, fraction = divmod(self._wall(), 1.0)
            self._line = b"date: %b\r\n" % format_date(int(seconds))
            self._until = now + 1.0 - fraction
        return self._line
