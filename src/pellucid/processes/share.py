"""An even share: of several workers with the same ports, the one that holds the fewest connections takes the next."""

from __future__ import annotations

from pellucid.processes.board import CLOSED, Board

FRESH = 3_000_000_000
"""How old a beat may be of a worker that is waited for, in nanoseconds."""

SLACK = 16
"""The part of its connections, one in so many, by which a worker may be ahead of the others: with many, one at a time
would be slow.
"""


class Share:
    """One worker's part. When a port has links, it asks `batch` how many to take now; 0 means to let others come first,
    and to ask again after a short rest: what still waits then is taken, since nobody else came for it.

    The system wakes all workers for a new link, and without this the one that is awake already would get most.
    """

    __slots__ = ("_board", "_rested", "_row")

    def __init__(self, board: Board, row: int) -> None:
        self._board = board
        self._row = row
        self._rested = False

    def hold(self, count: int | None) -> None:
        """Tell the others how many connections are held, None once no more are accepted."""
        self._board.connections[self._row] = CLOSED if count is None else count

    def batch(self, clock: float) -> int:
        """How many links to take now; the clock is the monotonic one, in seconds."""
        board, row = self._board, self._row
        own = board.connections[row]
        oldest = int(clock * 1e9) - FRESH
        least = own
        for other, count in enumerate(board.connections[: board.height]):
            # Who is stuck is not waited for.
            if count < least and other != row and board.beats[other] >= oldest:
                least = count
        slack = own // SLACK
        if own <= least + slack or self._rested:
            self._rested = False
            return 1 + slack
        self._rested = True
        return 0
