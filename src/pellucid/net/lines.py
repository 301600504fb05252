"""Lines to a descriptor without waiting for it and without a thread, for a process that forks; it knows no HTTP.

`writer` does the same by a thread, which a fork would leave behind: any thread may call it, lines of many requests go
out together, and what is lost is counted. Here all happens in the loop's thread: each line is written as it comes, what
the descriptor does not take is tried again by a timer, and what does not fit is lost without a word.
"""

from __future__ import annotations

import os
import select

from pellucid.net.reactor import Reactor

CAPACITY = 1 << 20
AT_ONCE = 4096
"""So many bytes are written at a time: a pipe that is ready takes them whole (PIPE_BUF), so no lines are mixed."""

RETRY = 0.05


class Lines:
    """A bounded queue, written as far as the descriptor takes it and then when a timer says so; what does not fit is
    lost.
    """

    __slots__ = ("_fd", "_gone", "_reactor", "_retrying", "_waiting")

    def __init__(self, fd: int, reactor: Reactor) -> None:
        self._fd = fd
        self._reactor = reactor
        self._waiting = b""
        self._retrying = False
        self._gone = False

    def write(self, line: str) -> None:
        """Take a line, which has no end of line yet."""
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        if len(self._waiting) + len(data) <= CAPACITY:
            self._waiting += data
        if not self._retrying:
            self._send(0.0)

    def flush(self, timeout: float) -> None:
        """Write what waits, and wait for at most so many seconds for each part."""
        self._send(timeout)

    def _send(self, timeout: float) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while self._waiting and not self._gone:
            if not poll.poll(timeout * 1000):
                self._retry()
                return
            try:
                self._waiting = self._waiting[os.write(self._fd, self._waiting[:AT_ONCE]) :]
            except BlockingIOError:
                self._retry()
                return
            except OSError:
                self._gone = True  # nobody reads any more
                self._waiting = b""

    def _retry(self) -> None:
        if not self._retrying:
            self._retrying = True
            self._reactor.at(self._reactor.clock() + RETRY, self._on_time)

    def _on_time(self) -> None:
        self._retrying = False
        self._send(0.0)
