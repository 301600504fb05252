"""The files that an ASGI app names instead of sending their bytes, by path or by descriptor, as slices for sendfile."""

from __future__ import annotations

import os
import stat
from typing import Any

from pellucid.apps.asgi.types import Message
from pellucid.errors import WrongAnswer
from pellucid.piece import FileSlice, OpenFile


def slice_of_path(message: Message) -> FileSlice:
    """The whole file of an `http.response.pathsend`. Raises OSError as `open` does, WrongAnswer for what is no file."""
    path = message.get("path")
    if not isinstance(path, str | os.PathLike) or not os.path.isabs(path):
        raise WrongAnswer(f"http.response.pathsend needs an absolute path, not {path!r}")
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not be waited for
    return _slice(fd, f"{os.fspath(path)!r}", 0, None)


def slice_of_file(message: Message) -> FileSlice:
    """The part of a file that an `http.response.zerocopysend` tells. The app may close its file as soon as it likes.

    Without an offset it begins where the file stands, which then stands behind it.
    """
    file, offset, count = message.get("file"), message.get("offset"), message.get("count")
    for name, number in (("offset", offset), ("count", count)):
        if number is not None and (type(number) is not int or number < 0):
            raise WrongAnswer(f"the {name} of http.response.zerocopysend is no number of bytes: {number!r}")
    fd = _descriptor(file)
    begin = offset if offset is not None else _position(file, fd)
    piece = _slice(os.dup(fd), "the file of http.response.zerocopysend", begin, count)
    if offset is None:
        _set_position(file, fd, begin + len(piece))
    return piece


def _slice(fd: int, name: str, offset: int, count: int | None) -> FileSlice:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise WrongAnswer(f"{name} is no regular file")
    file = OpenFile(fd)
    try:
        left = max(0, found.st_size - offset)
        return FileSlice(file, offset, left if count is None else min(count, left))
    finally:
        file.release()  # the slice holds it now


def _descriptor(file: Any) -> int:
    if type(file) is int:
        return file
    try:
        return int(file.fileno())
    except (AttributeError, OSError, ValueError, TypeError):
        raise WrongAnswer(f"http.response.zerocopysend needs an open file with a descriptor, not {file!r}") from None


def _position(file: Any, fd: int) -> int:
    # A file object reads ahead, so that its descriptor may stand elsewhere.
    return int(file.tell()) if hasattr(file, "tell") else os.lseek(fd, 0, os.SEEK_CUR)


def _set_position(file: Any, fd: int, position: int) -> None:
    if hasattr(file, "seek"):
        file.seek(position)
    else:
        os.lseek(fd, position, os.SEEK_SET)
