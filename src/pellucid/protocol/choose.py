"""Which protocol a peer speaks: as agreed on by ALPN, or, in the clear, as its first bytes tell (RFC 9113 3)."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.protocol.engine import Engine
from pellucid.protocol.http1.engine import Http1
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits

PREFACE_LINE = b"PRI * HTTP/2.0\r\n"
"""How the preface of HTTP/2 begins (RFC 9113 section 3.4), and no request of HTTP/1."""

LONGEST_LINE = 64
"""How long a first line is that may be for HTTP/2, in bytes."""


class Protocols:
    """The protocols that a server speaks. `date` gives the Date line, `now` the loop's seconds."""

    __slots__ = ("_date", "_limits", "_now", "http2")

    def __init__(self, limits: Limits, date: Callable[[], bytes], now: Callable[[], float]) -> None:
        self._limits = limits
        self._date = date
        self._now = now
        self.http2 = Http2Limits()

    def agreed(self, name: str) -> Engine:
        """What speaks a protocol over TLS, by its name in ALPN; HTTP/1 where nothing was agreed on (RFC 7301)."""
        return self._http2(b"https") if name == "h2" else Http1(self._limits, self._date, b"https")

    def assumed(self) -> Engine:
        """What speaks HTTP/1 in the clear."""
        return Http1(self._limits, self._date)

    def opening(self) -> Opening | None:
        """What tells from the first bytes in the clear whether another protocol is meant; None where there is none."""
        return Opening(lambda: self._http2(b"http")) if self.http2.http2 else None

    def _http2(self, scheme: bytes) -> Engine:
        from pellucid.protocol.http2.engine import Http2  # a process whose clients never speak it does without it

        return Http2(self._limits, self.http2, self._date, self._now, scheme)


class Opening:
    """The first bytes of a connection in the clear. `open` is whether they could still be for HTTP/2.

    For it are its preface, and a first line that is no request line either: RFC 9112 section 2.2 wants a 400 for what
    appears to be a request, RFC 9113 section 3.4 a connection error for a preface that is wrong.
    """

    __slots__ = ("_make", "_seen", "open")

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._seen = b""
        self.open = True

    def other(self, data: bytes) -> Engine | None:
        """What speaks HTTP/2 and has been given all that came so far, if these bytes tell that it is meant."""
        seen = self._seen = self._seen + data
        line, whole, _ = seen[:LONGEST_LINE].partition(b"\n")
        if seen.startswith(PREFACE_LINE) or (whole and _is_foreign(line)):
            self.open = False
            engine = self._make()
            engine.receive(seen)
            return engine
        self.open = not whole and len(seen) < LONGEST_LINE
        return None


def _is_foreign(line: bytes) -> bool:
    words = line.split()
    return len(words) == 3 and line.isascii() and not words[2].upper().startswith(b"HTTP/")
