"""wsgi.errors: what an app has to say to the person who runs the server, by whole lines. It knows no request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import get_ident

LONGEST = 8192
"""How much of a line without an end is held, in characters."""


class ErrorStream:
    """wsgi.errors: text, told line by line; several lines that are written at once stay together. All threads write.

    What a thread has written of a line is held until its end comes, or `flush`.
    """

    __slots__ = ("_tell", "begun")

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.begun: dict[int, str] = {}

    def write(self, text: str) -> int:
        """Take some text."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__} (PEP 3333)")
        thread = get_ident()
        lines, end, rest = (self.begun.pop(thread, "") + text).rpartition("\n")
        if end:
            self._tell(lines)
        if len(rest) > LONGEST:
            self._tell(rest)
        elif rest:
            self.begun[thread] = rest
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Take one text after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Tell what this thread has begun."""
        rest = self.begun.pop(get_ident(), "")
        if rest:
            self._tell(rest)
