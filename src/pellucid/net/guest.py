"""The reactor as a guest in an asyncio loop, by asyncio's public interface alone; it knows no HTTP and no app.

The set of descriptors that the reactor waits for is itself a descriptor, which the host watches like any other. So
both loops run in one thread, and one wake-up of the host serves all that the reactor has to do.
"""

from __future__ import annotations

import asyncio
import importlib

from pellucid.net.reactor import Reactor

LOOPS = ("auto", "asyncio", "uvloop")
"""The hosts by name; auto is uvloop where it is installed."""

SHORTEST = 0.001
"""The shortest delay that is asked of the host, in seconds: uvloop counts in milliseconds, and would spin."""

LAST = 1.0
"""How long what is cancelled at the end may take to end, in seconds."""


class Guest:
    """An asyncio loop around a reactor. The loop is made here and is the current one of this thread from now on, so
    that what an app makes while it is imported belongs to it.
    """

    def __init__(self, reactor: Reactor, loop_name: str = "auto") -> None:
        self.reactor = reactor
        self.loop = new_loop(loop_name)
        asyncio.set_event_loop(self.loop)
        self._alarm: asyncio.Handle | None = None
        self._alarm_at = 0.0
        self._stepping = False
        self._leaving = False

    def run(self) -> None:
        """Run both loops until the reactor's `stop`, which may have been called before. May be called again."""
        loop, reactor = self.loop, self.reactor
        self._leaving = False
        reactor.open_to_posts()
        reactor.earlier = self._earlier
        loop.add_reader(reactor.fileno(), self._step)
        self._wait()
        try:
            while not reactor.stopped:
                try:
                    loop.run_forever()
                except SystemExit as error:  # from a task that is not ours: asyncio stops for it, and serving does not
                    self._report(error)
        finally:
            reactor.stopped = False
            reactor.earlier = None
            loop.remove_reader(reactor.fileno())
            self._forget_alarm()

    def close(self) -> None:
        """End what tasks still run, by cancelling them, and all asynchronous generators; then the loop itself."""
        loop = self.loop
        try:
            if left := asyncio.all_tasks(loop):
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(left, timeout=LAST))
            loop.run_until_complete(asyncio.wait([loop.create_task(loop.shutdown_asyncgens())], timeout=LAST))
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _step(self) -> None:
        reactor = self.reactor
        self._stepping = True
        try:
            reactor.step(0)
        finally:
            self._stepping = False
        if reactor.stopped:
            if not self._leaving:  # a second stop would wait for the next run, and end that
                self._leaving = True
                self.loop.stop()
        else:
            self._wait()

    def _wait(self) -> None:
        # One alarm, and a lazy one: set only if none is due earlier; after each step it is looked at anew.
        due = self.reactor.due()
        if due is not None:
            self._set_alarm(self.reactor.clock() + due, due)

    def _earlier(self, when: float) -> None:
        if not self._stepping:  # after a step it is asked anyhow what is due
            self._set_alarm(when, when - self.reactor.clock())

    def _set_alarm(self, when: float, due: float) -> None:
        if self._alarm is not None:
            if self._alarm_at <= when + SHORTEST:
                return
            self._alarm.cancel()
        self._alarm_at = when
        if due <= 0:
            self._alarm = self.loop.call_soon(self._on_alarm)
        else:
            self._alarm = self.loop.call_later(max(due, SHORTEST), self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        self._step()

    def _forget_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _report(self, error: BaseException) -> None:
        def let_go() -> None:
            raise error

        self.reactor.promptly(let_go)  # which tells whoever is told of all that goes wrong in the reactor


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """A loop of this kind. ValueError says that there is none, or that it is not installed."""
    if name not in LOOPS:
        raise ValueError(f"unknown loop {name!r}: it is {', '.join(LOOPS[:-1])} or {LOOPS[-1]}")
    if name != "asyncio":
        try:
            loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
        except ImportError as error:
            if name == "uvloop":
                raise ValueError(f"the loop uvloop cannot be had: {error}") from error
        else:
            return loop
    return asyncio.new_event_loop()
