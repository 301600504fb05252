"""What every store of sessions can do, and how it is written to aside of the loop: many changes at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from pellucid.features.sessions.records import Clean, Operation, Record, Unkept
from pellucid.net.aside import Aside
from pellucid.net.outage import Outage
from pellucid.net.reactor import Reactor, Timer

MOST_AT_ONCE = 256
"""How many operations one transaction carries out."""

MOST_WAITING = 10_000
"""How many operations may wait; those beyond are answered as if the store were down."""

PAUSE = 1.0
"""How long a store that has failed is not asked, in seconds; whoever needs it is told at once."""

CLEANING = 60.0
"""How often what has expired is thrown away, by one worker at a time, in seconds."""

PORTION = 500
"""How much of it at once."""

Outcome = bool | Unkept
"""Whether an operation came to something, or why it alone was not carried out: others may have been."""

Done = Callable[[bool], None]
Failed = Callable[[Unkept], None]


class Store(Protocol):
    """Where sessions are kept."""

    near: bool
    """Whether it is read in microseconds, so that this may happen in the loop."""

    instant: bool
    """Whether it is written likewise."""

    def read(self, name: bytes) -> Record | None:
        """The session of this name; in any thread. Raises Unkept."""

    def apply(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Carry them out in their order; what came of each one. Raises Unkept where the store cannot be had."""

    def close(self) -> None:
        """Let go of it."""


class Standing:
    """Whether a store is down, and since when."""

    __slots__ = ("_outage", "_reactor", "_since")

    def __init__(self, reactor: Reactor, note: Callable[[str, str], None]) -> None:
        self._reactor = reactor
        self._outage = Outage(note)
        self._since = 0.0

    @property
    def down(self) -> bool:
        """Whether it was, when it was asked last."""
        return self._outage.on

    @property
    def just_down(self) -> bool:
        """Whether that was a moment ago: it need not be asked again."""
        return self.down and self._reactor.now < self._since + PAUSE

    def found(self, down: Unkept | None) -> None:
        """The store was asked, and this came of it; in the loop's thread."""
        if down is None:
            self._outage.ends("sessions are kept again")
        else:
            self._since = self._reactor.now
            self._outage.begins(f"{down}; whoever needs a session is answered with 503")


class Desk:
    """A store and the one thread that writes to it, `aside`: what requests hand in meanwhile goes in one transaction.

    Also a life, and the thread's: at its end all is written that was handed in.
    """

    __slots__ = ("_aside", "_clock", "_reactor", "_timer", "_waiting", "_writing", "standing", "store")

    def __init__(
        self,
        store: Store,
        aside: Aside,
        reactor: Reactor,
        note: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self.store = store
        self.standing = Standing(reactor, note)
        self._reactor = reactor
        self._clock = clock
        self._aside = aside
        self._waiting: deque[tuple[Operation, Done, Failed]] = deque()
        self._writing = False
        self._timer: Timer | None = None

    def hand_in(self, operation: Operation, done: Done, failed: Failed) -> None:
        """Have this carried out; one of both is called, later and in the loop's thread."""
        if len(self._waiting) >= MOST_WAITING:
            self._reactor.soon(lambda: failed(Unkept("too many sessions wait to be written")))
            return
        self._waiting.append((operation, done, failed))
        if not self._writing:
            self._writing = True
            self._reactor.soon(self._write)

    def _write(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
        operations = [operation for operation, _, _ in batch]
        if self.store.instant:
            self._written(batch, self.store.apply(operations))
            return
        self._aside.call(
            lambda: self.store.apply(operations),
            lambda results: self._written(batch, results),
            lambda error: self._not_written(batch, error),
        )

    def _written(self, batch: list[tuple[Operation, Done, Failed]], results: Sequence[Outcome]) -> None:
        self._go_on()
        self.standing.found(None)
        for (_, done, failed), result in zip(batch, results, strict=True):
            if isinstance(result, Unkept):
                failed(result)
            else:
                done(result)

    def _not_written(self, batch: list[tuple[Operation, Done, Failed]], error: Exception) -> None:
        self._go_on()
        down = error if isinstance(error, Unkept) else Unkept(f"sessions cannot be written: {error!r}")
        self.standing.found(down)
        for _, _, failed in batch:
            failed(down)
        if down is not error:
            raise error  # a fault of ours, which the log is to have whole

    def _go_on(self) -> None:
        self._writing = bool(self._waiting)
        if self._writing:
            self._reactor.soon(self._write)

    # Cleaning

    def _clean(self) -> None:
        now = self._clock()
        self.hand_in(Clean(now, now - CLEANING / 2, PORTION), self._cleaned, lambda down: self._clean_in(CLEANING))

    def _cleaned(self, more: bool) -> None:
        self._clean_in(1.0 if more else CLEANING)

    def _clean_in(self, seconds: float) -> None:
        self._timer = self._reactor.at(self._reactor.now + seconds, self._clean)

    # Its life

    def begin(self, begun: Callable[[str], None]) -> None:
        """Throw away what has expired, from now on."""
        self._clean_in(CLEANING)
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Write what was handed in, and let go of the store."""
        if self._timer is not None:
            self._timer.cancel()

        def close() -> None:
            self.store.close()
            ended()

        self._aside.end(close, within)
