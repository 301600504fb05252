"""What an app may have besides its calls: a beginning before its first request, and an end after its last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Life(Protocol):
    """Both call back once, in the loop's thread, at once or later."""

    def begin(self, begun: Callable[[str], None]) -> None:
        """Make ready to serve; `begun` gets why that cannot be, or nothing where all is well."""

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Let go of everything: no request runs any more, or none is waited for any longer. After `within` seconds
        nobody waits for the end.
        """


class Closing:
    """The life of what has only to be closed."""

    __slots__ = ("close",)

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close

    def begin(self, begun: Callable[[str], None]) -> None:
        """There is nothing to make ready."""
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Close it."""
        self.close()
        ended()
