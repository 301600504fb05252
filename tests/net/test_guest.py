"""Tests of the reactor as a guest: in a loop of asyncio or uvloop nothing waits longer than alone."""

import asyncio
import importlib
import select
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from pellucid.net.guest import Guest, new_loop
from pellucid.net.pollers import READ
from pellucid.net.reactor import Reactor

PAST = 0.0


@pytest.fixture(params=["asyncio", "uvloop"])
def guest(request: pytest.FixtureRequest) -> Iterator[Guest]:
    faults: list[str] = []
    reactor = Reactor(failed=faults.append)
    made = Guest(reactor, request.param)
    made.faults = faults  # type: ignore[attr-defined]  # for the test to look at
    yield made
    if not made.loop.is_closed():
        made.close()
    reactor.close()


def test_a_loop_inside_an_epoll_set_is_readable_when_it_has_something_to_do() -> None:
    inner, outer = Reactor(), select.epoll()
    inner.open_to_posts()
    outer.register(inner.fileno(), READ)
    called: list[str] = []
    assert outer.poll(0) == []
    inner.post(lambda: called.append("posted"))
    assert outer.poll(1) == [(inner.fileno(), READ)]
    inner.step(0)
    assert called == ["posted"]
    assert outer.poll(0) == []
    outer.close()
    inner.close()


def test_a_descriptor_that_is_ready_is_handled(guest: Guest) -> None:
    ours, theirs = socket.socketpair()
    got: list[bytes] = []

    def handler(mask: int) -> None:
        got.append(ours.recv(100))
        guest.reactor.stop()

    with ours, theirs:
        guest.reactor.add(ours.fileno(), READ, handler)
        theirs.send(b"hello")
        guest.run()
        guest.reactor.remove(ours.fileno())
    assert got == [b"hello"]


def test_a_post_from_a_thread_wakes_the_host(guest: Guest) -> None:
    thread = threading.Thread(target=lambda: guest.reactor.post(guest.reactor.stop))
    guest.loop.call_soon(thread.start)
    guest.run()
    thread.join()


def at(reactor: Reactor, when: float, call: Callable[[], None]) -> None:
    reactor.at(when, call)


# How a call comes about outside of the reactor's rounds, in a task of the host, where nothing is ready.
CALLS: dict[str, Callable[[Reactor, Callable[[], None]], Any]] = {
    "a timer that is due": lambda reactor, call: reactor.at(PAST, call),
    "a timer that is due in a moment": lambda reactor, call: reactor.at(reactor.clock() + 0.001, call),
    "soon": lambda reactor, call: reactor.soon(call),
    "promptly": lambda reactor, call: reactor.promptly(call),
    "promptly, then soon": lambda reactor, call: reactor.promptly(lambda: reactor.soon(call)),
    "promptly, then a timer": lambda reactor, call: reactor.promptly(lambda: at(reactor, PAST, call)),
    "at once": lambda reactor, call: call(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_a_task_asks_of_the_reactor_is_done(guest: Guest, call: Callable[..., Any]) -> None:
    async def task() -> None:
        guest.reactor.at(guest.reactor.clock() + 1000, lambda: None)  # the host sleeps for long
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call(guest.reactor, guest.reactor.stop)

    running = guest.loop.create_task(task())
    guest.run()
    assert running.done()


def test_a_timer_that_a_handler_sets_is_kept(guest: Guest) -> None:
    reactor = guest.reactor
    reactor.post(lambda: at(reactor, reactor.now + 0.001, reactor.stop))
    guest.run()


def test_what_is_due_in_every_round_comes_in_the_next(guest: Guest) -> None:
    reactor, rounds = guest.reactor, 0

    def again() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 5:
            reactor.at(PAST, again)
        else:
            reactor.stop()

    reactor.at(PAST, again)
    guest.run()
    assert rounds == 5


def test_a_stop_before_the_run_is_seen_and_it_runs_again(guest: Guest) -> None:
    guest.reactor.stop()
    guest.run()
    guest.reactor.post(guest.reactor.stop)
    guest.run()


def test_what_a_handler_raises_is_told_by_the_reactor_and_the_others_are_called(guest: Guest) -> None:
    def fail() -> None:
        raise ZeroDivisionError("in a handler")

    guest.reactor.post(fail)
    guest.reactor.post(guest.reactor.stop)
    guest.run()
    (told,) = guest.faults  # type: ignore[attr-defined]
    assert "ZeroDivisionError: in a handler" in told


def test_a_task_that_would_end_the_process_does_not(guest: Guest) -> None:
    async def leaves() -> None:
        raise SystemExit(3)

    async def goes_on(task: asyncio.Task[None]) -> None:
        with pytest.raises(SystemExit):
            await task
        guest.reactor.stop()

    async def both() -> None:
        following.append(guest.loop.create_task(goes_on(guest.loop.create_task(leaves()))))

    following: list[asyncio.Task[None]] = []
    begun = guest.loop.create_task(both())
    guest.run()
    assert begun.done()
    assert following[0].done()
    assert "SystemExit: 3" in guest.faults[0]  # type: ignore[attr-defined]


def test_what_runs_and_what_generates_is_ended_with_the_loop(guest: Guest) -> None:
    ends: list[str] = []

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            ends.append("generator")

    async def task() -> None:
        async for _ in generate():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ends.append("task")

    running = guest.loop.create_task(task())
    guest.reactor.post(guest.reactor.stop)
    guest.run()
    guest.close()
    assert running.cancelled()
    assert ends == ["task", "generator"]
    assert guest.loop.is_closed()


def test_what_is_made_before_the_run_belongs_to_the_loop(guest: Guest) -> None:
    assert asyncio.get_event_loop() is guest.loop


@pytest.mark.parametrize("name", ["asyncio", "uvloop", "auto"])
def test_a_loop_is_had_by_its_name(name: str) -> None:
    loop = new_loop(name)
    assert type(loop).__module__.partition(".")[0] == ("asyncio" if name == "asyncio" else "uvloop")
    loop.close()


def test_a_loop_that_is_not_installed_is_named_or_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ImportError):
        importlib.import_module("uvloop")
    with pytest.raises(ValueError, match="the loop uvloop cannot be had"):
        new_loop("uvloop")
    loop = new_loop("auto")
    assert type(loop).__module__.startswith("asyncio")
    loop.close()


def test_an_unknown_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown loop 'trio': it is auto, asyncio or uvloop"):
        new_loop("trio")
