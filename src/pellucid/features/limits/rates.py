"""How often something may happen, as a pure count: the generic cell rate algorithm, which is a bucket that leaks.

Each request puts one drop into the bucket of its key, which leaks at the rate of the limit and holds `burst` drops:
what would spill over is refused. All there is to remember of a bucket is when it will be empty. One that is empty is as
good as none, so that whoever has been quiet for long enough can be forgotten without a loss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

KEPT = 100_000
"""How many keys are remembered at the most, in two halves: when one half is full, the older one is forgotten."""

MOST_COUNT = 1_000_000
LONGEST_WINDOW = 366 * 86400.0

TINY = 1e-6
"""By how much, in seconds, two moments may differ because of how numbers are rounded."""

_RATE = re.compile(r"([0-9]{1,9}) ?/ ?([0-9]{0,9}) ?(s|sec|second|m|min|minute|h|hour|d|day)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds, of which `burst` may come at once."""

    count: int
    window: float
    burst: int

    @property
    def interval(self) -> float:
        """The seconds in which one drop leaks away."""
        return self.window / self.count

    @property
    def fill(self) -> float:
        """The seconds in which a full bucket becomes empty."""
        return self.interval * self.burst


def parse_rate(text: str, burst: int = 0) -> Rate:
    """A rate from a text such as 100/m or 20/10s. ValueError says what is expected."""
    match = _RATE.fullmatch(text.strip().lower())
    count = int(match[1]) if match else 0
    window = int(match[2] or 1) * _UNITS[match[3][0]] if match else 0.0
    if not (1 <= count <= MOST_COUNT and 0 < window <= LONGEST_WINDOW):
        raise ValueError(
            f"--rate-limit: {text!r} is no rate: write how many in which time, such as 10/s, 100/m, 5000/h or 20/10s"
        )
    if burst > MOST_COUNT:
        raise ValueError(f"--rate-limit-burst: at the most {MOST_COUNT:,} can come at once")
    return Rate(count, window, burst or count)


class Verdict(NamedTuple):
    """What is said of a request: how long it would have to `wait`, 0.0 if it may go on; how many more may come now; and
    in how many seconds there will be one more than that.
    """

    wait: float
    left: int
    more: float


def judge(rate: Rate, debt: float) -> Verdict:
    """What is said of one more, where the bucket will be empty in `debt` seconds."""
    room = rate.fill - debt - rate.interval
    if room < -TINY:
        return Verdict(-room, 0, -room)
    left = int((room + TINY) / rate.interval)
    return Verdict(0.0, left, rate.interval * (left + 1) - room)


class Counts:
    """The buckets of one limit in this process, by key."""

    __slots__ = ("_half", "_old", "_rate", "_turn", "_young")

    def __init__(self, rate: Rate, kept: int = KEPT) -> None:
        self._rate = rate
        self._half = max(1, kept // 2)
        self._young: dict[str, float] = {}  # key to when its bucket is empty
        self._old: dict[str, float] = {}
        self._turn = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, key: str, now: float) -> Verdict:
        """One more of this key, at this moment of a monotonic clock, in seconds."""
        empty = self._young.get(key)
        if empty is None:
            empty = self._old.get(key, now)
        debt = max(empty - now, 0.0)
        verdict = judge(self._rate, debt)
        if not verdict.wait:
            debt += self._rate.interval
        if key not in self._young and (now >= self._turn or len(self._young) >= self._half):
            # What has not been touched for as long as a full bucket leaks is empty.
            self._old, self._young = self._young, {}
            self._turn = now + self._rate.fill
        self._young[key] = now + debt
        return verdict
