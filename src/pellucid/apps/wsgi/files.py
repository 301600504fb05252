"""wsgi.file_wrapper: a file that an app returns goes out by sendfile where it is a real one, else by blocks."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

from pellucid.message import END, End
from pellucid.piece import FileSlice, OpenFile, Piece

BinaryFile = io.FileIO | io.BufferedReader | io.BufferedRandom


class FileWrapper:
    """What an app calls with its file, and returns. Iterated over, by a middleware, it gives blocks."""

    def __init__(self, filelike: Any, block_size: int = 65536) -> None:
        self.filelike = filelike
        self.block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        while block := self.filelike.read(self.block_size):
            yield block

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


class FileBody:
    """A file from where it stood to its end, as a source. `closed` is called at the end of the answer, once.

    It has a descriptor of its own, so the app's file may be closed meanwhile.
    """

    __slots__ = ("_closed", "_file", "_left", "_offset", "length")

    def __init__(self, file: OpenFile, offset: int, length: int, closed: Callable[[], None]) -> None:
        self._file = file
        self._offset = offset
        self._left = length
        self._closed = closed
        self.length: int | None = length

    def pull(self, limit: int) -> Piece | End | None:
        """The next part of the file."""
        size = min(limit, self._left)
        if not size:
            return END
        piece = FileSlice(self._file, self._offset, size)
        self._offset += size
        self._left -= size
        return piece

    def close(self) -> None:
        """Let go of the file."""
        self._file.release()
        self._closed()


def body_of(wrapper: FileWrapper, declared: int | None, closed: Callable[[], None]) -> FileBody | None:
    """What a wrapped file has left, but no more than the app has `declared`; None if the kernel cannot send it.

    Only Python's own binary files are taken: others, such as gzip's, name the descriptor of what they read from.
    """
    file = real_file(wrapper.filelike)
    if file is None:
        return None
    try:
        fd, offset = file.fileno(), file.tell()
        status = os.fstat(fd)
    except (OSError, ValueError):  # closed, or not to be told
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    length = max(0, status.st_size - offset)
    if declared is not None:
        length = min(length, declared)
    return FileBody(OpenFile(os.dup(fd)), offset, length, closed)


def real_file(filelike: Any) -> BinaryFile | None:
    """The file itself, if it is one; frameworks and tempfile wrap it, once or twice, and keep it as `file`."""
    for _ in range(3):
        if isinstance(filelike, io.FileIO):
            return filelike
        if isinstance(filelike, io.BufferedReader | io.BufferedRandom):
            return filelike if isinstance(filelike.raw, io.FileIO) else None
        filelike = getattr(filelike, "file", None)
    return None
