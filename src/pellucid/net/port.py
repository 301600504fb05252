"""A port: a listening socket, for TCP, for a unix path, or inherited. It accepts links and knows no HTTP."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

from pellucid.net.access import Access
from pellucid.net.link import PlainLink

BACKLOG = 2048
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
INTERNET = (socket.AF_INET, socket.AF_INET6)
DEFAULT_ACCESS = Access()


class Exhausted(Exception):
    """The system has no descriptor or memory for another link now."""


class Port:
    """A listening socket that the port owns. `address` is what a person would write to reach it."""

    def __init__(self, listening: socket.socket, path: str = "") -> None:
        listening.setblocking(False)
        self._socket = listening
        self._path = path
        self._path_identity = _identity(path) if path else None
        self._opener = os.getpid()
        self.address = f"unix:{path}" if path else spell_address(listening.getsockname())
        self._anywhere = self.address.startswith(("0.0.0.0:", "[::]:"))

    @classmethod
    def tcp(cls, host: str, port: int) -> Port:
        """Listen on an address; port 0 takes a free one. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # Accepted sockets inherit it: no system call for each of them.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.bind((host, port))
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        return cls(listening)

    @classmethod
    def unix(cls, path: str, access: Access = DEFAULT_ACCESS) -> Port:
        """Listen on a path. A socket there that nobody listens on any more is replaced. Raises OSError."""
        _remove_stale(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _bind(listening, path, access)
            try:
                if access.uid != -1 or access.gid != -1:
                    os.chown(path, access.uid, access.gid, follow_symlinks=False)
                listening.listen(BACKLOG)
            except OSError:
                os.unlink(path)
                raise
        except OSError:
            listening.close()
            raise
        return cls(listening, os.path.abspath(path))

    @classmethod
    def inherited(cls, fd: int) -> Port:
        """Take over a bound stream socket that the parent process opened. OSError or ValueError if it is none.

        What is refused stays open. A child does not inherit it any more.
        """
        listening = socket.socket(fileno=fd)
        try:
            _check_inherited(listening)
            if listening.family in INTERNET:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.listen(BACKLOG)
            listening.set_inheritable(False)
        except (OSError, ValueError):
            listening.detach()
            raise
        return cls(listening)

    @property
    def fd(self) -> int:
        """What the reactor watches."""
        return self._socket.fileno()

    def accept(self) -> PlainLink | None:
        """The next link, None if no peer waits. Raises Exhausted."""
        while True:
            try:
                connected, address = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return None
            except ConnectionError:
                continue  # that one left before its turn
            except OSError as error:
                if error.errno in EXHAUSTED:
                    raise Exhausted(error.strerror) from error
                return None  # Linux hands pending network errors of the new socket to accept; treat it as not there
            if not isinstance(address, tuple):
                return PlainLink(connected, "", self.address)
            local = spell_address(connected.getsockname()) if self._anywhere else self.address
            return PlainLink(connected, address[0], local, address[1])

    def close(self) -> None:
        """Listen no longer. A unix path is removed by the process that opened it, if it is still this port's: a worker
        that ends must not take it from the others.
        """
        # Before the socket is closed: as long as it is open, nothing else can come by its inode.
        if self._path and self._opener == os.getpid() and self._socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                if _identity(self._path) == self._path_identity:
                    os.unlink(self._path)
        self._socket.close()


def spell_address(address: object) -> str:
    """A socket's address as host:port, with brackets around IPv6."""
    if not isinstance(address, tuple):
        return f"unix:{os.fsdecode(address)}" if isinstance(address, str | bytes) and address else "unix:"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _identity(path: str) -> tuple[int, int]:
    told = os.lstat(path)
    return told.st_dev, told.st_ino


def _bind(listening: socket.socket, path: str, access: Access) -> None:
    # By the umask, not by a chmod afterwards: the socket never has wider permissions than in the end, and no other file
    # that somebody moves to its place gets them. Until it listens, nobody can connect anyway.
    if access.mode is None:
        listening.bind(path)
        return
    before = os.umask(0o777 & ~access.mode)
    try:
        listening.bind(path)
    finally:
        os.umask(before)


def _check_inherited(candidate: socket.socket) -> None:
    fd = candidate.fileno()
    if candidate.type != socket.SOCK_STREAM:
        raise ValueError(f"descriptor {fd} is not a stream socket")
    if not candidate.get_inheritable():
        # What this process opened itself is never left to its children, and neither is what it has taken over.
        raise ValueError(f"descriptor {fd} was not inherited, or is listened on already: name each one once")
    name = candidate.getsockname()
    # The system would choose a port by itself, and nobody would know which.
    if not name or (candidate.family in INTERNET and name[1] == 0):
        raise ValueError(f"descriptor {fd} is a socket without an address: bind it before it is handed over")


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return  # bind will say that the path is taken
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # one that listens and accepts nobody would be waited for without end
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass  # somebody listens, or it is not ours to judge: bind will say
