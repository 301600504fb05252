"""The body of an ASGI app's answer, where it is not one piece of bytes; it knows no messages, and never waits."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.apps.asgi.stream import Stream
from pellucid.errors import WrongAnswer
from pellucid.message import Field, Headers
from pellucid.piece import Piece

SPREE = 1 << 20
"""After how many bytes an app that never has to wait lets others have their turn; each piece counts for 1 KiB more."""


class Parts:
    """A body that comes in parts, and goes out by its `stream`.

    `length` is what the parts have to add up to, None for anything; an `endless` one never does. `trailers` is whether
    the app announced some; `moved` is called when the stream moves.
    """

    __slots__ = ("_endless", "_given", "_length", "_tail", "spree", "stream", "trailers")

    def __init__(self, length: int | None, endless: bool, trailers: bool, moved: Callable[[], None]) -> None:
        self.stream = Stream(None, moved)
        self.trailers = trailers
        self.spree = 0  # how much was given since the app had to wait
        self._length = length
        self._endless = endless
        self._given = 0
        self._tail: tuple[Field, ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether no more of it will go out, as of the body of an answer to HEAD."""
        return self.stream.closed

    @property
    def in_vain(self) -> bool:
        """Whether so much of it was dropped that an app should be told, or it might never stop."""
        return self.stream.closed and (self._endless or self._given > SPREE)

    def check(self, size: int, last: bool) -> None:
        """WrongAnswer if a part of this size breaks the length. What is refused does not count."""
        if self._length is not None:
            check_length(self._given + size, self._length, last)

    def put(self, piece: Piece) -> None:
        """Take a part that was checked."""
        self._given += len(piece)
        self.spree += len(piece) + 1024
        self.stream.put(piece)

    def put_trailers(self, trailers: Headers, last: bool) -> None:
        """Take trailer fields, of which the last end it."""
        self._tail += trailers.fields
        if last:
            self.stream.finish(Headers(self._tail))


def check_length(given: int, length: int, last: bool) -> None:
    """WrongAnswer if so many bytes cannot be, or where they are the last are not, a body of this length.

    The engine checks it too; here the mistake is told where it was made.
    """
    if given > length or (last and given < length):
        what = "" if last else " or more"
        raise WrongAnswer(f"a body of {given} bytes{what} with a Content-Length of {length} (RFC 9110 8.6)")
