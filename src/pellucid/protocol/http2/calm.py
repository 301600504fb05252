"""Floods (RFC 9113 section 10.5): how often a peer may do what costs it little and this end more. The clock is outside.

Each kind has a bucket of tokens: it is full at first, is filled again at a steady rate, and each frame takes one out.
What an honest peer does in answer to what it was sent fills it too: who is sent much may say much. An empty bucket ends
the connection with ENHANCE_YOUR_CALM, and its name is the reason.
"""

from __future__ import annotations

from pellucid.protocol.http2.codes import ENHANCE_YOUR_CALM, ConnectionFault
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import UNBOUNDED

AT_ONCE = 10
"""How many seconds' worth a bucket holds."""


class Bucket:
    """One kind of frame: so many a second, and AT_ONCE times as many at once. A rate of 0 is no limit."""

    __slots__ = ("_at", "_earned", "_level", "_most", "_rate", "name")

    def __init__(self, name: str, rate: int) -> None:
        self.name = name
        self._rate = rate
        self._most = float(rate * AT_ONCE or UNBOUNDED)
        self._level = self._most
        self._at = 0.0
        self._earned = 0

    def spend(self, now: float, earned: int = 0) -> None:
        """One more has come. `earned` is how many were called for so far, by what was sent. Raises ConnectionFault."""
        level = self._level + (now - self._at) * self._rate + (earned - self._earned)
        self._level = min(level, self._most) - 1
        self._at = now
        self._earned = earned
        if self._level < 0:
            why = f"{self.name}: more than {self._rate} per second, or {self._rate * AT_ONCE} at once (RFC 9113 10.5)"
            raise ConnectionFault(ENHANCE_YOUR_CALM, why)


class Calm:
    """The buckets of one connection."""

    __slots__ = (
        "dribbles",
        "empties",
        "faults",
        "large_heads",
        "others",
        "pings",
        "priorities",
        "resets",
        "settings",
        "small_data",
        "windows",
    )

    def __init__(self, own: Http2Limits) -> None:
        self.resets = Bucket("h2-resets", own.h2_resets)  # CVE-2023-44487, CVE-2019-9514
        self.faults = Bucket("h2-faults", 5)  # what makes this end reset a stream: CVE-2025-8671
        self.pings = Bucket("h2-pings", own.h2_pings)  # CVE-2019-9512
        self.settings = Bucket("h2-settings", 5)  # CVE-2019-9515
        self.priorities = Bucket("h2-priorities", 100)  # CVE-2019-9513
        self.windows = Bucket("h2-windows", 100)  # a window that grows by single bytes
        self.dribbles = Bucket("h2-dribbles", 20)  # parts of an answer that a window cuts small: CVE-2019-9511
        self.small_data = Bucket("h2-small-data", 500)  # a body by single bytes
        self.empties = Bucket("h2-empties", 10)  # frames that carry nothing: CVE-2019-9518
        self.large_heads = Bucket("h2-large-heads", 2)  # heads of several times the head-size
        self.others = Bucket("h2-others", 10)  # frames that mean nothing here
