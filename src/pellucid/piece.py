"""What a body is made of on its way out: bytes, or a part of an open file; sources of them are pulled."""

from __future__ import annotations

import os
from typing import Protocol

from pellucid.message import END, End


class OpenFile:
    """An open file that several slices share; the descriptor is closed when the last holder lets go.

    The maker holds it first. `changed` tells whether the file is still the one that was looked at.
    """

    __slots__ = ("_holders", "fd", "identity")

    def __init__(self, fd: int, identity: tuple[int, ...] | None = None) -> None:
        self.fd = fd
        self.identity = identity if identity is not None else identify(os.fstat(fd))
        self._holders = 1

    def hold(self) -> None:
        """One holder more. Raises ValueError once the file is closed: its number may be another file's by now."""
        if self._holders == 0:
            raise ValueError("a file that was released")
        self._holders += 1

    def release(self) -> None:
        """One holder less; the last one closes."""
        self._holders -= 1
        if self._holders == 0:
            os.close(self.fd)

    @property
    def changed(self) -> bool:
        """Whether the content may differ from what stood there when this was opened."""
        return identify(os.fstat(self.fd)) != self.identity


def identify(stat: os.stat_result) -> tuple[int, ...]:
    """What must stay equal while a file's content stays: device, inode, size, and both change times in ns."""
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class FileSlice:
    """A part of an open file: engines count its length, links send it and release it.

    It holds the file from its making until `release`, which whoever has it last calls exactly once.
    """

    __slots__ = ("file", "length", "offset")

    def __init__(self, file: OpenFile, offset: int, length: int) -> None:
        file.hold()
        self.file = file
        self.offset = offset
        self.length = length

    def __len__(self) -> int:
        return self.length

    def read(self, limit: int) -> bytes:
        """The next bytes, at most `limit`, and step over them; b"" where the file has become shorter than it was."""
        data = os.pread(self.file.fd, min(limit, self.length), self.offset)
        self.advance(len(data))
        return data

    def advance(self, count: int) -> None:
        """Step over bytes that were sent."""
        self.offset += count
        self.length -= count

    def release(self) -> None:
        """Let go of the file."""
        self.file.release()


Piece = bytes | FileSlice


class Source(Protocol):
    """A body that is pulled, so that a peer that does not read costs one piece and no more.

    A source may have an attribute `more`: whether another pull right behind the last one may bring something. One that
    does not have it is asked.
    """

    length: int | None
    """How many bytes it will give in all, None where it cannot know."""

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece, of 1 to `limit` bytes; End after the last; None if there is none yet (then wake later)."""

    def close(self) -> None:
        """Called once, when no more will be pulled, whether or not the end was reached."""


Body = bytes | Source
"""A body: whole, or to be pulled."""


class Portions:
    """A whole body as a source, for a peer that has no room for all of it."""

    __slots__ = ("_body", "length")

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self.length: int | None = len(body)

    def pull(self, limit: int) -> Piece | End:
        """The next portion."""
        portion, self._body = bytes(self._body[:limit]), self._body[limit:]
        return portion or END

    def close(self) -> None:
        """There is nothing to let go of."""


def discard(pieces: list[Piece] | list[Piece | memoryview]) -> None:
    """Drop pieces that will never be sent, and let go of their files."""
    for piece in pieces:
        if isinstance(piece, FileSlice):
            piece.release()
    pieces.clear()


def close(body: Body) -> None:
    """Let go of a body that will not be pulled any more."""
    if not isinstance(body, bytes):
        body.close()
