"""Tests of waiters: a wake is for all who wait at that time, and for nobody else."""

import asyncio

from pellucid.apps.asgi.waiters import Waiters


def test_a_wake_is_for_all_who_wait() -> None:
    async def play() -> list[None]:
        waiters = Waiters(asyncio.get_running_loop())
        waiting = [asyncio.ensure_future(waiters.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        waiters.wake()
        return await asyncio.gather(*waiting)

    assert asyncio.run(play()) == [None] * 3


def test_a_wake_that_nobody_waits_for_is_not_kept() -> None:
    async def play() -> bool:
        waiters = Waiters(asyncio.get_running_loop())
        waiters.wake()
        late = asyncio.ensure_future(waiters.wait())
        for _ in range(3):
            await asyncio.sleep(0)
        woken = late.done()
        late.cancel()
        return woken

    assert not asyncio.run(play())


def test_one_that_is_cancelled_takes_nobody_with_it() -> None:
    async def play() -> tuple[bool, bool]:
        waiters = Waiters(asyncio.get_running_loop())
        first, second = (asyncio.ensure_future(waiters.wait()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        waiters.wake()  # before the cancelled one has run, as a wake from the same round may be
        await asyncio.wait([first, second])
        return first.cancelled(), second.cancelled()

    assert asyncio.run(play()) == (True, False)


def test_those_who_were_cancelled_do_not_pile_up() -> None:
    async def play() -> int:
        waiters = Waiters(asyncio.get_running_loop())
        for _ in range(100):
            waiters.wait().cancel()
        return len(waiters._futures)

    assert asyncio.run(play()) == 1
