"""What is told of an app that failed: where in its own code, without the frames of those who called it."""

from __future__ import annotations

import traceback
from pathlib import Path

HERE = str(Path(__file__).parent)


class ClientDisconnected(OSError):
    """The client is no longer there, so nothing can be sent to it."""


def told(error: BaseException) -> str:
    """The exception and its traceback, from the app's first frame to its last, with those that led to it."""
    known = traceback.TracebackException.from_exception(error)
    _trim(known, 0)
    return "".join(known.format()).rstrip("\n")


def in_short(error: BaseException) -> str:
    """The exception in one line."""
    return "".join(traceback.format_exception_only(error)).strip().partition("\n")[0]


def by_disconnection(error: BaseException) -> bool:
    """Whether the exception is, or was caused by, that of a `send` to a client that had gone."""
    for _ in range(10):
        if isinstance(error, ClientDisconnected):
            return True
        cause = error.__cause__ or error.__context__
        if cause is None:
            return False
        error = cause
    return False


def _trim(known: traceback.TracebackException, depth: int) -> None:
    own = [frame for frame in known.stack if not frame.filename.startswith(HERE)]
    known.stack[:] = own or known.stack
    for other in (known.__cause__, known.__context__):
        if other is not None and depth < 10:
            _trim(other, depth + 1)
