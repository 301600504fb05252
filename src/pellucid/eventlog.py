"""The server's own log: an observer that turns what the server notes into lines; it does not know where they go."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted

from pellucid.setting import setting

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
FLOOD = 50
"""How many notes a second are written; the rest are counted, so that a peer cannot drown what matters."""


@dataclass(frozen=True, slots=True)
class EventLogSettings:
    """What the server tells of itself."""

    log_level: str = setting(
        "info", "The least level of what is told on standard error: debug, info, warning or error.", unit="level"
    )
    log_format: str = setting(
        "text", "How that is told: text, or json with one object a line, for collectors.", unit="format"
    )


class EventLog:
    """Notes become lines: time, level, text, and the name of the worker, if it has one. At most `flood` of them in a
    second, errors included.
    """

    __slots__ = ("_clock", "_flood", "_heard", "_json", "_second", "_spelled", "_unheard", "_worker", "_write")

    def __init__(
        self,
        write: Callable[[str], None],
        log_level: str = "info",
        log_format: str = "text",
        *,
        worker: str = "",
        clock: Callable[[], float] = time.time,
        flood: int = FLOOD,
    ) -> None:
        if log_level not in LEVELS:
            raise ValueError(f"unknown log level {log_level!r}: it is {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
        if log_format not in FORMATS:
            raise ValueError(f"unknown log format {log_format!r}: it is {' or '.join(FORMATS)}")
        self._write = write
        self._json = log_format == "json"
        self._worker = worker
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
            self._tell(second, level, text)
        else:
            self._unheard += 1

    def tell_unheard(self) -> None:
        """Say how many notes were left out; it is said by itself when the next note comes."""
        if self._unheard:
            self._tell(self._second, "warning", f"notes left out in this second: {self._unheard}")
            self._unheard = 0

    def _tell(self, second: int, level: str, text: str) -> None:
        if self._json:
            worker = f',"worker":{quoted(self._worker)}' if self._worker else ""
            line = f'{{"time":"{_stamp(second)}","level":{quoted(level)}{worker},"message":{quoted(text)}}}'
            # JSON lets DEL stand as it is; a terminal should not get it.
            self._write(line.replace("\x7f", "\\u007f"))
        else:
            worker = f" worker {self._worker}" if self._worker else ""
            self._write(f"{_stamp(second)} {level}{worker}: {spell(text)}")


def spell(text: str) -> str:
    """The text with control characters escaped. Its own lines stay apart, set in, so that none can pass for a note."""
    return "\n    ".join(_printable(line) for line in text.strip("\n").split("\n"))


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
