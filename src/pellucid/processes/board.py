"""The board: numbers in memory that a parent and its workers share; no lock and no file."""

from __future__ import annotations

import mmap

ROWS = 256
CLOSED = 1 << 62
"""What stands for the connections of a worker that accepts none: more than any other can have."""

CELL = 8


class Board:
    """A row of 64-bit cells for each worker, and two columns that all of them look at.

    `connections` tells how many connections each worker holds, CLOSED while it accepts none; `beats` when its loop last
    turned, in nanoseconds of the monotonic clock, 0 before that; `counters` are the cells of a row for whoever counts.
    Each row has one writer, its worker, and a cell is written whole. Rows never written to take no memory.
    """

    __slots__ = ("_cells", "_height", "_memory", "beats", "connections", "rows")

    def __init__(self, cells: int = 0, rows: int = ROWS) -> None:
        self.rows = rows
        shared = mmap.mmap(-1, (1 + rows * (2 + cells)) * CELL)  # anonymous, and the same memory in forked children
        memory = memoryview(shared).cast("Q")
        self._height = memory[:1]
        self.connections = memory[1 : 1 + rows]
        self.beats = memory[1 + rows : 1 + 2 * rows]
        self._memory = memory[1 + 2 * rows :]
        self._cells = cells
        for number in range(rows):
            self.connections[number] = CLOSED

    def counters(self, number: int) -> memoryview[int]:
        """The cells of a row."""
        return self._memory[number * self._cells : (number + 1) * self._cells]

    def open(self, number: int) -> None:
        """Make a row ready for its next worker."""
        self.beats[number] = 0
        self.connections[number] = CLOSED
        counters = self.counters(number)
        if counters.nbytes:
            counters[:] = memoryview(bytes(counters.nbytes)).cast("Q")
        self._height[0] = max(self._height[0], number + 1)

    @property
    def height(self) -> int:
        """How many rows, from the first on, have ever been used."""
        return self._height[0]
