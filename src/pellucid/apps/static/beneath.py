"""Names to files beneath a root and nowhere else; it knows the file system and nothing of HTTP.

A path is not given to the system whole to find a file. It is walked name by name: each folder is opened in the one
before it, by its descriptor and without following links, so that nobody can swap a part of the path for a link between
a look and its use. A symbolic link is read and walked by the same rules: it may lead up and down, and may be absolute,
but what it leads to must be reached without leaving the root. What is neither a file nor a folder (a device, a socket,
a FIFO that would wait for a writer) is as good as absent.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from pellucid.errors import FileChanged
from pellucid.piece import OpenFile, identify

# As many as Linux allows itself for one path.
MOST_LINKS = 40

# O_PATH opens a folder that may be passed but not read; elsewhere it must be readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without waiting, should a FIFO have taken the place of a file.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

# No descriptors are left: of no file can then be said that it is not there.
EXHAUSTED = (errno.EMFILE, errno.ENFILE)

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk ended at: the folders that lead to it, the root first, and for a file its name in the last one."""

    place: Place
    name: bytes
    stat: os.stat_result

    @property
    def folder(self) -> bool:
        """Whether it is a folder; if not, it is a regular file."""
        return not self.name


class Root:
    """The folder beneath which all is, held open."""

    __slots__ = ("_homes", "fd", "path")

    def __init__(self, path: bytes) -> None:
        # Not made shorter: what `..` after a link means is for the system to say.
        self.path = path if os.path.isabs(path) else os.path.join(os.getcwdb(), path)
        self.fd = os.open(self.path, _PASS & ~os.O_NOFOLLOW)
        # The two names by which an absolute link may call it.
        self._homes = {_parts(os.path.abspath(self.path)), _parts(os.path.realpath(self.path))}

    def walk(self) -> Walk:
        """A walk through it, which must be closed."""
        return Walk(self.fd, self._homes)

    def replaced(self) -> bool:
        """Whether its path now leads to another folder, as after a deployment that switched a link."""
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        here = os.fstat(self.fd)
        return stat.S_ISDIR(there.st_mode) and (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    @property
    def deleted(self) -> bool:
        """Whether the folder is no longer anywhere; what is held open is then empty for ever."""
        return os.fstat(self.fd).st_nlink == 0

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


class Walk:
    """One or more looks from the root; it holds the folders that it passed until it is closed (`with root.walk()`)."""

    __slots__ = ("_homes", "_opened", "_root")

    def __init__(self, root: int, homes: set[tuple[bytes, ...]]) -> None:
        self._root = root
        self._homes = homes
        self._opened: list[int] = []

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for fd in self._opened:
            os.close(fd)

    def branch(self) -> Walk:
        """Another walk, which may start at a place of this one and ends before it."""
        return Walk(self._root, self._homes)

    def look(self, names: Sequence[bytes], start: Place = ()) -> Found:
        """What these names lead to, from the root or from a place of this walk.

        OSError: ENOENT also for what is outside or neither file nor folder, ENOTDIR for a file with names after it,
        ELOOP for too many links, and whatever the system says of a name.
        """
        place = start or (self._root,)
        todo = [*reversed(names)]
        links = MOST_LINKS
        while todo:
            name = todo.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                place = self._above(place)
                continue
            status = os.stat(name, dir_fd=place[-1], follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                place = (*place, self._open_folder(name, place[-1]))
            elif stat.S_ISLNK(status.st_mode):
                links -= 1
                target = os.readlink(name, dir_fd=place[-1])
                if links < 0:
                    raise OSError(errno.ELOOP, "too many links")
                if target.startswith(b"/"):
                    place, target = (self._root,), self._beneath(target)
                todo.extend(reversed(target.split(b"/")))
            elif todo:
                raise OSError(errno.ENOTDIR, "a file has no names beneath it")
            elif stat.S_ISREG(status.st_mode):
                return Found(place, name, status)
            else:
                raise _missing()
        return Found(place, b"", os.fstat(place[-1]))

    def _open_folder(self, name: bytes, fd: int) -> int:
        opened = os.open(name, _PASS, dir_fd=fd)
        self._opened.append(opened)
        return opened

    def _above(self, place: Place) -> Place:
        if len(place) == 1:
            raise _missing()
        return place[:-1]

    def _beneath(self, target: bytes) -> bytes:
        """An absolute target as seen from the root."""
        parts = _parts(target)
        for home in self._homes:
            if parts[: len(home)] == home:
                return b"/".join(parts[len(home) :])
        raise _missing()


def open_file(path: bytes, fd: int, identity: tuple[int, ...]) -> OpenFile:
    """The file of this identity, which a walk has found at this path, open for reading; FileChanged if it is another.

    The path is opened whole, links and all: the identity is the proof that it is the file that was found beneath the
    root, whatever the path leads to by now.
    """
    opened = os.open(path, _READ, dir_fd=fd)
    if identify(os.fstat(opened)) != identity:
        os.close(opened)
        raise FileChanged(errno.ESTALE, "not the file that was found")
    return OpenFile(opened, identity)


def readable(found: Found) -> bool:
    """Whether the file that was found may be read. What its permissions say cannot change without its identity."""
    return os.access(found.name, os.R_OK, dir_fd=found.place[-1])


def open_folder(found: Found) -> int:
    """A descriptor by which the folder can be read; whoever asked closes it."""
    return os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=found.place[-1])


def _parts(path: bytes) -> tuple[bytes, ...]:
    return tuple(part for part in path.split(b"/") if part)


def _missing() -> OSError:
    return FileNotFoundError(errno.ENOENT, "not beneath the root")
