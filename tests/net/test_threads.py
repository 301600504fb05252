from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.net.threads import TICK, Pool

PATIENCE = 10.0


class Task:
    """A job that says when it has begun, and goes on when it may."""

    def __init__(self, pool: Loop | None = None, waits: bool = False, name: str = "") -> None:
        self.wanted = True
        self.name = name
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.ended = threading.Event()
        self.thread = ""
        if not waits:
            self.may_end.set()
        self.pool = pool

    def run(self) -> None:
        self.thread = threading.current_thread().name
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        if self.pool is not None:
            self.pool.ran.append(self.name)
            self.pool.pool.hand_back(lambda: self.pool.back.append(self.name))  # type: ignore[union-attr]  # as above
        self.ended.set()


class Loop:
    """A pool, and its loop with a clock in the hand."""

    def __init__(self, most: int = 4, waiting: int = 100) -> None:
        self.clock = HandClock()
        self.faults: list[str] = []
        self.reactor = Reactor(MemoryPoller(), self.clock, self.faults.append)
        self.posts: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.reactor.post = self.posts.put  # type: ignore[method-assign,assignment]  # a loop that waits for threads
        self.pool = Pool(self.reactor, most, waiting)
        self.ran: list[str] = []
        self.back: list[str] = []

    def round(self, *jobs: Task) -> None:
        """A round of the loop that brings these jobs."""

        def bring() -> None:
            for job in jobs:
                self.pool.submit(job)

        self.reactor._soon.append(bring)
        self.reactor.step(0)
        self.reactor.step(0)

    def tick(self) -> None:
        """Time goes on until the loop looks again."""
        self.clock.advance(TICK)
        self.reactor.step(0)

    def post(self) -> None:
        """Call what a thread has posted, once it has."""
        self.reactor._call(self.posts.get(timeout=PATIENCE))

    @property
    def threads(self) -> int:
        return len(self.pool._threads)


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.pool.stop(lambda: None)


def test_one_thread_takes_all_that_a_round_brings_in_order_and_its_results_come_together(loop: Loop) -> None:
    loop.round(*(Task(loop, name=name) for name in "abcdef"))
    while len(loop.back) < 6:
        loop.post()
    assert loop.ran == loop.back == list("abcdef")
    assert loop.threads == 1


def test_results_are_told_by_one_word_when_nothing_more_is_to_be_done(loop: Loop) -> None:
    first = Task(loop, waits=True, name="a")
    loop.round(first, Task(loop, name="b"), Task(loop, name="c"))
    assert first.begun.wait(PATIENCE)
    first.may_end.set()
    loop.post()
    assert loop.back == ["a", "b", "c"]
    assert loop.posts.empty()


def test_a_thread_that_rests_is_woken_again(loop: Loop) -> None:
    for name in "abc":
        loop.round(Task(loop, name=name))
        loop.post()
    assert loop.back == ["a", "b", "c"]
    assert loop.threads == 1


def test_no_thread_beside_the_hot_one_is_woken_until_it_is_seen_to_be_stuck(loop: Loop) -> None:
    slow = Task(waits=True)
    quick = [Task() for _ in range(2)]
    loop.round(slow, *quick)
    assert slow.begun.wait(PATIENCE)
    loop.tick()  # it has begun since the last look
    assert loop.threads == 1
    loop.tick()  # it is still at it
    assert all(task.ended.wait(PATIENCE) for task in quick)
    assert loop.threads == 2
    slow.may_end.set()


def test_as_many_threads_are_woken_as_there_are_jobs_and_no_more_than_there_may_be() -> None:
    loop = Loop(most=3)
    tasks = [Task(waits=True) for _ in range(10)]
    loop.round(*tasks)
    assert tasks[0].begun.wait(PATIENCE)
    loop.tick()
    loop.tick()
    assert tasks[1].begun.wait(PATIENCE)
    assert loop.threads == 2  # their number doubles at the most
    loop.tick()
    loop.tick()
    assert tasks[2].begun.wait(PATIENCE)
    assert loop.threads == 3
    for _ in range(5):
        loop.tick()
    assert loop.threads == 3
    assert not tasks[3].begun.is_set()
    for task in tasks:
        task.may_end.set()
    assert all(task.ended.wait(PATIENCE) for task in tasks)
    assert len({task.thread for task in tasks}) <= 3
    loop.pool.stop(lambda: None)


