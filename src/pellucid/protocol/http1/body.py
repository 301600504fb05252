"""How a request's body is told from what follows (RFC 9112 section 6, 7), and what comes through a tunnel."""

from __future__ import annotations

from typing import Protocol

from pellucid.message import Data, End, Headers
from pellucid.protocol.content import too_large
from pellucid.protocol.fields import Broken, check_trailers, parse_line
from pellucid.protocol.grammar import CHUNK
from pellucid.protocol.inbox import Inbox
from pellucid.protocol.limits import UNBOUNDED, Limits

CHUNK_LINE = 256
"""The longest chunk-size line with its extensions, in bytes."""

CHUNK_LINE_TOO_LONG = f"a chunk-size line of more than {CHUNK_LINE} bytes (RFC 9112 7.1.1)"

EXTENSIONS = 16384
"""How long the extensions of all chunks of a body may be together, in bytes: they are read only to be dropped."""


class Decoder(Protocol):
    """Takes a body out of an inbox."""

    @property
    def left(self) -> int | None:
        """How many bytes are still to come, None where only the end will tell."""

    @property
    def received(self) -> int:
        """How many bytes of body have come."""

    def decode(self, inbox: Inbox, limit: int) -> Data | End | None:
        """At most `limit` bytes of body, its end, or None until more bytes come. Raises Broken."""


class Incoming:
    """The body of the request under way. `credit` is how much of it the app will take; `held` keeps its end back until
    the app has said whether a tunnel follows it: by its answer, or by asking for the body before.
    """

    __slots__ = ("continue_owed", "credit", "decoder", "dropped", "held", "kept_end")

    def __init__(self, decoder: Decoder, continue_owed: bool, held: bool) -> None:
        self.decoder = decoder
        self.credit = 0
        self.dropped = 0
        self.continue_owed = continue_owed
        self.held = held
        self.kept_end: End | None = None

    def next(self, inbox: Inbox) -> Data | End | None:
        """The next event of the body within the credit. Raises Broken."""
        if self.kept_end is not None:
            return None if self.held else self.kept_end
        if self.credit <= 0 and self.decoder.left != 0:
            return None
        event = self.decoder.decode(inbox, self.credit)
        if type(event) is Data:
            self.credit -= len(event.data)
        elif self.held and type(event) is End:
            self.kept_end = event
            return None
        return event

    @property
    def whole(self) -> bool:
        """Whether all of it has come."""
        return self.kept_end is not None or self.decoder.left == 0

    def droppable(self, most: int) -> bool:
        """Whether the connection can go on behind it if the app reads no more: the rest is small, or the app reads."""
        if self.continue_owed and not self.whole:
            return False  # RFC 9110 10.1.1: the client may or may not send it now
        left = self.decoder.left
        return self.whole or self.credit > 0 or self.decoder.received > 0 or (left is not None and left <= most)


class LengthDecoder:
    """A body of as many bytes as Content-Length said."""

    __slots__ = ("left", "received")

    def __init__(self, length: int) -> None:
        self.left: int = length
        self.received = 0

    def decode(self, inbox: Inbox, limit: int) -> Data | End | None:
        if self.left == 0:
            return End()
        data = inbox.take(min(self.left, limit))
        if not data:
            return None
        self.left -= len(data)
        self.received += len(data)
        return Data(data)


class Tunnel:
    """What comes through a tunnel: all until the peer's end (RFC 9110 section 7.8 and 9.3.6). `credit` is how much of
    it the app will take, `over` says that its end was told.
    """

    __slots__ = ("credit", "over")

    def __init__(self, credit: int) -> None:
        self.credit = credit
        self.over = False

    def next(self, inbox: Inbox, eof: bool) -> Data | End | None:
        """The next event within the credit."""
        if inbox.held:
            if self.credit <= 0:
                return None
            data = inbox.take(self.credit)
            self.credit -= len(data)
            return Data(data)
        if not eof or self.over:
            return None
        self.over = True
        return End()


