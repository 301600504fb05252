"""The loop: its rounds, timers and posted calls, and what ends them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from math import inf

import pytest

from pellucid.net.memory import HandClock, MemoryPoller, memory_pair
from pellucid.net.pollers import BOTH, READ, EpollPoller, Poller, PollPoller, SelectPoller
from pellucid.net.reactor import Reactor


class Still:
    """A poller that has nothing to tell, and remembers how long it was asked to wait."""

    def __init__(self) -> None:
        self.waits: list[float | None] = []

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        self.waits.append(timeout)
        return []

    def add(self, fd: int, interest: int) -> None: ...

    change = add

    def remove(self, fd: int) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


@pytest.fixture
def clock() -> HandClock:
    return HandClock(0.0)


@pytest.fixture
def still() -> Still:
    return Still()


@pytest.fixture
def reactor(still: Still, clock: HandClock) -> Reactor:
    return Reactor(still, clock)


@pytest.fixture(params=[EpollPoller, PollPoller, SelectPoller])
def awake(request: pytest.FixtureRequest) -> Iterator[Reactor]:
    """A loop over real descriptors, ready for posts."""
    loop = Reactor(request.param())
    loop.open_to_posts()
    yield loop
    loop.close()


def test_timers_are_called_at_their_time_in_their_order(reactor: Reactor, clock: HandClock) -> None:
    called: list[str] = []
    for when, name in ((3.0, "third"), (1.0, "first"), (2.0, "second"), (1.0, "first again")):
        reactor.at(when, partial(called.append, name))
    clock.advance(0.999)
    reactor.step(0)
    assert called == []
    clock.advance(0.001)
    reactor.step(0)
    assert called == ["first", "first again"]
    clock.advance(5)
    reactor.step(0)
    assert called == ["first", "first again", "second", "third"]


def test_a_cancelled_timer_is_not_called(reactor: Reactor, clock: HandClock) -> None:
    called: list[str] = []

    def first() -> None:
        called.append("first")
        second.cancel()

    reactor.at(1.0, first)
    second = reactor.at(1.0, lambda: called.append("second"))
    reactor.at(1.0, lambda: called.append("third"))
    clock.advance(1)
    reactor.step(0)
    assert called == ["first", "third"]


def test_a_timer_set_anew_by_itself_waits_for_the_next_round(reactor: Reactor, clock: HandClock) -> None:
    called: list[float] = []

    def again() -> None:
        called.append(reactor.now)
        reactor.at(reactor.now, again)

    reactor.at(0.0, again)
    for count in (1, 2, 3):
        reactor.step(0)
        assert len(called) == count


def test_the_wait_is_until_the_next_timer_that_counts(reactor: Reactor, still: Still) -> None:
    reactor.at(1.0, lambda: None).cancel()
    reactor.at(5.0, lambda: None)
    reactor.step()
    reactor.step(2.0)
    reactor.step(9.0)
    assert still.waits == [5.0, 2.0, 5.0]


def test_the_wait_is_for_ever_where_nothing_is_due(reactor: Reactor, still: Still) -> None:
    reactor.step()
    assert still.waits == [None]


def test_the_wait_is_not_negative(reactor: Reactor, clock: HandClock, still: Still) -> None:
    reactor.at(1.0, lambda: None)
    clock.advance(7)
    reactor.step()
    assert still.waits == [0.0]


@pytest.mark.parametrize("when", [1e12, inf])
@pytest.mark.parametrize("kind", [EpollPoller, PollPoller, SelectPoller])
def test_a_far_moment_does_not_overflow_the_wait(kind: type[Poller], when: float) -> None:
    loop = Reactor(kind())
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        loop.add(ours.fileno(), READ, lambda mask: loop.stop())
        loop.at(when, lambda: None)
        loop.run()
    loop.close()


def test_cancelled_timers_do_not_pile_up(reactor: Reactor, clock: HandClock) -> None:
    kept = [reactor.at(2000.0 + number, lambda: None) for number in range(100)]
    for number in range(50_000):
        reactor.at(75.0 + number, lambda: None).cancel()
    assert len(reactor._timers) <= 2048
    called: list[bool] = []
    kept[0].cancel()
    reactor.at(1999.0, lambda: called.append(True))
    clock.advance(1999.0)
    reactor.step(0)
    assert called == [True]


def test_many_timers_that_count_are_all_kept(reactor: Reactor, clock: HandClock) -> None:
    called: list[int] = []
    for number in range(3000):
        reactor.at(1.0, partial(called.append, number))
    clock.advance(1)
    reactor.step(0)
    assert called == list(range(3000))


def test_soon_is_at_the_end_of_the_round_and_the_next_does_not_wait(reactor: Reactor, still: Still) -> None:
    called: list[str] = []

    def first() -> None:
        called.append("first")
        reactor.soon(lambda: called.append("second"))

    reactor.soon(first)
    reactor.step()
    assert called == ["first"]
    reactor.step()
    assert called == ["first", "second"]
    reactor.step()
    assert still.waits == [0, 0, None]


def test_now_is_read_once_a_round(reactor: Reactor, clock: HandClock) -> None:
    seen: list[float] = []

    def look() -> None:
        clock.advance(1)
        seen.append(reactor.now)

    reactor.soon(look)
    reactor.soon(look)
    reactor.step(0)
    assert seen == [0.0, 0.0]
    reactor.step(0)
    assert reactor.now == 2.0


def test_what_fails_is_told_and_the_others_are_called(clock: HandClock) -> None:
    told: list[str] = []
    called: list[str] = []
    loop = Reactor(MemoryPoller(), clock, told.append)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    for handler in (fail, lambda mask: called.append("handler")):
        ours, theirs = memory_pair()
        theirs.send([b"x"])
        loop.add(ours.fd, READ, handler)
    for set_call in (loop.soon, lambda callback: loop.at(0.0, callback)):
        set_call(fail)
        set_call(lambda: called.append("callback"))
    loop.step(0)
    assert called == ["handler", "callback", "callback"]
    assert len(told) == 3
    assert all("on purpose" in words and "Traceback" in words for words in told)


def test_what_fails_is_raised_where_nobody_listens(reactor: Reactor) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    reactor.soon(fail)
    with pytest.raises(ZeroDivisionError):
        reactor.step(0)


def test_a_descriptor_that_another_handler_removed_is_not_called(clock: HandClock) -> None:
    loop = Reactor(MemoryPoller(), clock)
    pairs = [memory_pair(), memory_pair()]
    called: list[int] = []

    def handle(own: int) -> Callable[[int], None]:
        def handler(mask: int) -> None:
            called.append(own)
            loop.remove(pairs[1 - own][0].fd)

        return handler

    for number, (ours, theirs) in enumerate(pairs):
        theirs.send([b"x"])
        loop.add(ours.fd, READ, handle(number))
    loop.step(0)
    assert called == [0]


def test_a_descriptor_closed_and_reused_in_one_round_finds_nothing_to_read() -> None:
    loop = Reactor()
    pairs = [socket.socketpair(), socket.socketpair()]
    fresh: list[socket.socket] = []
    seen: list[bytes | None] = []

    def read_fresh(mask: int) -> None:
        try:
            seen.append(fresh[0].recv(1))
        except BlockingIOError:
            seen.append(None)

    def replace_other(own: int) -> Callable[[int], None]:
        def handler(mask: int) -> None:
            other = pairs[1 - own][0]
            fd = other.fileno()
            loop.remove(fd)
            other.close()
            fresh.extend(socket.socketpair())
            assert fresh[0].fileno() == fd
            fresh[0].setblocking(False)
            loop.add(fd, READ, read_fresh)

        return handler

    for number, (ours, theirs) in enumerate(pairs):
        theirs.send(b"x")
        loop.add(ours.fileno(), READ, replace_other(number))
    loop.step(0)
    assert seen == [None]
    loop.close()
    for end in (*fresh, *pairs[0], *pairs[1]):
        end.close()


def test_a_handler_gets_its_mask_and_interest_can_change(clock: HandClock) -> None:
    loop = Reactor(MemoryPoller(), clock)
    ours, theirs = memory_pair()
    masks: list[int] = []
    loop.add(ours.fd, 0, masks.append)
    theirs.send([b"x"])
    loop.step(0)
    loop.change(ours.fd, BOTH)
    loop.step(0)
    loop.remove(ours.fd)
    loop.step(0)
    assert masks == [BOTH]


def test_a_post_from_another_thread_ends_the_wait(awake: Reactor) -> None:
    callers: list[threading.Thread] = []

    def called() -> None:
        callers.append(threading.current_thread())
        awake.stop()

    thread = threading.Thread(target=lambda: awake.post(called))
    awake.soon(thread.start)  # the loop is in its round by then
    awake.run()
    thread.join()
    assert callers == [threading.current_thread()]


def test_posts_come_in_their_order_and_all_of_them(awake: Reactor) -> None:
    called: list[int] = []
    for number in range(5000):  # more than the descriptor that wakes the loop holds
        awake.post(partial(called.append, number))
    awake.step()
    while len(called) < 5000:
        awake.step()
    assert called == list(range(5000))


def test_a_post_from_a_posted_call_waits_for_the_next_round(awake: Reactor) -> None:
    called: list[str] = []
    awake.post(lambda: awake.post(lambda: called.append("inner")))
    awake.step()
    assert called == []
    awake.step()
    assert called == ["inner"]


def test_a_post_before_the_loop_is_open_to_posts_is_not_lost() -> None:
    loop = Reactor()
    loop.post(loop.stop)
    loop.open_to_posts()
    assert loop.open_to_posts() == loop.open_to_posts()
    loop.run()
    loop.close()
    loop.post(loop.stop)  # nobody waits any more, and nothing fails


def test_a_post_that_fails_is_told() -> None:
    told: list[str] = []
    loop = Reactor(failed=told.append)
    loop.open_to_posts()

    def fail() -> None:
        loop.stop()
        raise ZeroDivisionError

    loop.post(fail)
    loop.run()
    loop.close()
    assert len(told) == 1


def test_a_poke_ends_a_wait_without_a_call(awake: Reactor) -> None:
    awake.poke()
    awake.step()


class Rumour(Still):
    """A poller that tells of everything, true or not."""

    def add(self, fd: int, interest: int) -> None:
        self.fd = fd

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        return [(self.fd, READ)]


def test_a_wake_for_nothing_does_nothing(clock: HandClock) -> None:
    loop = Reactor(Rumour(), clock)
    loop.open_to_posts()
    loop.step()
    loop.close()


def test_stop_before_run_counts(reactor: Reactor, still: Still) -> None:
    reactor.stop()
    reactor.run()
    assert still.waits == []
    reactor.soon(reactor.stop)
    reactor.run()
    assert still.waits == [0]


def test_close_leaves_no_descriptor_open() -> None:
    loop = Reactor()
    fd = loop.open_to_posts()
    other = loop.fileno()
    loop.close()
    for each in (fd, other):
        with pytest.raises(OSError):
            socket.socket(fileno=each)


def test_the_best_poller_and_the_monotonic_clock_are_taken_where_none_is_given() -> None:
    loop = Reactor()
    assert loop.clock is time.monotonic
    assert loop.fileno() >= 0
    loop.close()


def test_what_is_asked_for_promptly_is_done_at_once_outside_of_a_round() -> None:
    clock = HandClock()
    reactor = Reactor(MemoryPoller(), clock)
    called: list[tuple[str, float]] = []
    clock.advance(3)

    def first() -> None:
        called.append(("first", reactor.now))
        reactor.promptly(lambda: called.append(("second", reactor.now)))
        called.append(("first ended", reactor.now))

    reactor.promptly(first)
    assert called == [("first", 1003.0), ("first ended", 1003.0), ("second", 1003.0)]
    assert reactor.due() is None


def test_within_a_round_what_is_asked_for_promptly_is_done_at_its_end() -> None:
    reactor = Reactor(MemoryPoller(), HandClock())
    called: list[str] = []

    def first() -> None:
        reactor.promptly(lambda: called.append("second"))
        called.append("first")

    reactor.soon(first)
    reactor.step(0)
    assert called == ["first"]
    assert reactor.due() == 0.0
    reactor.step(0)
    assert called == ["first", "second"]


def test_a_loop_around_this_one_is_told_of_each_moment_that_comes_before_the_others() -> None:
    clock = HandClock()
    reactor = Reactor(MemoryPoller(), clock)
    moments: list[float] = []
    reactor.earlier = moments.append
    reactor.at(1009, print)
    reactor.at(1007, print)
    reactor.at(1008, print)
    reactor.soon(lambda: None)
    reactor.promptly(lambda: reactor.soon(lambda: reactor.soon(lambda: None)))
    assert moments == [1009, 1007, 1000.0, 1000.0]