def test_a_stuck_thread_does_not_hold_up_what_comes_later(loop: Loop) -> None:
    slow, later = Task(waits=True), Task()
    loop.round(slow)
    assert slow.begun.wait(PATIENCE)
    loop.round(later)
    loop.tick()
    assert later.ended.wait(PATIENCE)
    slow.may_end.set()


def test_results_do_not_wait_for_a_slow_job_behind_them(loop: Loop) -> None:
    slow = Task(waits=True)
    loop.round(Task(loop, name="quick"), slow)
    assert slow.begun.wait(PATIENCE)
    loop.tick()
    assert loop.back == ["quick"]
    slow.may_end.set()


def test_a_result_in_the_middle_of_a_long_job_does_not_wait_for_its_end(loop: Loop) -> None:
    class Talking(Task):
        def run(self) -> None:
            loop.pool.hand_back(lambda: loop.back.append("first"))
            self.begun.set()
            assert self.may_end.wait(PATIENCE)
            loop.pool.hand_back(lambda: loop.back.append("second"))
            self.ended.set()

    talking = Talking(waits=True)
    loop.round(talking)
    assert talking.begun.wait(PATIENCE)
    loop.tick()
    assert loop.back == ["first"]
    talking.may_end.set()
    assert talking.ended.wait(PATIENCE)
    loop.post()  # the tick is over, so this one was told of by itself
    assert loop.back == ["first", "second"]


def test_a_job_that_nobody_wants_any_more_is_not_begun(loop: Loop) -> None:
    slow, left, stayed = Task(waits=True), Task(), Task()
    loop.round(slow, left, stayed)
    assert slow.begun.wait(PATIENCE)
    left.wanted = False
    slow.may_end.set()
    assert stayed.ended.wait(PATIENCE)
    assert not left.begun.is_set()


def test_a_full_queue_says_so_and_those_who_left_make_room() -> None:
    loop = Loop(most=1, waiting=2)
    slow, one, other = Task(waits=True), Task(), Task()
    loop.round(slow)
    assert slow.begun.wait(PATIENCE)
    loop.round(one)
    assert not loop.pool.full
    loop.round(other)
    assert loop.pool.full
    one.wanted = False
    assert not loop.pool.full
    slow.may_end.set()
    assert other.ended.wait(PATIENCE)
    loop.pool.stop(lambda: None)


def test_what_a_job_raises_is_told_to_the_loop_and_the_thread_goes_on(loop: Loop) -> None:
    class Failing(Task):
        def run(self) -> None:
            raise SystemExit("on purpose")

    loop.round(Failing(), Task(loop, name="next"))
    while not loop.back:
        loop.post()
    assert "on purpose" in loop.faults[0]
    assert loop.back == ["next"]


def test_a_result_that_fails_does_not_hold_up_the_others(loop: Loop) -> None:
    class Failing(Task):
        def run(self) -> None:
            loop.pool.hand_back(lambda: 1 // 0)  # type: ignore[arg-type]  # it never comes to that

    loop.round(Failing(), Task(loop, name="next"))
    while not loop.back:
        loop.post()
    assert "ZeroDivisionError" in loop.faults[0]
    assert loop.back == ["next"]


def test_a_pool_that_never_ran_ends_at_once() -> None:
    ended: list[bool] = []
    Loop().pool.stop(lambda: ended.append(True))
    assert ended == [True]


def test_the_end_comes_when_what_is_wanted_was_done_and_the_last_thread_has_left() -> None:
    loop = Loop(most=1)
    slow, waiting, left = Task(waits=True), Task(), Task()
    loop.round(slow, waiting, left)
    assert slow.begun.wait(PATIENCE)
    left.wanted = False
    ended: list[bool] = []
    loop.pool.stop(lambda: ended.append(True))
    assert ended == []
    slow.may_end.set()
    while not ended:
        loop.post()
    assert ended == [True]
    assert loop.threads == 0
    assert waiting.ended.is_set()
    assert not left.begun.is_set()


def test_threads_do_not_outlive_the_process(loop: Loop) -> None:
    slow = Task(waits=True)
    loop.round(slow)
    assert slow.begun.wait(PATIENCE)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("pellucid-"))
    slow.may_end.set()


def test_nothing_is_lost_when_jobs_come_as_the_thread_falls_asleep(loop: Loop) -> None:
    for number in range(2000):
        loop.round(Task(loop, name=str(number)))
    while len(loop.back) < 2000:
        try:
            loop.reactor._call(loop.posts.get(timeout=0.01))
        except queue.Empty:
            loop.tick()
    assert loop.back == [str(number) for number in range(2000)] or loop.threads > 1
