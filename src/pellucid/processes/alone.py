"""A process that serves alone: signals and systemd are heard here, since there is no parent; it knows no settings."""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pellucid.processes import systemd
from pellucid.processes.fleet import MARGIN, REST
from pellucid.processes.lifetime import Lifetime
from pellucid.processes.signals import hearing

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What ends a process that serves."""

AT_ONCE = 3.0
"""How long an end at once may take where an app holds up the loop, in seconds."""

Ready = Callable[[], None]


def serve_alone(
    lifetime: Lifetime, grace: float, run: Callable[[Callable[[], None]], None], ready: Ready | None
) -> None:
    """Serve until a signal ends it, within `grace` seconds. `run` runs the lifetime to its end, and calls what it is
    given when that has begun; `ready` is called then.
    """

    def begun() -> None:
        lifetime.listen()
        if ready is not None:
            ready()
        systemd.tell_ready()

    def leave() -> None:
        if lifetime.leaving:
            lifetime.halt()
        else:
            systemd.tell_stopping()
            lifetime.leave(grace, min(grace, REST))

    def hang_up() -> None:
        lifetime.server.watch.note("info", "SIGHUP is an end here; with --workers it loads the code anew")
        leave()

    calls: dict[int, Callable[[], None]] = dict.fromkeys(SIGNALS, leave)
    # A terminal that goes away is an end as well, unless nohup has seen to that.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        calls[signal.SIGHUP] = hang_up
    with watchdog(grace) as signalled, hearing(lifetime.reactor, calls, signalled):
        systemd.show_life(lifetime.reactor)
        run(begun)


@contextmanager
def watchdog(grace: float) -> Iterator[Callable[[], None]]:
    """Gives what is to be called at each signal: if the block is not over in time then, the process writes what each
    thread is at, and ends. For where an app holds up the loop, so that nobody hears the signal, and no parent is there.
    """
    # For the first signal and for the second, whose sender does not want to wait. A third must not put the end off.
    delays = iter((grace + MARGIN, AT_ONCE))

    def signalled() -> None:
        delay = next(delays, None)
        if delay is not None:
            faulthandler.dump_traceback_later(delay, exit=True, file=2)

    try:
        yield signalled
    finally:
        faulthandler.cancel_dump_traceback_later()
