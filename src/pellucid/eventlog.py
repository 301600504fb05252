"""The server's own log: an observer that turns what the server notes into lines; it does not know where they go."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pellucid.setting import setting

LEVELS = ("debug", "info", "warning", "error")
FLOOD = 50
"""How many notes a second are written; the rest are counted, so that a peer cannot drown what matters."""


@dataclass(frozen=True, slots=True)
class EventLogSettings:
    """What the server tells of itself."""

    log_level: str = setting(
        "info", "The least level of what is told on standard error: debug, info, warning or error.", unit="level"
    )


class EventLog:
    """Notes become lines: time, level, text. At most `flood` of them in a second, errors included."""

    __slots__ = ("_clock", "_flood", "_heard", "_second", "_spelled", "_unheard", "_write")

    def __init__(
        self,
        write: Callable[[str], None],
        log_level: str = "info",
        *,
        clock: Callable[[], float] = time.time,
        flood: int = FLOOD,
    ) -> None:
        if log_level not in LEVELS:
            raise ValueError(f"unknown log level {log_level!r}: it is {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
        self._write = write
        self._heard = frozenset(LEVELS[LEVELS.index(log_level) :])
        self._clock = clock
        self._flood = flood
        self._second = -1
        self._spelled = 0
        self._unheard = 0

    def noted(self, level: str, text: str) -> None:
        """Write a note, unless its level is too low or there were too many in this second. Levels are logging's."""
        if level not in self._heard and level in LEVELS:
            return
        second = int(self._clock())
        if second != self._second:
            self.tell_unheard()
            self._second, self._spelled = second, 0
        if self._spelled < self._flood:
            self._spelled += 1
            self._write(f"{_stamp(second)} {level}: {spell(text)}")
        else:
            self._unheard += 1

    def tell_unheard(self) -> None:
        """Say how many notes were left out; it is said by itself when the next note comes."""
        if self._unheard:
            self._write(f"{_stamp(self._second)} warning: notes left out in this second: {self._unheard}")
            self._unheard = 0


def spell(text: str) -> str:
    """The text with control characters escaped. Its own lines stay apart, set in, so that none can pass for a note."""
    return "\n    ".join(_printable(line) for line in text.strip("\n").split("\n"))


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
