"""Flow control (RFC 9113 section 5.2 and 6.9): how much a peer may send, and when it is told that it may send more.

A window that is opened again by each byte that was used would cost a frame for each; one that is opened late makes the
peer wait. So it is opened in lumps of a quarter: while one lump is on its way, three are left.

A connection's window holds all that its streams' may, and a lump beyond: else a few bodies that nobody reads would keep
those of others out, and who waits for these would blame the peer.
"""

from __future__ import annotations

LARGEST_WINDOW = (1 << 31) - 1
"""No window may become larger (section 6.9.1)."""

FIRST_WINDOW = 65535
"""How large every window is before anything else was said, in bytes (section 6.9.2)."""

STREAM_WINDOW = 256 << 10
"""How much of one request's body may wait here, in bytes, once something of it was read; before, it is FIRST_WINDOW."""

MANY_STREAMS = 100
"""How many streams a connection's window is made for where their number has no limit."""


def connection_window(streams: int) -> int:
    """How much of all bodies of a connection of so many streams may wait here, in bytes; 0 streams are any number."""
    return ((streams or MANY_STREAMS) + 1) * STREAM_WINDOW


class Inflow:
    """The window of what comes in. `left` is what the peer may still send, as far as it has been told."""

    __slots__ = ("_growth", "_lump", "_size", "_used", "left")

    def __init__(self, size: int, lump: int = 0) -> None:
        self.left = self._size = size
        self._lump = lump or size // 4
        self._used = self._growth = 0

    def take(self, count: int) -> bool:
        """So many bytes have come; answers whether they were allowed to."""
        self.left -= count
        return self.left >= 0

    def give_back(self, count: int) -> int:
        """So many bytes wait no longer; answers by how much the peer is to be told that the window has grown."""
        self._used += count
        if self._used < self._lump:
            return 0
        grown = self._used + self._growth
        self._lump += self._growth // 4
        self._used = self._growth = 0
        self.left += grown
        return grown

    def widen(self, size: int) -> None:
        """The window is to be this large; the peer is told with the next lump."""
        if size > self._size:
            self._growth = size - self._size
            self._size = size
