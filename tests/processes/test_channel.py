"""A channel carries lines both ways, whole, and tells its end once."""

import socket

from pellucid.net.reactor import Reactor
from pellucid.processes.channel import LONGEST, Channel


class Ends:
    """A channel and the bare other end of it."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        ours, self.theirs = socket.socketpair()
        self.heard: list[str] = []
        self.ends = 0
        self.channel = Channel(self.reactor, ours, self.heard.append, self._ended)

    def _ended(self) -> None:
        self.ends += 1

    def settle(self) -> None:
        for _ in range(50):
            self.reactor.step(0)

    def close(self) -> None:
        self.channel.close()
        self.theirs.close()
        self.reactor.close()


def test_lines_are_heard_whole_however_they_are_cut() -> None:
    ends = Ends()
    for part in (b"one\ntw", b"o\nthr", b"ee", b"\n\nfour\n"):
        ends.theirs.sendall(part)
        ends.settle()
    assert ends.heard == ["one", "two", "three", "", "four"]
    ends.close()


def test_what_is_said_is_one_line() -> None:
    ends = Ends()
    ends.channel.say("stop 10 1")
    ends.channel.say("two\nlines")
    assert ends.theirs.recv(100) == b"stop 10 1\ntwo lines\n"
    ends.close()


def test_last_words_are_heard_without_waiting_for_the_loop() -> None:
    ends = Ends()
    ends.theirs.sendall(b"failed\n")
    ends.theirs.close()
    ends.channel.listen()
    assert ends.heard == ["failed"]
    ends.channel.listen()
    assert ends.ends == 1
    ends.channel.listen()
    ends.channel.say("nobody is there")
    ends.settle()
    assert ends.ends == 1
    ends.close()


def test_nobody_who_listens_is_waited_for() -> None:
    ends = Ends()
    for _ in range(10_000):
        ends.channel.say("x" * 1000)
    ends.close()


def test_a_line_without_end_is_cut() -> None:
    ends = Ends()
    ends.theirs.setblocking(False)
    for _ in range(3 * LONGEST // 65536):
        ends.theirs.send(b"x" * 65536)
        ends.settle()
    ends.theirs.send(b"\n")
    ends.settle()
    assert [len(line) for line in ends.heard] == [LONGEST]
    ends.close()


def test_a_forked_child_closes_its_end_and_leaves_the_loop_alone() -> None:
    ends = Ends()
    ends.channel.abandon()
    assert ends.theirs.recv(100) == b""
    ends.theirs.close()
    ends.reactor.close()
