"""Flow control (RFC 9113 section 5.2 and 6.9): how much a peer may send, and when it is told that it may send more.

A window that is opened again by each byte that was used would cost a frame for each; one that is opened late makes the
peer wait. So it is opened in lumps of a quarter: while one lump is on its way, three are left.
"""

from __future__ import annotations

LARGEST_WINDOW = (1 << 31) - 1
"""No window may become larger (section 6.9.1)."""

FIRST_WINDOW = 65535
"""How large every window is before anything else was said, in bytes (section 6.9.2)."""

STREAM_WINDOW = 256 << 10
"""How much of one request's body may wait here, in bytes."""

CONNECTION_WINDOW = 1 << 20
"""How much of all bodies of a connection may wait here, in bytes."""


class Inflow:
    """The window of what comes in. `left` is what the peer may still send, as far as it has been told."""

    __slots__ = ("_lump", "_used", "left")

    def __init__(self, size: int) -> None:
        self.left = size
        self._lump = size // 4
        self._used = 0

    def take(self, count: int) -> bool:
        """So many bytes have come; answers whether they were allowed to."""
        self.left -= count
        return self.left >= 0

    def give_back(self, count: int) -> int:
        """So many bytes wait no longer; answers by how much the peer is to be told that the window has grown."""
        self._used += count
        if self._used < self._lump:
            return 0
        grown, self._used = self._used, 0
        self.left += grown
        return grown
