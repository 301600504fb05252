"""The loop: one set of descriptors, timers and posted calls, in one thread. It knows no HTTP.

A round: wait until something is ready or due, call the handlers, then the due timers, then what was put off to the
end of the round. `now` is read once a round. What a handler raises goes to `failed`, and the others are served; without
a `failed` it leaves `step`.

It can be a guest in another loop, which watches `fileno`, calls `step(0)` when that is readable or a timer is `due`,
and is told by `earlier` of a moment at which a round is needed before what was due so far.
"""

from __future__ import annotations

import heapq
import socket
import time
import traceback
from collections import deque
from collections.abc import Callable

from pellucid.net.pollers import READ, Poller, best_poller

Handler = Callable[[int], None]
Callback = Callable[[], None]

LONGEST = 3600.0
"""How long one wait lasts at the most, in seconds: pollers refuse numbers that are far larger."""


class Timer:
    """A call that is due at a moment. Cancelling costs nothing: the entry is overlooked, and swept out in bulk."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callback | None) -> None:
        self.when = when
        self.callback = callback

    def cancel(self) -> None:
        """It will not be called."""
        self.callback = None


class Reactor:
    """The loop. `failed` is told of an exception that a handler let go, with the words that describe it."""

    def __init__(
        self,
        poller: Poller | None = None,
        clock: Callable[[], float] = time.monotonic,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        self._poller = poller if poller is not None else best_poller()
        self.clock = clock
        self._failed = failed
        self._handlers: dict[int, Handler] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._timer_count = 0
        self._sweep_at = 1024
        self._soon: list[Callback] = []
        self._posted: deque[Callback] = deque()
        self.in_round = False
        self._waker: socket.socket | None = None
        self._wakes: socket.socket | None = None
        self.stopped = False
        self.earlier: Callable[[float], None] | None = None
        self.now = clock()

    # Descriptors

    def add(self, fd: int, interest: int, handler: Handler) -> None:
        """Call the handler with a mask whenever the descriptor is ready for what it is watched for."""
        self._poller.add(fd, interest)
        self._handlers[fd] = handler

    def change(self, fd: int, interest: int) -> None:
        """Watch a descriptor for something else."""
        self._poller.change(fd, interest)

    def remove(self, fd: int) -> None:
        """Watch a descriptor no longer, which must still be open."""
        del self._handlers[fd]
        self._poller.remove(fd)

    def fileno(self) -> int:
        """A descriptor that is readable when this loop has something to do, for a loop around it."""
        return self._poller.fileno()

    # Calls

    def at(self, when: float, callback: Callback) -> Timer:
        """Call at a moment of the loop's clock, in seconds, or in the round after it."""
        timer = Timer(when, callback)
        if len(self._timers) >= self._sweep_at:
            self._sweep()
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, timer))
        if self.earlier is not None and self._timers[0][2] is timer:
            self.earlier(when)
        return timer

    def soon(self, callback: Callback) -> None:
        """Call at the end of this round, or of the next one; from the loop's own thread only."""
        self._soon.append(callback)
        if self.earlier is not None and not self.in_round:
            self.earlier(self.now)

    def promptly(self, callback: Callback) -> None:
        """Call at the end of this round; where none runs, now, in a round of its own: a task of the loop around this
        one need not wait for the next. From the loop's own thread only.
        """
        if self.in_round:
            self._soon.append(callback)
            return
        self.now = self.clock()
        self.in_round = True
        try:
            callback()
            if self._soon:
                self._call_put_off()
        except BaseException as error:  # as for a handler
            self._report(error)
        finally:
            self.in_round = False
        if (self._soon or self.stopped) and self.earlier is not None:
            self.earlier(self.now)

    def post(self, callback: Callback) -> None:
        """Call in the loop's thread; from any thread, and from a signal handler.

        What is posted before `open_to_posts` is called after it.
        """
        self._posted.append(callback)
        self.poke()

    def poke(self) -> None:
        """End the wait that runs."""
        waker = self._waker
        if waker is not None:
            try:
                waker.send(b"\0")
            except OSError:
                pass  # it is full, so the loop wakes anyhow; or closed, so nobody waits

    def open_to_posts(self) -> int:
        """Make ready for `post`; answers the descriptor that signal.set_wakeup_fd takes."""
        if self._waker is None:
            self._wakes, self._waker = socket.socketpair()
            self._wakes.setblocking(False)
            self._waker.setblocking(False)
            self.add(self._wakes.fileno(), READ, self._woken)
            if self._posted:
                self.poke()
        return self._waker.fileno()

    def _woken(self, mask: int) -> None:
        assert self._wakes is not None
        try:
            while len(self._wakes.recv(4096)) == 4096:
                pass
        except BlockingIOError:
            pass
        for _ in range(len(self._posted)):
            self._call(self._posted.popleft())

    # The loop

    def step(self, most: float | None = None) -> None:
        """One round, waiting for at most this many seconds."""
        due = self.due()
        ready = self._poller.poll(most if due is None else due if most is None else min(due, most))
        self.now = self.clock()
        self.in_round = True
        try:
            self._round(ready)
        finally:
            self.in_round = False

    def _round(self, ready: list[tuple[int, int]]) -> None:
        handlers = self._handlers
        for fd, mask in ready:
            # A descriptor that was closed and opened anew in this round gets the old one's news: that is harmless,
            # since each read and write expects to find nothing.
            handler = handlers.get(fd)
            if handler is not None:
                try:
                    handler(mask)
                except BaseException as error:  # whatever one connection does wrong, the others are served
                    self._report(error)
        if self._timers and self._timers[0][0] <= self.now:
            self._call_due()
        self._call_put_off()

    def due(self) -> float | None:
        """In how many seconds a round is needed even if no descriptor is ready, None for never: a loop around this one
        must know.
        """
        if self._soon:
            return 0.0
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heapq.heappop(timers)
        return min(max(0.0, timers[0][0] - self.clock()), LONGEST) if timers else None

    def run(self) -> None:
        """Rounds until `stop`, which may have been called before."""
        while not self.stopped:
            self.step()
        self.stopped = False

    def stop(self) -> None:
        """End `run` after this round."""
        self.stopped = True
        if self.earlier is not None and not self.in_round:
            self.earlier(self.now)  # a loop around this one sees it in the round that it now makes

    def close(self) -> None:
        """Let go of what the loop itself holds open."""
        if self._wakes is not None and self._waker is not None:
            self.remove(self._wakes.fileno())
            self._wakes.close()
            self._waker.close()
            self._wakes = self._waker = None
        self._poller.close()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's loop and change nothing in it. The set of descriptors is one and
        the same for both.
        """
        self._poller.close()
        for end in (self._wakes, self._waker):
            if end is not None:
                end.close()

    def _call_put_off(self) -> None:
        if self._soon:
            put_off, self._soon = self._soon, []
            for callback in put_off:
                self._call(callback)

    def _sweep(self) -> None:
        # A busy server cancels a timer with each connection that ends, long before its time.
        self._timers[:] = [entry for entry in self._timers if entry[2].callback is not None]
        heapq.heapify(self._timers)
        self._sweep_at = max(1024, 2 * len(self._timers))

    def _call_due(self) -> None:
        timers, now = self._timers, self.now
        due = []
        while timers and timers[0][0] <= now:
            due.append(heapq.heappop(timers)[2])
        for timer in due:  # gathered first: one that sets itself anew waits for the next round
            callback, timer.callback = timer.callback, None
            if callback is not None:
                self._call(callback)

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except BaseException as error:  # as for a handler
            self._report(error)

    def _report(self, error: BaseException) -> None:
        if self._failed is None or isinstance(error, KeyboardInterrupt):
            raise error
        self._failed("".join(traceback.format_exception(error)))
