"""The board is memory that is shared, and each row starts anew with its next worker."""

import subprocess
import sys

from pellucid.processes.board import CLOSED, Board


def test_a_row_is_its_own_and_starts_anew() -> None:
    board = Board(cells=4, rows=3)
    assert [len(board.counters(row)) for row in range(3)] == [4, 4, 4]
    for row in range(3):
        board.open(row)
        board.counters(row)[:] = memoryview(bytes([row + 1] * 32)).cast("Q")
        board.connections[row] = row
        board.beats[row] = 7
    board.open(1)
    assert [board.counters(row)[0] % 256 for row in range(3)] == [1, 0, 3]
    assert list(board.connections) == [0, CLOSED, 2]
    assert list(board.beats) == [7, 0, 7]


def test_it_is_as_high_as_the_highest_row_ever_used() -> None:
    board = Board()
    assert board.height == 0
    board.open(4)
    board.open(1)
    assert board.height == 5
    assert len(board.counters(4)) == 0


SHARED = """
import os
from pellucid.processes.board import Board
board = Board(cells=1, rows=2)
pid = os.fork()
if pid == 0:
    board.connections[1] = 12
    board.counters(1)[0] = 1 << 63
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(board.connections[1], board.counters(1)[0])
"""


def test_what_another_process_writes_is_seen() -> None:
    done = subprocess.run([sys.executable, "-c", SHARED], capture_output=True, text=True, timeout=30)
    assert done.stdout == f"12 {1 << 63}\n"
