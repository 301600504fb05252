"""Who holds fewer connections takes the next one, and nobody waits for a worker that does not turn."""

from collections.abc import Sequence

import pytest

from pellucid.processes.board import CLOSED, Board
from pellucid.processes.share import ALONE, FRESH, LONGEST, SLACK, Share

NOW = 1000.0


def board_of(connections: Sequence[int], late: Sequence[int] = ()) -> Board:
    """A board with these connections, where some are late with their beats."""
    board = Board(rows=8)
    for row, count in enumerate(connections):
        board.open(row)
        board.connections[row] = count
        board.beats[row] = int(NOW * 1e9) - (FRESH + 1 if row in late else 0)
    return board


@pytest.mark.parametrize(
    ("own", "others", "late", "batch"),
    [
        (0, [0, 0], [], 3),
        (5, [5, 6], [], 3),
        (5, [9, 9], [], 7),
        (5, [3, 9], [], 1),
        (5, [2, 9], [], 0),
        (5, [2, 9], [1], 7),  # the one with fewer is stuck
        (5, [2, 9], [1, 2], ALONE),
        (5, [CLOSED, CLOSED], [], ALONE),
        (3, [], [], ALONE),
        (160, [148], [], 1),  # with many, a little ahead is even enough
        (160, [147], [], 0),
    ],
)
def test_who_is_ahead_lets_the_others_come_first(own: int, others: list[int], late: list[int], batch: int) -> None:
    assert Share(board_of([own, *others], late), 0).batch(NOW) == batch


@pytest.mark.parametrize(
    ("ahead", "asked"),
    [(3, [0, 1, 0, 1]), (4, [0, 0, 1, 0, 0, 1]), (6, [0, 0, 0, 1]), (15, [0] * 7 + [1]), (500, [0] * LONGEST + [1, 0])],
)
def test_what_nobody_else_comes_for_is_taken_after_a_rest_the_longer_the_further_ahead(
    ahead: int, asked: list[int]
) -> None:
    share = Share(board_of([ahead, 0]), 0)
    assert [share.batch(NOW) for _ in asked] == asked


def test_what_is_held_stands_on_the_board() -> None:
    board = board_of([0, 0])
    share = Share(board, 1)
    share.hold(7)
    assert list(board.connections[:2]) == [0, 7]
    share.hold(None)
    assert board.connections[1] == CLOSED


def test_many_clients_at_once_are_shared_evenly() -> None:
    board = board_of([0] * 4)
    shares = [Share(board, row) for row in range(4)]
    left = 64
    while left:
        for row, share in enumerate(shares):  # the system wakes all of them for each
            taken = min(left, share.batch(NOW))
            left -= taken
            share.hold(board.connections[row] + taken)
    assert max(board.connections[:4]) - min(board.connections[:4]) <= SLACK + 1
