"""A link from a trusted proxy is held until it has told who its client is; all others go on at once."""

import socket

import pytest

from pellucid.net.link import Link, PlainLink
from pellucid.net.memory import HandClock, MemoryLink, MemoryPoller, memory_pair
from pellucid.net.port import Exhausted
from pellucid.net.preamble import SIGNATURE
from pellucid.net.proxied import Preambles
from pellucid.net.reactor import Reactor
from pellucid.net.trusted import Trusted

LINE = b"PROXY TCP4 198.51.100.1 203.0.113.80 4711 443\r\n"
BINARY = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([198, 51, 100, 1, 203, 0, 113, 80, 0x12, 0x67, 0x01, 0xBB])
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Gate:
    """A greeter with its loop, and what it let through."""

    def __init__(self, *trusted: str, patience: float = 10.0) -> None:
        self.clock = HandClock()
        self.poller = MemoryPoller()
        self.reactor = Reactor(self.poller, self.clock)
        self.notes: list[str] = []
        self.greeted: list[Link | None] = []
        self.greeter = Preambles(self.reactor, Trusted(trusted or ("192.0.2.0/24",)), patience, self.notes.append)

    def bring(self, peer: str = "192.0.2.1") -> tuple[MemoryLink, MemoryLink]:
        ours, theirs = memory_pair(peer=peer)
        self.greeter(ours, self._take)
        return ours, theirs

    def _take(self, link: Link | None, refused: str = "") -> None:
        self.greeted.append(link)

    def settle(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        self.reactor.step(0)
        for _ in range(100):
            if not self.poller.poll(0):
                return
            self.reactor.step(0)
        raise AssertionError("the loop spins")

    @property
    def idle(self) -> bool:
        """Whether nothing is watched and nothing is due."""
        return not self.poller._interest and self.reactor.due() is None


@pytest.mark.parametrize("data", [LINE, BINARY])
def test_who_the_client_is_is_told_and_nothing_behind_is_taken(data: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([data + HELLO])
    gate.settle()
    assert gate.greeted == [ours]
    assert (ours.peer, ours.peer_port, ours.local) == ("198.51.100.1", 4711, "203.0.113.80:443")
    assert ours.receive() == HELLO
    assert gate.idle
    assert gate.notes == []


@pytest.mark.parametrize("data", [LINE, BINARY])
def test_it_may_come_byte_by_byte_and_nothing_spins_meanwhile(data: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    for number in range(len(data)):
        assert gate.greeted == []
        theirs.send([data[number : number + 1]])
        gate.settle()
    assert gate.greeted == [ours]
    assert ours.receive() is None


def test_a_proxy_that_speaks_for_itself_keeps_its_address() -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([b"PROXY UNKNOWN\r\n"])
    gate.settle()
    assert gate.greeted == [ours]
    assert (ours.peer, ours.local) == ("192.0.2.1", "192.0.2.80:80")


def test_whom_nobody_trusts_goes_on_at_once_with_all_that_it_sent() -> None:
    gate = Gate("10.0.0.0/8")
    ours, theirs = gate.bring()
    assert gate.greeted == [ours]
    theirs.send([LINE])
    assert ours.receive() == LINE
    assert gate.idle


@pytest.mark.parametrize("data", [HELLO, b"PROXY TCP4 x\r\n", b"\x16\x03"])
def test_a_trusted_proxy_that_begins_otherwise_is_cut_and_said_so(data: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([data])
    gate.settle()
    assert gate.greeted == [None]
    assert ours.closed
    assert theirs.broken
    assert len(gate.notes) == 1
    assert gate.notes[0].startswith("192.0.2.1 closed: ")
    assert gate.notes[0].endswith(", which trusted proxies begin with")
    assert gate.idle


def test_a_preamble_has_its_time() -> None:
    gate = Gate(patience=10.0)
    _, theirs = gate.bring()
    theirs.send([LINE[:10]])
    gate.settle(9.9)
    assert gate.greeted == []
    gate.settle(0.1)
    assert gate.greeted == [None]
    assert gate.notes == ["192.0.2.1 closed: head-time"]
    assert gate.idle


def test_without_patience_it_waits_for_ever() -> None:
    gate = Gate(patience=0.0)
    _, theirs = gate.bring()
    gate.settle(1e6)
    theirs.send([LINE])
    gate.settle()
    assert gate.greeted != []
    assert gate.idle


@pytest.mark.parametrize("sent", [b"", LINE[:5]])
def test_a_check_that_only_connects_is_no_news(sent: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    if sent:
        theirs.send([sent])
    theirs.finish()
    gate.settle()
    assert gate.greeted == [None]
    assert ours.closed
    assert gate.notes == []
    assert gate.idle


def test_at_the_end_none_is_waited_for() -> None:
    gate = Gate()
    pairs = [gate.bring() for _ in range(3)]
    gate.greeter.close()
    assert gate.greeted == [None] * 3
    assert all(ours.closed for ours, _ in pairs)
    assert gate.idle


def test_where_nothing_more_can_be_watched_the_link_is_closed() -> None:
    gate = Gate()

    def full(fd: int, interest: int) -> None:
        raise OSError(28, "No space left on device")

    gate.poller.add = full  # type: ignore[method-assign]  # a poller that is full
    with pytest.raises(Exhausted):
        gate.bring()
    assert gate.greeted == [None]


def test_one_whose_connection_cannot_be_had_is_told() -> None:
    gate = Gate()

    def exhausted(link: Link | None, refused: str = "") -> None:
        raise Exhausted("Too many open files")

    ours, theirs = memory_pair()
    gate.greeter(ours, exhausted)
    theirs.send([LINE])
    gate.settle()
    assert gate.notes == ["Too many open files: a connection was closed"]


def test_a_socket_is_looked_at_without_taking_from_it() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        link = PlainLink(ours, "192.0.2.1", "192.0.2.80:80")
        assert link.peek(10) is None
        theirs.send(b"hello")
        assert link.peek(2) == b"he"
        assert link.receive(3) == b"hel"
        assert link.peek(10) == b"lo"
        assert link.receive() == b"lo"
        theirs.shutdown(socket.SHUT_WR)
        assert link.peek(10) == b""
        link.close()
