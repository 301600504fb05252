"""Who holds fewer connections takes the next one, and nobody waits for a worker that does not turn."""

from collections.abc import Sequence

import pytest

from pellucid.processes.board import CLOSED, Board
from pellucid.processes.share import FRESH, Share

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
        (0, [0, 0], [], 1),
        (5, [5, 6], [], 1),
        (5, [9, 9], [], 1),
        (5, [4, 9], [], 0),
        (5, [4, 9], [1], 1),  # the one with fewer is stuck
        (5, [CLOSED, CLOSED], [], 1),
        (16, [15], [], 2),  # with many, a little ahead is even enough
        (16, [14], [], 0),
        (160, [150], [], 11),
        (160, [149], [], 0),
        (3, [], [], 1),
    ],
)
def test_who_is_ahead_lets_the_others_come_first(own: int, others: list[int], late: list[int], batch: int) -> None:
    assert Share(board_of([own, *others], late), 0).batch(NOW) == batch


def test_what_nobody_else_came_for_is_taken_after_a_rest() -> None:
    board = board_of([5, 4])
    share = Share(board, 0)
    assert [share.batch(NOW) for _ in range(4)] == [0, 1, 0, 1]


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
    assert max(board.connections[:4]) - min(board.connections[:4]) <= 2
