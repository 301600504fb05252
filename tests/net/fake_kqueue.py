"""A select module whose kqueue stands on poll, so that the poller for it is tried on every system."""

from __future__ import annotations

import select
from typing import NamedTuple

KQ_FILTER_READ = -1
KQ_FILTER_WRITE = -2
KQ_EV_ADD = 1
KQ_EV_DELETE = 2
BITS = {KQ_FILTER_READ: select.POLLIN, KQ_FILTER_WRITE: select.POLLOUT}


class kevent(NamedTuple):  # noqa: N801 - the name that it has in the select module
    ident: int
    filter: int
    flags: int = KQ_EV_ADD


class kqueue:  # noqa: N801 - likewise
    def __init__(self) -> None:
        self.filters: set[tuple[int, int]] = set()
        self.closed = False

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    def control(self, changes: list[kevent] | None, most: int, timeout: float | None = None) -> list[kevent]:
        for change in changes or ():
            if change.flags == KQ_EV_ADD:
                self.filters.add((change.ident, change.filter))
            else:
                self.filters.remove((change.ident, change.filter))  # as the kernel says ENOENT
        if not most:
            return []
        polled = select.poll()
        for fd, _ in self.filters:
            polled.register(fd, select.POLLIN | select.POLLOUT)
        ready = dict(polled.poll(0 if timeout == 0 else 50))
        return [kevent(fd, kind) for fd, kind in sorted(self.filters) if ready.get(fd, 0) & BITS[kind]]
