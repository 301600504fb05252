"""Waiting for descriptors: epoll, kqueue, poll and select under the same five function names.

A mask is made of READ and WRITE; a poller may add other bits for an error or a hang-up, which count as both: the next
read or write then tells what it is. All of them are level-triggered: what was not taken is told again.
"""

from __future__ import annotations

import errno
import select
from typing import Any, Protocol

READ = 1  # the values of EPOLLIN and POLLIN,
WRITE = 4  # of EPOLLOUT and POLLOUT: on the usual path nothing is translated
BOTH = READ | WRITE

NAMEABLE = 1024
"""The first descriptor that select cannot name; with one such in its set it would serve none."""


class Poller(Protocol):
    """One set of descriptors."""

    def add(self, fd: int, interest: int) -> None:
        """Begin to watch a descriptor for READ, WRITE, both, or 0 for errors alone. Raises OSError."""

    def change(self, fd: int, interest: int) -> None:
        """Watch it for something else."""

    def remove(self, fd: int) -> None:
        """Watch it no longer; call this before the descriptor is closed."""

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait for at most this many seconds (None: for ever) and tell each ready descriptor with its mask."""

    def fileno(self) -> int:
        """A descriptor that is readable when one of the set is ready, -1 where there is none."""

    def close(self) -> None:
        """Let go of the set."""


class EpollPoller:
    """Linux: the kernel keeps the set, a wait costs by what is ready and not by what is watched."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.add = self._epoll.register
        self.change = self._epoll.modify
        self.remove = self._epoll.unregister
        self.fileno = self._epoll.fileno
        self.close = self._epoll.close

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        return self._epoll.poll(timeout, 512)


class PollPoller:
    """Any Unix: the set is handed over at each wait."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.add = self._poll.register
        self.change = self._poll.modify
        self.remove = self._poll.unregister

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        return self._poll.poll(None if timeout is None else max(0, timeout * 1000))

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


class SelectPoller:
    """Everywhere, up to the descriptors that select can name."""

    def __init__(self) -> None:
        self._interest: dict[int, int] = {}

    def add(self, fd: int, interest: int) -> None:
        if fd >= NAMEABLE:
            raise OSError(errno.EMFILE, "select cannot watch more descriptors")
        self._interest[fd] = interest

    def change(self, fd: int, interest: int) -> None:
        self._interest[fd] = interest

    def remove(self, fd: int) -> None:
        del self._interest[fd]

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        readers = [fd for fd, interest in self._interest.items() if interest & READ]
        writers = [fd for fd, interest in self._interest.items() if interest & WRITE]
        readable, writable, _ = select.select(readers, writers, [], timeout)
        masks = dict.fromkeys(readable, READ)
        for fd in writable:
            masks[fd] = masks.get(fd, 0) | WRITE
        return list(masks.items())

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self._interest.clear()


class KqueuePoller:
    """macOS and the BSDs: a filter for reading and one for writing, each switched on its own."""

    def __init__(self) -> None:
        self._select: Any = select  # kqueue's names are not there for a type checker on Linux
        self._kqueue = self._select.kqueue()
        self._interest: dict[int, int] = {}
        self.fileno = self._kqueue.fileno
        self.close = self._kqueue.close

    def add(self, fd: int, interest: int) -> None:
        self._interest[fd] = 0
        self.change(fd, interest)

    def change(self, fd: int, interest: int) -> None:
        before = self._interest[fd]
        self._interest[fd] = interest
        names = self._select
        filters = ((READ, names.KQ_FILTER_READ), (WRITE, names.KQ_FILTER_WRITE))
        switches = [
            names.kevent(fd, filter_, names.KQ_EV_ADD if interest & bit else names.KQ_EV_DELETE)
            for bit, filter_ in filters
            if (interest ^ before) & bit
        ]
        if switches:
            self._kqueue.control(switches, 0)

    def remove(self, fd: int) -> None:
        self.change(fd, 0)
        del self._interest[fd]

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        read = self._select.KQ_FILTER_READ
        return [
            (event.ident, READ if event.filter == read else WRITE) for event in self._kqueue.control(None, 512, timeout)
        ]


def best_poller() -> Poller:
    """The best one that this system has."""
    if hasattr(select, "epoll"):
        return EpollPoller()
    if hasattr(select, "kqueue"):
        return KqueuePoller()
    if hasattr(select, "poll"):
        return PollPoller()
    return SelectPoller()
