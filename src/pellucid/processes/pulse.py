"""A worker's pulse: once a second it shows that its loop turns, how late it was, and whether it has served enough."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable

from pellucid.net.reactor import Reactor
from pellucid.processes.recycling import allowance_of, exceeded
from pellucid.processes.seat import Seat
from pellucid.processes.settings import ProcessSettings
from pellucid.watch import Watch

BEAT = 1.0
"""How often, in seconds."""


class Pulse:
    """Beats on the board. `chance` is a random number from 0 to 1, for this worker's part of the jitter."""

    __slots__ = ("_allowance", "_begun", "_due", "_lag", "_reactor", "_requests", "_say", "_seat")

    def __init__(self, reactor: Reactor, seat: Seat, watch: Watch, settings: ProcessSettings, chance: float) -> None:
        self._reactor = reactor
        self._seat = seat
        self._allowance = allowance_of(settings, chance)
        self._begun = reactor.clock()
        self._due = 0.0
        self._requests = 0
        self._say: Callable[[str], None] = lambda line: None
        self._lag: Callable[[float], None] | None = None
        if self._allowance.requests:
            watch.ended.append(self._count)

    def begin(self, say: Callable[[str], None], lag: Callable[[float], None] | None) -> None:
        """Beat from now on; `say` tells the parent, `lag` is told how late each beat was, in seconds."""
        self._say, self._lag = say, lag
        self._due = self._reactor.clock()
        self._reactor.at(self._due, self._beat)

    def _beat(self) -> None:
        now = self._reactor.now
        self._seat.board.beats[self._seat.row] = int(now * 1e9)
        if self._lag is not None:
            self._lag(max(0.0, now - self._due))
        memory = resident() if self._allowance.memory else 0
        why = exceeded(self._allowance, self._requests, now - self._begun, memory)
        if why:  # again and again: while the worker is not ready, or its parent not either, it is not heard
            self._say(f"recycle {json.dumps(why)}")
        self._due = now + BEAT
        self._reactor.at(self._due, self._beat)

    def _count(self, exchange: object) -> None:
        self._requests += 1


def resident() -> int:
    """How much memory of this process is resident, in bytes; where the system does not tell, how much was at most."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most << 10
