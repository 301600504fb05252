"""A file that is read anew when it changes; what it says is somebody else's to know."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from pellucid.features.feature import Ground
from pellucid.tracebacks import reason_of

What = TypeVar("What")

PATIENCE = 1.0
"""How long a file is believed to be as it was, in seconds."""

LARGEST = 16 << 20
"""How long such a file may be, in bytes."""


class Followed(Generic[What]):
    """What a file says, as `read` makes it of its text; ValueError where it cannot be had at the beginning.

    Of a file that is wrong, or gone, later on, that is noted once, and what it said before stays in force. Who has none
    at the beginning is told `how` it is made.
    """

    __slots__ = ("_file", "_ground", "_looked", "_name", "_read", "_seen", "_what")

    def __init__(self, name: str, read: Callable[[str], What], ground: Ground, how: str = "") -> None:
        self._name = name
        self._file = os.path.join(ground.here, name)
        self._read = read
        self._ground = ground
        self._looked = ground.reactor.now
        self._seen = self._state()
        if how and not os.path.exists(self._file):
            raise ValueError(f"{name}: there is no such file: {how}")
        self._what = self._fetch()

    @property
    def what(self) -> What:
        """What it says now, or said a moment ago."""
        now = self._ground.reactor.now
        if now - self._looked >= PATIENCE:
            self._looked = now
            self._look()
        return self._what

    def _look(self) -> None:
        seen = self._state()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._what = self._fetch()
        except ValueError as error:
            self._ground.note("error", f"{error}; what stood there before stays in force")

    def _state(self) -> tuple[int, ...]:
        try:
            stat = os.stat(self._file)
        except OSError:
            return ()
        return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    def _fetch(self) -> What:
        try:
            with open(self._file, "rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ValueError(f"{self._name}: this file is longer than {LARGEST >> 20} MiB")
            return self._read(data.decode("utf-8"))
        except OSError as error:
            raise ValueError(f"{self._name}: this file cannot be read: {reason_of(error)}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self._name}: this file is no text in UTF-8") from None
