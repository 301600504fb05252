"""The pulse stands on the board, tells how late it was, and when a worker has served enough."""

import json
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.processes import pulse as module
from pellucid.processes.board import Board
from pellucid.processes.pulse import BEAT, Pulse, resident
from pellucid.processes.seat import Seat
from pellucid.processes.settings import ProcessSettings
from pellucid.watch import Watch


class Beating:
    """A pulse in the second row of a board, and what it said."""

    def __init__(self, chance: float = 0.0, **settings: Any) -> None:
        self.clock = HandClock()
        self.reactor = Reactor(MemoryPoller(), self.clock)
        self.board = Board(rows=2)
        self.watch = Watch()
        ours, self.theirs = socket.socketpair()
        ours.close()
        self.theirs.close()
        self.said: list[str] = []
        self.lags: list[float] = []
        seat = Seat(2, ours, self.board, -1)
        self.pulse = Pulse(self.reactor, seat, self.watch, ProcessSettings(**settings), chance)
        self.pulse.begin(self.said.append, self.lags.append)
        self.wait(0)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.reactor.step(0)


def test_each_second_the_time_stands_on_the_board() -> None:
    beating = Beating()
    beats = []
    for _ in range(3):
        beats.append(beating.board.beats[1] / 1e9)
        beating.wait(BEAT / 2)
        beating.wait(BEAT / 2)
    assert beats == [1000, 1001, 1002]
    assert beating.board.beats[0] == 0
    assert beating.said == []


def test_how_late_the_loop_comes_is_told() -> None:
    beating = Beating()
    beating.wait(BEAT + 0.25)
    assert beating.lags == [0.0, 0.25]


def test_it_says_so_at_every_beat_once_enough_requests_are_answered() -> None:
    beating = Beating(recycle_requests=3)
    for _ in range(3):
        assert beating.said == []
        for observer in beating.watch.ended:
            observer(None)
        beating.wait(BEAT)
    beating.wait(BEAT)
    assert beating.said == ["recycle " + json.dumps("recycle-requests: it has answered 3")] * 2


def test_the_age_is_judged_with_its_jitter() -> None:
    beating = Beating(chance=1.0, recycle_age=20.0)
    beating.wait(17.9)
    assert beating.said == []
    beating.wait(BEAT)
    assert len(beating.said) == 1


def test_the_memory_is_what_the_system_says() -> None:
    beating = Beating(recycle_memory=1 << 20)
    assert beating.said
    assert "recycle-memory" in beating.said[0]
    assert not Beating(recycle_memory=1 << 50).said


def test_requests_are_counted_only_where_it_matters() -> None:
    assert Beating().watch.ended == []


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_where_the_system_does_not_tell_it_is_the_most_that_there_was(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(path: str, **options: Any) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(module, "open", refuse, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    usage = type("Usage", (), {"ru_maxrss": 123})
    monkeypatch.setattr(resource, "getrusage", lambda who: usage)
    assert resident() == 123 * unit


def test_this_process_has_some_memory() -> None:
    assert resident() > os.sysconf("SC_PAGE_SIZE")
