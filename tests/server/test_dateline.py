"""The Date line: spelled once a second, true to the world's clock."""

from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.server.dateline import DateLine


def test_the_line_changes_with_the_worlds_second_and_is_spelled_once_for_it() -> None:
    clock, wall = HandClock(50.0), HandClock(784111777.75)
    asked: list[float] = []

    def world() -> float:
        asked.append(wall.now)
        return wall.now

    reactor = Reactor(MemoryPoller(), clock)
    line = DateLine(reactor, world)
    assert line() == line() == b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    for seconds in (0.125, 0.124):
        clock.advance(seconds)
        wall.advance(seconds)
        reactor.step(0)
        assert line() == b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert len(asked) == 1
    clock.advance(0.001)
    wall.advance(0.001)
    reactor.step(0)
    assert line() == b"date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    assert len(asked) == 2
