"""Threads for what would hold up the loop: jobs in the order of their arrival, results back to it. It knows no HTTP.

Python runs one thread at a time, so each hand-over between threads costs more than a small job does. Hence one thread
at a time is hot: it takes all that waits, and the loop wakes it once for all the jobs that a round has brought. Its
results go back together, with one poke, when it finds nothing more to do. Only when the loop comes round and finds jobs
waiting while every thread that is awake is still at the same job as before, stuck in a wait or a long computation, does
it wake others, as many as there are jobs, or start some. So quick jobs cost two hand-overs for a whole batch, and slow
ones wait a few times `TICK` for a thread that is free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from pellucid.net.reactor import Reactor, Timer

TICK = 0.001
"""How long jobs may wait until the loop looks whether a thread takes them, and results until it fetches them."""


class Job(Protocol):
    """Something to be done in a thread."""

    @property
    def wanted(self) -> bool:
        """Whether it is still worth to be begun."""

    def run(self) -> None:
        """Do it; called in a thread. What it raises is told to the loop."""


class PoolThread:
    """A thread: what it is at, what it was at when the loop last looked, and the lock that it sleeps on."""

    __slots__ = ("job", "resting", "seen", "sleep")

    def __init__(self) -> None:
        self.job: Job | None = None
        self.seen: Job | None = None
        self.resting = False
        self.sleep = threading.Lock()
        self.sleep.acquire()

    @property
    def stuck(self) -> bool:
        """Whether it is still at the job that it was at before; asking is looking."""
        job, before = self.job, self.seen
        self.seen = job
        return job is not None and job is before


class Pool:
    """At most `most` threads, which are started as they are needed, and at most `waiting` jobs that wait for them.

    All but `hand_back` is for the loop's thread. Threads die with the process: none of them can hold up its end.
    """

    def __init__(self, reactor: Reactor, most: int, waiting: int) -> None:
        self._reactor = reactor
        self._most = most
        self._waiting = waiting
        self._jobs: deque[Job] = deque()
        self._back: deque[Callable[[], None]] = deque()
        self._threads: list[PoolThread] = []
        self._resting: list[PoolThread] = []
        self._looking = False
        self._timer: Timer | None = None
        self._stopping = False
        self._stopped: Callable[[], None] | None = None

    @property
    def full(self) -> bool:
        """Whether no job more may wait. Jobs that nobody wants any more do not count."""
        jobs = self._jobs
        if len(jobs) < self._waiting:
            return False
        for job in tuple(jobs):
            if not job.wanted:
                try:
                    jobs.remove(job)
                except ValueError:
                    pass  # a thread was faster
        return len(jobs) >= self._waiting

    def submit(self, job: Job) -> None:
        """Have it run as soon as a thread is free; in the round that ends, threads are woken for all of them at once.

        Ask `full` before.
        """
        self._jobs.append(job)
        if not self._looking:
            self._looking = True
            self._reactor.soon(self._look)

    def hand_back(self, callback: Callable[[], None]) -> None:
        """From a thread's job: call in the loop's thread, once there is nothing else to do here, or within TICK.

        In the order in which a job says it.
        """
        self._back.append(callback)
        if self._timer is None:  # whoever takes the timer away looks at the queue afterwards
            self._reactor.post(self._call_back)

    def stop(self, stopped: Callable[[], None]) -> None:
        """Let the threads go once nothing that is wanted waits; `stopped` is called when the last one has left."""
        self._stopping = True
        self._stopped = stopped
        while self._wake_one():
            pass
        self._left()

    def _left(self) -> None:
        if self._stopped is not None and not self._threads and not self._jobs:
            stopped, self._stopped = self._stopped, None
            stopped()

    # In the loop

    def _look(self) -> None:
        self._looking = False
        if self._jobs:
            awake = [thread for thread in self._threads if not thread.resting]
            if not awake:
                self._wake_some(1)
            elif sum(thread.stuck for thread in awake) == len(awake):
                self._wake_some(len(self._jobs))
        if self._timer is None:
            self._timer = self._reactor.at(self._reactor.now + TICK, self._on_tick)

    def _on_tick(self) -> None:
        self._timer = None
        self._call_back()
        if self._jobs:
            self._look()

    def _fetch(self) -> None:
        # A thread has found nothing more to do, and so will every other that is still at a job.
        if self._timer is not None and not self._jobs:
            self._timer.cancel()
            self._timer = None
        self._call_back()

    def _call_back(self) -> None:
        back = self._back
        try:
            while back:
                back.popleft()()
        finally:
            if back:
                self._reactor.post(self._call_back)

    def _wake_some(self, count: int) -> None:
        while count and self._wake_one():
            count -= 1
        # New ones no faster than their number doubles: a thread may seem stuck that only waits for a processor.
        for _ in range(min(count, self._most - len(self._threads), len(self._threads) or 1)):
            thread = PoolThread()
            self._threads.append(thread)
            name = f"pellucid-{len(self._threads)}"
            threading.Thread(target=self._work, args=(thread,), name=name, daemon=True).start()

    def _wake_one(self) -> bool:
        try:
            thread = self._resting.pop()  # who fell asleep last has most in the processor's caches
        except IndexError:
            return False
        thread.resting = False
        thread.sleep.release()
        return True

    # In a thread

    def _work(self, thread: PoolThread) -> None:
        jobs = self._jobs
        while True:
            try:
                job = jobs.popleft()
            except IndexError:
                if self._stopping:
                    break
                self._rest(thread)
                continue
            if job.wanted:
                thread.job = job
                try:
                    job.run()
                except BaseException as error:
                    self._back.append(_raising(error))
            del job  # what it holds is not to be held by a thread that rests
        self._threads.remove(thread)
        self._reactor.post(self._left)

    def _rest(self, thread: PoolThread) -> None:
        thread.job = thread.seen = None
        if self._back:
            self._reactor.post(self._fetch)
        thread.resting = True
        self._resting.append(thread)
        if self._jobs or self._stopping:  # they came when this one was not yet known to rest
            try:
                self._resting.remove(thread)
            except ValueError:
                pass  # somebody wakes it already
            else:
                thread.resting = False
                return
        thread.sleep.acquire()


def _raising(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it
