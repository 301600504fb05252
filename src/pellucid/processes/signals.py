"""Signals become calls in a loop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from pellucid.net.reactor import Reactor


def _nothing() -> None:
    pass


@contextmanager
def hearing(
    reactor: Reactor, calls: Mapping[int, Callable[[], None]], noticed: Callable[[], None] = _nothing
) -> Iterator[None]:
    """While the block runs, each of these signals calls what belongs to it, in the loop's own time; and `noticed` at
    once, even where an app holds up the loop.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        reactor.post(calls[number])
        noticed()

    # A signal that comes just before the poller falls asleep would wait for the next request without this.
    woken_before = signal.set_wakeup_fd(reactor.open_to_posts(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, on_signal) for number in calls}
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)


def how_of(status: int) -> str:
    """How a process ended, from what waitpid tells; empty for status 0."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"status {code}" if code else ""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def terminal() -> bool:
    """Whether this process has a terminal that controls it, now."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
