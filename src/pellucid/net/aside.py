"""Functions that would hold up the loop, called in threads aside of it; their results come back to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from pellucid.net.reactor import Reactor
from pellucid.net.threads import Pool

Result = TypeVar("Result")


class Aside:
    """At most `most` threads, started when they are first needed, and at most `waiting` calls that wait for them."""

    __slots__ = ("_most", "_pool", "_reactor", "_waiting")

    def __init__(self, reactor: Reactor, most: int, waiting: int) -> None:
        self._reactor = reactor
        self._most = most
        self._waiting = waiting
        self._pool: Pool | None = None

    def call(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Call `work` in a thread, and then, in the loop's thread, `done` with what it gave or `failed` with what it
        raised. False, and nothing happens, where too much waits already. What is not `wanted` any more is not begun.
        """
        if self._pool is None:
            self._pool = Pool(self._reactor, self._most, self._waiting)
        if self._pool.full:
            return False
        self._pool.submit(_Call(work, done, failed, wanted, self._pool))
        return True

    # Its life

    def begin(self, begun: Callable[[str], None]) -> None:
        """There is nothing to make ready."""
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Let the threads go."""
        if self._pool is None:
            ended()
        else:
            self._pool.stop(ended)


class _Call:
    __slots__ = ("_done", "_failed", "_pool", "_wanted", "_work")

    def __init__(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        wanted: Callable[[], bool],
        pool: Pool,
    ) -> None:
        self._work = work
        self._done = done
        self._failed = failed
        self._wanted = wanted
        self._pool = pool

    @property
    def wanted(self) -> bool:
        return self._wanted()

    def run(self) -> None:
        try:
            result = self._work()
        except Exception as error:  # whatever it is, whoever has asked knows what to make of it
            self._pool.hand_back(partial(self._failed, error))
        else:
            self._pool.hand_back(partial(self._done, result))
