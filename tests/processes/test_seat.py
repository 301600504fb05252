"""A seat tells why its worker cannot serve."""

import json
import socket

import pytest

from pellucid.processes.board import Board
from pellucid.processes.seat import LONGEST, Seat


@pytest.mark.parametrize(("usage", "word"), [(False, "failed"), (True, "wrong")])
@pytest.mark.parametrize("why", ["short", "two\nlines and ü", "x" * (2 * LONGEST)])
def test_why_a_worker_cannot_serve_is_one_line(why: str, usage: bool, word: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Seat(1, ours, Board(rows=1), -1).fail(why, usage=usage)
        first, _, text = theirs.recv(1 << 20).decode().partition(" ")
    assert first == word
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert json.loads(text) == why[:LONGEST]


def test_without_a_parent_nobody_is_told() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        seat = Seat(3, ours, Board(rows=3), -1)
        seat.fail("why", usage=False)
        assert seat.row == 2
