"""One battery over every poller: they watch alike, whatever the system calls them."""

import os
import select
import socket
from collections.abc import Callable, Iterator

import fake_kqueue
import pytest

from pellucid.net import pollers
from pellucid.net.pollers import (
    BOTH,
    READ,
    WRITE,
    EpollPoller,
    KqueuePoller,
    Poller,
    PollPoller,
    SelectPoller,
    best_poller,
)

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["epoll", "poll", "select", "kqueue"])
def poller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Poller]:
    if request.param == "kqueue" and not hasattr(select, "kqueue"):
        monkeypatch.setattr(pollers, "select", fake_kqueue)
    elif request.param != "kqueue" and not hasattr(select, request.param):
        pytest.skip(f"this system has no {request.param}")
    kinds: dict[str, Callable[[], Poller]] = {
        "epoll": EpollPoller,
        "poll": PollPoller,
        "select": SelectPoller,
        "kqueue": KqueuePoller,
    }
    made: Poller = kinds[request.param]()
    yield made
    made.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    yield pair
    for end in pair:
        end.close()


def fill(end: socket.socket) -> None:
    """Send until the kernel takes no more."""
    try:
        while True:
            end.send(bytes(65536))
    except BlockingIOError:
        pass


def polled(poller: Poller, end: socket.socket, timeout: float = 0) -> int:
    """What the poller tells of this end, the bits of errors aside."""
    return dict(poller.poll(timeout)).get(end.fileno(), 0) & BOTH


def test_nothing_is_told_while_nothing_happens(poller: Poller, ends: Ends) -> None:
    assert poller.poll(0) == []
    poller.add(ends[0].fileno(), READ)
    assert poller.poll(0) == []
    assert poller.poll(0.001) == []


def test_what_was_not_taken_is_told_again(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    poller.add(ours.fileno(), READ)
    theirs.send(b"x")
    assert polled(poller, ours, 1) == READ
    assert polled(poller, ours) == READ
    ours.recv(1)
    assert polled(poller, ours) == 0


@pytest.mark.parametrize(("interest", "told"), [(0, 0), (READ, READ), (WRITE, WRITE), (BOTH, BOTH)])
def test_only_what_was_asked_for_is_told(poller: Poller, ends: Ends, interest: int, told: int) -> None:
    ours, theirs = ends
    theirs.send(b"x")
    poller.add(ours.fileno(), interest)
    masks = [mask for _, mask in poller.poll(0)]
    assert sum(masks) == told  # kqueue tells one thing at a time


def test_interest_can_change(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    theirs.send(b"x")
    poller.add(ours.fileno(), 0)
    for interest in (READ, WRITE, READ, 0, BOTH, BOTH, 0):
        poller.change(ours.fileno(), interest)
        assert sum(mask for _, mask in poller.poll(0)) == interest


def test_a_full_pipe_is_not_ready_to_be_written(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    poller.add(ours.fileno(), BOTH)
    fill(ours)
    assert polled(poller, ours) == 0
    while theirs in select.select([theirs], [], [], 0)[0]:
        theirs.recv(1 << 20)
    assert polled(poller, ours, 1) == WRITE


def test_what_was_removed_is_not_told(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    poller.add(ours.fileno(), READ)
    poller.add(theirs.fileno(), READ)
    theirs.send(b"x")
    poller.remove(ours.fileno())
    assert poller.poll(0) == []
    poller.add(ours.fileno(), READ)
    assert polled(poller, ours, 1) == READ


def test_several_are_told_together(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    for end, other in (ends, ends[::-1]):
        poller.add(end.fileno(), READ)
        other.send(b"x")
    assert dict(poller.poll(1)) == {ours.fileno(): READ, theirs.fileno(): READ}


def test_an_end_can_be_read(poller: Poller, ends: Ends) -> None:
    ours, theirs = ends
    poller.add(ours.fileno(), READ)
    theirs.close()
    assert polled(poller, ours, 1) & READ


@pytest.mark.parametrize("kind", [EpollPoller, PollPoller])
def test_a_hang_up_is_told_unasked(kind: type[Poller], ends: Ends) -> None:
    poller = kind()
    ours, theirs = ends
    poller.add(ours.fileno(), 0)
    theirs.close()
    [(fd, mask)] = poller.poll(1)
    assert fd == ours.fileno()
    assert mask not in (0, WRITE)
    poller.close()


def test_the_set_of_epoll_is_itself_readable(ends: Ends) -> None:
    poller = EpollPoller()
    ours, theirs = ends
    poller.add(ours.fileno(), READ)
    assert select.select([poller.fileno()], [], [], 0)[0] == []
    theirs.send(b"x")
    assert select.select([poller.fileno()], [], [], 1)[0] == [poller.fileno()]
    poller.close()


@pytest.mark.parametrize("kind", [PollPoller, SelectPoller])
def test_poll_and_select_have_no_descriptor(kind: type[Poller]) -> None:
    assert kind().fileno() == -1


def test_select_refuses_what_it_cannot_name(ends: Ends) -> None:
    high = os.dup2(ends[0].fileno(), pollers.NAMEABLE)
    try:
        poller = SelectPoller()
        with pytest.raises(OSError):
            poller.add(high, READ)
        assert poller.poll(0) == []
    finally:
        os.close(high)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"epoll", "poll"}, EpollPoller),
        ({"kqueue", "poll"}, KqueuePoller),
        ({"poll"}, PollPoller),
        (set(), SelectPoller),
    ],
)
def test_the_best_of_the_system_is_taken(names: set[str], kind: type[Poller], monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        pass

    makers = {"epoll": select.epoll, "poll": select.poll, "kqueue": fake_kqueue.kqueue}
    for name in names:
        setattr(Module, name, makers[name])
    monkeypatch.setattr(pollers, "select", Module)
    poller = best_poller()
    assert type(poller) is kind
    poller.close()
