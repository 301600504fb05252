"""A body that a thread makes while the loop sends it: the thread waits while the client does not read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition

from pellucid.message import END, End
from pellucid.piece import Piece

BUFFER = 262144
"""How many bytes wait for the loop before the thread is held up. With less, the two hand over to each other more often:
a streamed 1 MiB cost twice as much with a quarter of it.
"""


class Stream:
    """A source whose pieces come from another thread, by `put` and `end`; `wake` asks the loop to pull again.

    It ends early when the loop closes it, since nobody is there any more to read: then `put` says so at once, be it to
    a thread that waits in it.
    """

    __slots__ = ("_changed", "_chunks", "_held", "_hungry", "_wake", "closed", "ended", "length")

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._changed = Condition()
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._hungry = False
        self.ended = False
        self.closed = False
        self.length: int | None = None

    # In the thread

    def put(self, chunk: bytes) -> bool:
        """Give a chunk that is not empty, once there is room for it; False if nobody wants it."""
        with self._changed:
            while self._held >= BUFFER and not self.closed:
                self._changed.wait()
            if self.closed:
                return False
            self._chunks.append(chunk)
            self._held += len(chunk)
            self._feed()
            return True

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self.ended = True
            self._feed()

    def _feed(self) -> None:
        if self._hungry:
            self._hungry = False
            self._wake()

    # In the loop

    def whole(self) -> bytes | None:
        """All of it, if it has ended already: then its length is known, and it need not be a stream."""
        with self._changed:
            if not self.ended:
                return None
            self._held = 0
            return b"".join(self._chunks)

    def pull(self, limit: int) -> Piece | End | None:
        """What waits, up to the limit: small chunks go out together."""
        with self._changed:
            if not self._chunks:
                self._hungry = not self.ended
                return END if self.ended else None
            piece = self._take(limit)
            self._held -= len(piece)
            if self._held < BUFFER:
                self._changed.notify()
            return piece

    def _take(self, limit: int) -> bytes:
        chunks = self._chunks
        if self._held <= limit:
            piece = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            chunks.clear()
            return piece
        taken, size = [], 0
        while size + len(chunks[0]) <= limit:
            size += len(chunks[0])
            taken.append(chunks.popleft())
        if not taken:
            first = chunks[0]
            chunks[0] = first[limit:]
            return first[:limit]
        return b"".join(taken)

    def close(self) -> None:
        """Nobody will pull any more."""
        with self._changed:
            self.closed = True
            self._chunks.clear()
            self._held = 0
            self._changed.notify()
