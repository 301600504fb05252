"""One process at work: a server, the signals that end it, and as many descriptors as the system grants."""

from __future__ import annotations

import atexit
import gc
import os
import resource
import signal
from types import FrameType

from pellucid.server.server import Server

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def work(server: Server, grace: float) -> None:
    """Run a server until SIGTERM or SIGINT has ended it: what runs is finished within `grace` seconds; a second
    signal ends it at once.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        server.reactor.post(lambda: server.stop(grace))

    # A signal that comes just before the poller falls asleep would wait for the next request without this.
    woken_before = signal.set_wakeup_fd(server.reactor.open_to_posts(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    gc.collect()
    gc.freeze()  # what stands now stands to the end: the collector need not look at it again
    try:
        server.run()
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_quietly() -> None:
    """For a process that only serves: wherever no server runs any more, a signal ends it at once with status 0.

    The end of a process takes its time, logs are written and modules are torn down. One more signal then must not make
    a failure of an end that was asked for.
    """
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: os._exit(0))
    atexit.register(lambda: [signal.signal(number, signal.SIG_IGN) for number in SIGNALS])


def raise_descriptor_limit() -> int:
    """Ask the system for as many descriptors as it allows; answers how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft  # macOS names a hard limit that it does not grant
    return hard