class ChunkedDecoder:
    """A body in chunks, then trailers (RFC 9112 section 7.1). `_chunk` is what is left of the chunk that is read now:
    a number of bytes, 0 where its closing CRLF is due, None where a size line is; `_last` says that trailers are due.
    """

    __slots__ = (
        "_broken",
        "_chunk",
        "_extensions",
        "_last",
        "_limits",
        "_trailers",
        "_trailers_size",
        "left",
        "received",
    )

    def __init__(self, limits: Limits) -> None:
        self.left = None
        self.received = 0
        self._limits = limits
        self._chunk: int | None = None
        self._last = False
        self._broken: Broken | None = None
        self._extensions = 0
        self._trailers: list[bytes] = []
        self._trailers_size = 0

    def decode(self, inbox: Inbox, limit: int) -> Data | End | None:
        """Several small chunks that have arrived together come as one Data; what precedes a fault comes before it."""
        parts: list[bytes] = []
        while limit > 0 and not self._last and self._broken is None:
            try:
                data = self._next(inbox, limit)
            except Broken as broken:
                self._broken = broken
                break
            if data is None:
                break
            limit -= len(data)
            parts.append(data)
        if any(parts):
            return Data(b"".join(parts))
        if self._broken is not None:
            raise self._broken
        return self._end(inbox) if self._last else None

    def _next(self, inbox: Inbox, limit: int) -> bytes | None:
        if self._chunk is None:
            return self._size_line(inbox)
        if self._chunk == 0:
            return self._closing_line(inbox)
        data = inbox.take(min(self._chunk, limit))
        self._chunk -= len(data)
        self.received += len(data)
        return data or None

    def _size_line(self, inbox: Inbox) -> bytes | None:
        line = take_line(inbox, CHUNK_LINE, 400, CHUNK_LINE_TOO_LONG)
        if line is None:
            return None
        match = CHUNK.fullmatch(line)
        if match is None:
            raise Broken(400, "a chunk does not begin with its size in hexadecimal digits (RFC 9112 7.1)")
        self._extensions += len(line) - match.end("size")
        if self._extensions > EXTENSIONS:
            raise Broken(400, f"chunk extensions of more than {EXTENSIONS} bytes in all (RFC 9112 7.1.1)")
        size = int(match["size"], 16)
        if self._limits.body_size and self.received + size > self._limits.body_size:
            raise too_large(self._limits.body_size)
        self._last = size == 0
        self._chunk = size
        return b""

    def _closing_line(self, inbox: Inbox) -> bytes | None:
        if len(inbox) < 2 and (not inbox or inbox.starts_with(b"\r")):
            return None
        if inbox.take(2) != b"\r\n":
            raise Broken(400, "a chunk is longer than its size (RFC 9112 7.1)")
        self._chunk = None
        return b""

    def _end(self, inbox: Inbox) -> End | None:
        limits = self._limits
        while True:
            room = max(0, limits.head_size - self._trailers_size) if limits.head_size else UNBOUNDED
            line = take_line(
                inbox, room, 431, f"trailers of more than {limits.head_size} bytes: head-size (RFC 6585 5)"
            )
            if line is None:
                return None
            if not line:
                fields = [parse_line(line) for line in self._trailers]
                check_trailers(fields)
                return End(Headers(fields))
            self._trailers.append(line)
            self._trailers_size += len(line) + 2
            if limits.field_count and len(self._trailers) > limits.field_count:
                raise Broken(431, f"more than {limits.field_count} trailer fields: field-count (RFC 6585 5)")


def take_line(inbox: Inbox, limit: int, status: int, too_long: str) -> bytes | None:
    """The next line without its CRLF, or None until it is whole.

    Raises Broken for a bare LF, and with the status and the reason for a line of more than `limit` bytes, as soon as
    that is sure; so a fault is the same however the bytes were split.
    """
    line = inbox.take_until(b"\n")
    if (len(inbox) if line is None else len(line)) > limit + 1:
        raise Broken(status, too_long)
    if line is not None and line[-1:] != b"\r":
        raise Broken(400, "a line that ends with a bare LF (RFC 9112 2.2)")
    return None if line is None else line[:-1]
