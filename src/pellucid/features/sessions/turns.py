"""Requests of one session, one after the other: they wait here, and among processes for a lease in the store.

A process that has the lease serves those that wait with it in turn, and gives it back after some of them, so that
others have theirs. Whoever dies with a lease holds up nobody for longer than that lasts.
"""

from __future__ import annotations

import random
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial

from pellucid.features.sessions.records import Give, Take, Unkept
from pellucid.features.sessions.store import Desk
from pellucid.net.reactor import Reactor, Timer
from pellucid.server.exchange import Exchange

LEASE = 5.0
"""How long a lease lasts, in seconds; it is taken anew while a request lasts longer."""

TICK = 0.5
"""How often it is looked whether those who have their turn are still there, in seconds."""

PATIENCE = 30.0
"""How long a request waits for its turn, in seconds."""

MOST_WAITING = 1000
"""How many requests of one session may wait in a process."""

PASSES = 16
"""How many requests have their turn with one lease."""

SHORTEST, LONGEST = 0.002, 0.05
"""How long to wait until a lease that another process has is asked for again, in seconds; longer each time."""

Go = Callable[[str], None]
"""Called at one's turn, or with why it does not come."""


class _Line:
    # Those who want one session. `until` is when the lease ends, 0 where there is none; `asked` is what was asked of
    # the store last, while it still matters.

    __slots__ = ("asked", "holder", "name", "passes", "pause", "until", "waiting")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.holder: Exchange | None = None
        self.waiting: deque[tuple[Exchange, Go, float]] = deque()
        self.passes = 0
        self.pause = SHORTEST
        self.until = 0.0
        self.asked: Take | None = None


class Turns:
    """Who has their turn with which session."""

    __slots__ = ("_clock", "_desk", "_lines", "_owner", "_reactor", "_timer")

    def __init__(self, reactor: Reactor, clock: Callable[[], float], desk: Desk) -> None:
        self._reactor = reactor
        self._clock = clock
        self._desk = desk
        self._owner = secrets.token_hex(8)
        self._lines: dict[bytes, _Line] = {}
        self._timer: Timer | None = None

    def enter(self, exchange: Exchange, name: bytes, go: Go) -> None:
        """Ask for a turn with this session; `go` is called when it has come, and not before this returns."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(name)
            self._take(line)
        elif len(line.waiting) >= MOST_WAITING:
            self._reactor.soon(partial(go, "too many requests of this session wait for each other"))
            return
        if self._timer is None:
            self._timer = self._reactor.at(self._reactor.now + TICK, self._on_tick)
        line.waiting.append((exchange, go, self._reactor.now + PATIENCE))

    def leave(self, exchange: Exchange, name: bytes) -> None:
        """Let the next one have its turn; whoever has none leaves nothing."""
        line = self._lines.get(name)
        if line is None or line.holder is not exchange:
            return
        line.holder = None
        if line.passes < PASSES and line.until - self._clock() > LEASE / 2:
            self._next(line)
        else:
            self._give(line)

    def __len__(self) -> int:
        return len(self._lines)

    # The line of one session

    def _next(self, line: _Line) -> None:
        while line.waiting:
            exchange, go, _ = line.waiting.popleft()
            if not _over(exchange):
                line.holder = exchange
                line.passes += 1
                self._reactor.soon(partial(go, ""))
                return
        self._give(line)

    def _give(self, line: _Line) -> None:
        if line.until:
            line.until = 0.0
            self._desk.hand_in(Give(line.name, self._owner), _nothing, _nothing)
        line.asked = None
        line.passes = 0
        line.pause = SHORTEST
        if line.waiting:
            self._take_later(line)
        else:
            del self._lines[line.name]

    def _take(self, line: _Line) -> None:
        now = self._clock()
        take = line.asked = Take(line.name, self._owner, now, now + LEASE)
        self._desk.hand_in(take, partial(self._taken, line, take), partial(self._refused, line, take))

    def _taken(self, line: _Line, take: Take, got: bool) -> None:
        if line.asked is not take:
            return  # it was given back meanwhile
        line.asked = None
        if got:
            line.until = take.until
            if line.holder is None:
                self._next(line)
        elif line.holder is None:
            self._take_later(line)

    def _take_later(self, line: _Line) -> None:
        # Not all processes at the same time.
        pause = line.pause * random.uniform(0.5, 1.5)
        line.pause = min(2 * line.pause, LONGEST)
        self._reactor.at(self._reactor.now + pause, partial(self._take, line))

    def _refused(self, line: _Line, take: Take, down: Unkept) -> None:
        if line.asked is not take:
            return
        line.asked = None
        waiting, line.waiting = line.waiting, deque()
        if line.holder is None:
            del self._lines[line.name]
        for _, go, _ in waiting:
            go(str(down))

    # What has taken too long

    def _on_tick(self) -> None:
        self._timer = None
        now = self._reactor.now
        for line in [*self._lines.values()]:
            while line.waiting and line.waiting[0][2] <= now:
                line.waiting.popleft()[1]("it waited too long for other requests of its session")
            holder = line.holder
            if holder is not None and _over(holder):
                self.leave(holder, line.name)
            elif holder is not None and line.until - self._clock() < LEASE / 2:
                self._take(line)
        if self._lines:
            self._timer = self._reactor.at(now + TICK, self._on_tick)


def _over(exchange: Exchange) -> bool:
    # An answer that is held is one whose session is being written: the turn lasts until it is.
    return exchange.response is not None or (exchange.gone and not exchange.held)


def _nothing(came: bool | Unkept) -> None:
    pass
