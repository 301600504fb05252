"""What goes wrong in an app, told to the person who runs the server: wsgi.errors, and exceptions without our frames."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import get_ident

from pellucid.server.exchange import Exchange

OURS = str(Path(__file__).parents[2])

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


def told(exchange: Exchange, error: BaseException) -> str:
    """What a person needs to find the mistake: the request, and the traceback from the app's own code on."""
    request = exchange.request
    path = request.path.decode("latin-1")
    return f"the app failed: {request.method} {path} ({exchange.request_id})\n{traceback_of(error)}"


def traceback_of(error: BaseException) -> str:
    """A traceback without the frames of this package, and those of what led to it likewise."""
    whole = traceback.TracebackException.from_exception(error)
    each: traceback.TracebackException | None
    ahead, seen = [whole], set()
    while ahead:
        each = ahead.pop()
        if id(each) not in seen:
            seen.add(id(each))
            kept = [frame for frame in each.stack if not frame.filename.startswith(OURS)]
            each.stack = traceback.StackSummary.from_list(kept)
            ahead += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
    return "".join(whole.format()) if whole.stack else "".join(whole.format_exception_only())
