"""What links, poller and clock in memory are beyond what every link is: the pipe's size, and readiness by hand."""

from pellucid.net.memory import HandClock, MemoryLink, MemoryPoller, memory_pair
from pellucid.net.pollers import BOTH, READ, WRITE


def test_the_clock_stands_until_a_hand_moves_it() -> None:
    clock = HandClock(5.0)
    assert (clock(), clock()) == (5.0, 5.0)
    clock.advance(1.5)
    assert clock() == 6.5


def test_the_pipe_holds_so_much_and_no_more() -> None:
    ours, theirs = memory_pair(holds=10)
    assert ours.send([b"0123456", b"789abc"]) == 10
    assert theirs.receive() == b"0123456789"
    assert ours.send([]) == 3
    assert theirs.receive() == b"abc"


def test_links_have_names_and_descriptors_of_their_own() -> None:
    ours, theirs = memory_pair(peer="198.51.100.7")
    assert (ours.peer, ours.local) == ("198.51.100.7", "192.0.2.80:80")
    assert ours.fd != theirs.fd


def polled(poller: MemoryPoller, link: MemoryLink) -> int:
    return dict(poller.poll(None)).get(link.fd, 0)


def test_readiness_follows_from_what_arrived_and_from_space() -> None:
    ours, theirs = memory_pair(holds=4)
    poller = MemoryPoller()
    poller.add(ours.fd, BOTH)
    assert polled(poller, ours) == WRITE
    theirs.send([b"x"])
    assert polled(poller, ours) == BOTH
    ours.send([b"full"])
    assert polled(poller, ours) == READ
    poller.change(ours.fd, 0)
    assert polled(poller, ours) == 0
    poller.remove(ours.fd)
    assert poller.poll(0) == []


def test_an_end_is_told_to_those_who_read_and_a_break_to_everybody() -> None:
    ours, theirs = memory_pair()
    poller = MemoryPoller()
    poller.add(ours.fd, 0)
    theirs.finish()
    assert polled(poller, ours) == 0
    theirs.abort()
    assert polled(poller, ours) == BOTH


def test_a_closed_link_is_no_longer_polled() -> None:
    ours, theirs = memory_pair()
    poller = MemoryPoller()
    poller.add(ours.fd, BOTH)
    theirs.send([b"x"])
    ours.close()
    assert poller.poll(None) == []
    assert poller.fileno() == -1
    poller.close()


def test_bytes_left_unread_at_a_close_break_the_other_end() -> None:
    ours, theirs = memory_pair()
    theirs.send([b"unread"])
    ours.send([b"an answer that the reset overtakes"])
    ours.close()
    assert theirs.receive() == b""
    assert "reset" in theirs.gone
