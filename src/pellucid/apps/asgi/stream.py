"""A body on its way from an app that pushes to a connection that pulls; it knows no messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pellucid.message import NO_FIELDS, End, Headers
from pellucid.piece import FileSlice, Piece

ROOM = 65536
MOST_PIECES = 256
"""How many bytes, and how many pieces, wait here at the most before the app has to; its last piece comes on top."""


class Stream:
    """A source that is filled with `put`. `moved` is called when some of it has left, or nothing more will."""

    __slots__ = ("_end", "_moved", "_pieces", "closed", "held", "length")

    def __init__(self, length: int | None, moved: Callable[[], None]) -> None:
        self.length = length
        self.held = 0
        self.closed = False
        self._moved = moved
        self._pieces: deque[Piece] = deque()
        self._end: End | None = None

    @property
    def full(self) -> bool:
        """Whether the app is to wait before it gives more."""
        return self.held >= ROOM or len(self._pieces) >= MOST_PIECES

    def put(self, piece: Piece) -> None:
        """Take a piece, which may be empty; it is the stream's from now on."""
        if self.closed or not piece:
            _release(piece)
        else:
            self._pieces.append(piece)
            self.held += len(piece)

    def finish(self, trailers: Headers = NO_FIELDS) -> None:
        """Nothing more will be put."""
        self._end = End(trailers)

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece."""
        if not self._pieces:
            return self._end
        piece = self._pieces.popleft()
        if len(piece) > limit:
            piece = self._split(piece, limit)
        elif self._pieces and isinstance(piece, bytes):
            piece = self._join(piece, limit)
        self.held -= len(piece)
        self._moved()
        return piece

    def close(self) -> None:
        """Let go of what waits: nobody will pull it."""
        self.closed = True
        for piece in self._pieces:
            _release(piece)
        self._pieces.clear()
        self.held = 0
        self._moved()

    def _split(self, piece: Piece, limit: int) -> Piece:
        if isinstance(piece, bytes):
            self._pieces.appendleft(piece[limit:])
            return piece[:limit]
        first = FileSlice(piece.file, piece.offset, limit)
        piece.advance(limit)
        self._pieces.appendleft(piece)
        return first

    def _join(self, first: bytes, limit: int) -> bytes:
        # Small pieces that had to wait go out as one.
        together, size, pieces = [first], len(first), self._pieces
        while pieces and isinstance(pieces[0], bytes) and size + len(pieces[0]) <= limit:
            size += len(pieces[0])
            together.append(pieces[0])
            pieces.popleft()
        return b"".join(together)


def _release(piece: Piece) -> None:
    if isinstance(piece, FileSlice):
        piece.release()
