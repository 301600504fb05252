"""The loop as a guest in another: its descriptor is readable when it has something to do."""

import asyncio
import select
import socket

from pellucid.net.pollers import READ
from pellucid.net.reactor import Reactor


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


def test_a_loop_is_a_guest_in_asyncio() -> None:
    async def host() -> list[bytes]:
        loop, guest = asyncio.get_running_loop(), Reactor()
        ours, theirs = socket.socketpair()
        got: list[bytes] = []
        done = asyncio.Event()

        def handler(mask: int) -> None:
            got.append(ours.recv(100))
            done.set()

        with ours, theirs:
            guest.add(ours.fileno(), READ, handler)
            loop.add_reader(guest.fileno(), guest.step, 0)
            theirs.send(b"hello")
            await asyncio.wait_for(done.wait(), 10)
            loop.remove_reader(guest.fileno())
        guest.close()
        return got

    assert asyncio.run(host()) == [b"hello"]
