"""Those who wait until something moves; it does not know what."""

from __future__ import annotations

import asyncio


class Waiters:
    """Tasks of this loop that wait for one another's doings: each wake is for all, and each looks whether it helps."""

    __slots__ = ("_futures", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._futures: list[asyncio.Future[None]] = []

    def wait(self) -> asyncio.Future[None]:
        """Wait for the next wake: to be awaited at once, and by one task, which may be cancelled."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self._futures:  # who was cancelled is there no more
            self._futures = [each for each in self._futures if not each.done()]
        self._futures.append(future)
        return future

    def wake(self) -> None:
        """Let all of them look again."""
        if self._futures:
            woken, self._futures = self._futures, []
            for future in woken:
                if not future.done():
                    future.set_result(None)
