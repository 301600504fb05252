"""An even share: of several workers with the same ports, the one that holds the fewest connections takes the next."""

from __future__ import annotations

from pellucid.processes.board import CLOSED, Board

FRESH = 2_500_000_000
"""How old a beat may be of a worker that is waited for, in nanoseconds."""

SLACK = 2
"""By how many connections a worker may be ahead of another without waiting for it: to be even to the last is slow."""

PART = 16
"""For each so many connections that it holds itself, a worker may be ahead by one more."""

LONGEST = 8
"""How many rests in a row are enough, however far ahead a worker is."""

ALONE = 64
"""How many to take at once where nobody else takes any."""


class Share:
    """One worker's part. When a port has links, it asks `batch` how many to take now; 0 means to let others come first,
    and to ask again after a short rest: what still waits then is taken, since nobody else came for it. Who is far ahead
    rests longer.

    The system wakes all workers for a new link, and without this the one that is awake already would get most.
    """

    __slots__ = ("_board", "_rests", "_row")

    def __init__(self, board: Board, row: int) -> None:
        self._board = board
        self._row = row
        self._rests = 0

    def hold(self, count: int | None) -> None:
        """Tell the others how many connections are held, None while no more are accepted."""
        self._board.connections[self._row] = CLOSED if count is None else count

    def batch(self, now: float) -> int:
        """How many links to take now, in seconds of the monotonic clock."""
        rivals = self._rivals(now)
        if not rivals:
            return ALONE
        own = self._board.connections[self._row]
        slack = SLACK + own // PART
        ahead = own - min(rivals)
        if ahead <= slack or self._rests >= min(ahead // SLACK, LONGEST):
            self._rests = 0
            return max(1, slack + 1 - ahead)
        self._rests += 1
        return 0

    def _rivals(self, now: float) -> list[int]:
        # Who is stuck, or accepts none, is not waited for.
        board = self._board
        oldest = int(now * 1e9) - FRESH
        return [
            count
            for row, count in enumerate(board.connections[: board.height])
            if row != self._row and count != CLOSED and board.beats[row] >= oldest
        ]
