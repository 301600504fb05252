"""What others need is away, or it is not: the log is told once when that begins, and once when it ends."""

from __future__ import annotations

from collections.abc import Callable


class Outage:
    """Whether something is away. `note` is the log's; all of it happens in one thread."""

    __slots__ = ("_note", "on")

    def __init__(self, note: Callable[[str, str], None]) -> None:
        self._note = note
        self.on = False

    def begins(self, text: str) -> None:
        """It was found away, which is told if it was there before."""
        if not self.on:
            self.on = True
            self._note("error", text)

    def ends(self, text: str) -> None:
        """It was found there, which is told if it was away before."""
        if self.on:
            self.on = False
            self._note("info", text)
