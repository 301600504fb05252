"""A body that is compressed while it is pulled; it knows no coding and no header field."""

from __future__ import annotations

import errno
from collections.abc import Callable

from pellucid.errors import FileChanged, WrongAnswer
from pellucid.features.compression.codings import Encoder
from pellucid.message import End
from pellucid.piece import FileSlice, Piece, Source

PORTION = 65536
"""How much is taken of the body at once, in bytes."""

MOST = 2 * PORTION
"""How much of it is taken at the most before something goes out: nobody else is served meanwhile."""

DIGESTS = (b"content-digest", b"content-md5", b"digest", b"repr-digest")
"""Fields that tell of the bytes of a body, and hold no longer for others (RFC 9530)."""


class Coded:
    """A source that gives what an encoder makes of another one. What that one gives goes out at once: where it has
    nothing more for now, all that the encoder keeps is given.

    One piece of the body and what was made of it are held at the most, besides what the encoder itself holds.
    """

    __slots__ = ("_closed", "_declared", "_encoder", "_end", "_kept", "_ready", "_source", "_taken", "length")

    def __init__(self, source: Source, encoder: Encoder, declared: int | None, closed: Callable[[], None]) -> None:
        """`declared` is the length that was said of the source, None if none was; `closed` is called with `close`."""
        self.length: int | None = None
        self._source = source
        self._encoder = encoder
        self._declared = declared
        self._closed = closed
        self._ready = memoryview(b"")
        self._end: End | None = None
        self._kept = False  # whether the encoder may hold something back
        self._taken = 0

    def pull(self, limit: int) -> Piece | End | None:
        """What there is, all of it if it fits. WrongAnswer where the source is not as long as was said of it, since no
        length tells the client so.
        """
        if not self._ready:
            if self._end is not None:
                return self._end
            made = self._make()
            if not made:
                return self._end
            if len(made) <= limit:
                return made
            self._ready = memoryview(made)
        piece, self._ready = bytes(self._ready[:limit]), self._ready[limit:]
        return piece

    def close(self) -> None:
        """As the source."""
        self._ready = memoryview(b"")
        try:
            self._source.close()
        finally:
            self._closed()

    def _make(self) -> bytes:
        # Empty where there is nothing for now, or nothing more.
        since = 0
        while True:
            piece = self._source.pull(PORTION) if since < MOST else None
            if piece is None:
                if not self._kept:
                    return b""
                self._kept, since = False, 0
                made = self._encoder.flush()
            elif isinstance(piece, End):
                return self._finish(piece)
            else:
                data = piece if isinstance(piece, bytes) else _read(piece)
                since += len(data)
                self._count(len(data))
                self._kept = True
                made = self._encoder.encode(data)
            if made:
                return made

    def _finish(self, end: End) -> bytes:
        if self._declared is not None and self._taken != self._declared:
            raise WrongAnswer(f"the body is {self._declared - self._taken} bytes shorter than was said of it")
        if any(name in end.trailers for name in DIGESTS):
            end = End(end.trailers.without(*DIGESTS))
        self._end = end
        return self._encoder.finish()

    def _count(self, size: int) -> None:
        self._taken += size
        if self._declared is not None and self._taken > self._declared:
            raise WrongAnswer("the body is longer than was said of it (RFC 9110 8.6)")


def _read(piece: FileSlice) -> bytes:
    size = len(piece)
    try:
        data = piece.read(size)
        while len(data) < size:
            part = piece.read(size - len(data))
            if not part:
                raise FileChanged(errno.ESTALE, "the file became shorter while it was sent")
            data += part
        return data
    finally:
        piece.release()
