"""What a person reads of an exception: a line, or its traceback from the app's own code on. It knows no app."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Iterable

from pellucid.errors import WrongAnswer

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
IMPORTING = ("<frozen ", os.path.dirname(os.path.abspath(importlib.__file__)) + os.sep)
INSTALLED = frozenset(("site-packages", "dist-packages"))


def in_one_line(error: BaseException) -> str:
    """The type of an exception and the first line of what it says."""
    try:
        words = (str(error).strip().splitlines() or [""])[0]
    except Exception as fault:  # what it says is an app's code too, which may fail or be of any kind
        words = f"its words cannot be had ({type(fault).__name__})"
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def reason_of(error: OSError) -> str:
    """Why the system has refused something, in lower case, as the end of a sentence."""
    return (error.strerror or str(error)).lower()


def traceback_of(error: BaseException, folder: str = "") -> str:
    """The tracebacks of an exception and of those that led to it, each without the frames of importing and of whoever
    called the app. With a folder, each begins at the first frame of that folder's own code, if there is one.

    Of a WrongAnswer no frame of this package is shown: it says itself what the app did wrong. No line break at the end.
    """
    whole = traceback.TracebackException.from_exception(error)
    ahead: list[tuple[traceback.TracebackException | None, BaseException | None]] = [(whole, error)]
    while ahead:
        told, source = ahead.pop()
        if told is not None and source is not None:
            wrong = isinstance(source, WrongAnswer)
            told.stack = traceback.StackSummary.from_list(_own(told.stack, folder, wrong))
            group = zip(told.exceptions or (), getattr(source, "exceptions", ()), strict=False)
            ahead += [(told.__cause__, source.__cause__), (told.__context__, source.__context__), *group]
    return "".join(whole.format() if whole.stack else whole.format_exception_only()).rstrip("\n")


def is_importing(file: str) -> bool:
    """Whether a frame of this file only stands there because something is imported."""
    return file.startswith(IMPORTING)


def is_ours(file: str) -> bool:
    """Whether a file belongs to this package."""
    return os.path.abspath(file).startswith(PACKAGE)


def _own(stack: Iterable[traceback.FrameSummary], folder: str, wrong: bool) -> list[traceback.FrameSummary]:
    frames = [frame for frame in stack if not (is_importing(frame.filename) or (wrong and is_ours(frame.filename)))]
    own = [place for place, frame in enumerate(frames) if folder and _is_of(folder, frame.filename)]
    apps = [place for place, frame in enumerate(frames) if not is_ours(frame.filename)]
    return frames[(own or apps or [0])[0] :]


def _is_of(folder: str, file: str) -> bool:
    path = os.path.abspath(file)
    return path.startswith(folder.rstrip(os.sep) + os.sep) and INSTALLED.isdisjoint(path.split(os.sep))
