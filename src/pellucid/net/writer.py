"""Lines to a descriptor without waiting for it: a bounded queue and one thread that writes; it knows no HTTP.

`lines` does the same without a thread, for a process that forks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from select import PIPE_BUF
from stat import S_ISFIFO, S_ISSOCK

CAPACITY = 4 << 20
PAUSE = 0.05
RETRY = 0.01


def count_lost(count: int) -> str:
    """The line that stands where lines are missing."""
    return f"({count} {'line' if count == 1 else 'lines'} lost here: the log could not be written in time)"


class LineWriter:
    """Lines are taken at once and written soon, by a thread of their own that may be stuck without harm.

    A log that is read too slowly must not slow the server and must not fill its memory: beyond `capacity` characters
    that wait, lines are dropped, counted, and the count is written as a line (`lost` spells it) where they are missing.
    The thread begins with the first line. It writes the first line after a quiet time at once and then pauses for
    `pause` seconds, so that under load one wake-up serves many lines. Any thread may call the methods. Where other
    processes write to the same pipe, and are `shared` too, no line is broken up by theirs, however long it is.
    """

    __slots__ = (
        "_capacity",
        "_closing",
        "_fd",
        "_filled",
        "_gone",
        "_hurry",
        "_lines",
        "_lock",
        "_lost",
        "_moved",
        "_pause",
        "_shared",
        "_spell",
        "_thread",
        "_waiting",
    )

    def __init__(
        self,
        fd: int,
        *,
        capacity: int = CAPACITY,
        pause: float = PAUSE,
        lost: Callable[[int], str] = count_lost,
        shared: bool = False,
    ) -> None:
        self._fd = fd
        self._shared = shared and _is_pipe(fd)
        self._capacity = capacity
        self._pause = pause
        self._spell = lost
        self._lines: list[str] = []
        self._waiting = 0  # characters that are taken and not yet written, those in the thread's hands included
        self._lost = 0
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._filled = threading.Event()
        self._hurry = threading.Event()
        self._closing = False
        self._gone = False
        self._thread: threading.Thread | None = None

    def write(self, line: str) -> None:
        """Take a line, which has no end of line yet. Never waits for the descriptor."""
        with self._lock:
            if self._closing or self._gone:
                return
            waiting = self._waiting + len(line) + 1
            if waiting <= self._capacity:
                self._waiting = waiting
                self._lines.append(line)
            else:
                self._lost += 1
            if not self._filled.is_set():
                self._wake()

    def flush(self, timeout: float) -> bool:
        """Whether nothing is left to write, after at most this many seconds."""
        self._hurry.set()
        with self._moved:
            done = self._moved.wait_for(lambda: self._gone or not (self._waiting or self._lost), timeout)
            if not self._closing:
                self._hurry.clear()
        return done

    def close(self, timeout: float) -> bool:
        """Take no more lines, then flush. The descriptor stays open; a thread that is stuck on it is left to itself."""
        with self._lock:
            self._closing = True
        done = self.flush(timeout)
        self._gone = True
        self._filled.set()
        return done

    def _wake(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="pellucid-lines", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return  # the system has no thread to give at the moment: the next line asks again
            self._thread = thread
        self._filled.set()

    def _run(self) -> None:
        # Signals are for the main thread, which may be asleep in its poller and is woken by them only if they reach it.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._gone:
            self._filled.wait()
            lines, lost = self._take()
            told = [self._spell(lost)] if lost else []
            data = "\n".join([*lines, *told, ""]).encode("utf-8", "backslashreplace")
            if self._shared and data:  # at the end there is none, and the descriptor may be another one by then
                with _alone(self._fd):
                    sent = self._send(data)
            else:
                sent = self._send(data)
            with self._moved:
                self._lost += -lost if sent else len(lines)
                self._waiting -= sum(map(len, lines)) + len(lines)
                if self._lost:
                    self._filled.set()
                self._moved.notify_all()
            self._hurry.wait(self._pause)

    def _take(self) -> tuple[list[str], int]:
        with self._lock:
            lines, self._lines = self._lines, []
            self._filled.clear()
            return lines, self._lost

    def _send(self, data: bytes) -> bool:
        at = 0
        while at < len(data) and not self._gone:
            try:
                at += os.write(self._fd, data[at : _whole_lines(data, at)])
            except BlockingIOError:
                # Whoever shares the descriptor may have made it non-blocking, as some shells and editors do.
                time.sleep(RETRY)
            except OSError as error:
                # A reader that went away stays away; a full disk may be emptied, and then later lines arrive.
                self._gone = error.errno in (errno.EPIPE, errno.EBADF)
                time.sleep(RETRY)
                return False
        return at >= len(data)


def _is_pipe(fd: int) -> bool:
    with suppress(OSError):
        mode = os.fstat(fd).st_mode
        return S_ISFIFO(mode) or S_ISSOCK(mode)
    return False


@contextmanager
def _alone(fd: int) -> Iterator[None]:
    # As the only process. Beyond PIPE_BUF a pipe that fills up takes a line in parts, and those of others in between:
    # whoever chooses a long target could forge lines so. Such a lock ends with its process, however that ends. A system
    # that has none for pipes, or sees two that wait for each other, says so; then it goes without.
    with suppress(OSError):
        fcntl.lockf(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.lockf(fd, fcntl.LOCK_UN)


def _whole_lines(data: bytes, at: int) -> int:
    # Several processes may write to one pipe: what PIPE_BUF holds comes out of it unmixed, so a line is not broken up.
    if len(data) - at <= PIPE_BUF:
        return len(data)
    return data.rfind(b"\n", at, at + PIPE_BUF) + 1 or data.find(b"\n", at) + 1 or len(data)
