"""When the next worker may be started after some have died early; it knows the time only as it is told."""

from __future__ import annotations

from math import inf

TOGETHER = 0.3
"""Early deaths within so many seconds are one event."""

FORGIVEN = 60.0
"""After so many seconds without an early death the next one is the first again."""


class Backoff:
    """Each early death in a row puts the next try off for longer."""

    __slots__ = ("_deaths", "_died_at", "next_try")

    def __init__(self) -> None:
        self.next_try = -inf
        self._deaths = 0
        self._died_at = -inf

    @property
    def doubtful(self) -> bool:
        """Whether it is not known that any worker can start, because some have died early."""
        return self._deaths > 0

    def died(self, now: float, *, was_ready: bool) -> None:
        """A worker has died at its start, or soon after it was ready. The latter is replaced at once the first time:
        it may have been anything.
        """
        if now - self._died_at >= FORGIVEN:
            self._deaths = 1
        elif now - self._died_at >= TOGETHER:
            self._deaths += 1
        self._died_at = now
        self.next_try = now + delay_of(self._deaths - 1 if was_ready else self._deaths)

    def forget(self) -> None:
        """There is a reason to try again at once."""
        self._deaths = 0
        self.next_try = -inf


def delay_of(deaths: int) -> float:
    """How long to wait before the next start after so many early deaths in a row, in seconds."""
    return min(30.0, 0.5 * 2 ** min(deaths - 1, 10)) if deaths else 0.0
