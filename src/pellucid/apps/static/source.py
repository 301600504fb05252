"""The bodies of files too large to keep: pulled piece by piece, checked before each; they know no HTTP but lengths."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from pellucid.errors import FileChanged
from pellucid.message import END, End
from pellucid.piece import FileSlice, OpenFile, Piece

# How much of a span's end is read to memory and given only once the file was seen unchanged after the reading.
LAST = 65536

Part = bytes | tuple[int, int]


class FileSource:
    """Parts of a file, each a span from a first byte to the one after the last, and what stands between them.

    It takes over one hold of the file, and releases it in `close`. The file is looked at before each piece. What a
    kernel copies straight to a socket it copies after that look, so the end of each span is read first and looked at
    afterwards: an answer that was completed is of one state of the file. If the file has changed, `pull` raises
    FileChanged, and the connection is cut before the answer is complete.
    """

    __slots__ = ("_file", "_parts", "length")

    def __init__(self, file: OpenFile, parts: Sequence[Part]) -> None:
        self._file = file
        self._parts = [*reversed(parts)]
        self.length: int | None = sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in parts)

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece: a slice of the file, or bytes at the end of a span and between spans."""
        if not self._parts:
            return END
        part = self._parts.pop()
        if isinstance(part, bytes):
            piece, rest = part[:limit], part[limit:]
            if rest:
                self._parts.append(rest)
            return piece
        start, end = part
        self._check()
        middle = end - start - LAST
        size = min(limit, middle if middle > 0 else end - start)
        if start + size < end:
            self._parts.append((start + size, end))
        if middle > 0:
            return FileSlice(self._file, start, size)
        data = os.pread(self._file.fd, size, start)
        self._check()
        if len(data) < size:
            raise FileChanged(errno.ESTALE, "the file became shorter while it was sent")
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._parts.clear()
        self._file.release()

    def _check(self) -> None:
        if self._file.changed and not _only_removed(self._file):
            raise FileChanged(errno.ESTALE, "the file changed while it was sent")


class LengthOnly:
    """The length of a body of which nothing is sent, for HEAD and 304."""

    __slots__ = ("length",)

    def __init__(self, length: int) -> None:
        self.length: int | None = length

    def pull(self, limit: int) -> Piece | End | None:
        """Nothing."""
        return END

    def close(self) -> None:
        """Nothing to let go of."""


def _only_removed(file: OpenFile) -> bool:
    """Whether the file only lost its last name, or another file took it: what is open is what it was.

    This is how files are replaced with care, and downloads that run then need not be cut.
    """
    status = os.fstat(file.fd)
    now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return status.st_nlink == 0 and now == file.identity[:4]
