"""A process that serves in a seat: it does what its parent says and shows it how it is; it knows not what it serves."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
from collections.abc import Callable

from pellucid.metrics import Metrics
from pellucid.processes.channel import Channel
from pellucid.processes.fleet import REST
from pellucid.processes.lifetime import Lifetime
from pellucid.processes.pulse import Pulse
from pellucid.processes.seat import Seat
from pellucid.processes.settings import ProcessSettings
from pellucid.processes.share import Share
from pellucid.processes.signals import hearing

NOT_OURS = (signal.SIGINT, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU)
"""What reaches a worker because it reaches all processes of a terminal, and is for its parent."""


def take(seat: Seat) -> None:
    """Hear signals as one in a seat does, until there is a loop that hears the parent."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, lambda number, frame: os._exit(0))
    for number in NOT_OURS:
        signal.signal(number, lambda number, frame: None)
    faulthandler.enable(seat.traces)
    faulthandler.register(signal.SIGUSR2, seat.traces)


def serve_seated(
    lifetime: Lifetime,
    grace: float,
    run: Callable[[Callable[[], None]], None],
    seat: Seat,
    settings: ProcessSettings,
) -> None:
    """Serve from when the parent says so until it ends it; if the parent dies, leave within `grace` seconds. `run` runs
    the lifetime to its end, and calls what it is given when that has begun.
    """
    reactor, server = lifetime.reactor, lifetime.server

    def heard(line: str) -> None:
        word, *numbers = line.split()
        if word == "serve":
            lifetime.listen()
            channel.say("serving")
        elif word == "stop":
            lifetime.leave(*map(float, numbers))
        elif word == "halt":
            lifetime.halt()

    def leave() -> None:
        lifetime.leave(grace, min(grace, REST))

    server.share = Share(seat.board, seat.row)
    counters = seat.board.counters(seat.row)
    metrics = Metrics(counters, server.watch) if len(counters) else None
    channel = Channel(reactor, seat.channel, heard, leave)  # without its parent it leaves by itself
    pulse = Pulse(reactor, seat, server.watch, settings, random.random())
    # The terminal's signals reach all processes in front of it, and the parent says what they mean.
    calls: dict[int, Callable[[], None]] = dict.fromkeys(NOT_OURS, lambda: None)
    calls |= {signal.SIGTERM: leave, signal.SIGQUIT: lifetime.halt}
    with hearing(reactor, calls):
        pulse.begin(channel.say, metrics.lag if metrics is not None else None)
        run(lambda: channel.say("ready"))
