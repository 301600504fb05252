"""Frames as RFC 9113 section 4.1 and 6 draw them, from bytes and back; what they do to a connection, others know."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from pellucid.piece import FileSlice, Piece
from pellucid.protocol.http2.codes import FRAME_SIZE_ERROR, ConnectionFault, protocol_fault

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first (section 3.4)."""

# Section 6, and RFC 9218 section 7.1
DATA = 0x00
HEADERS = 0x01
PRIORITY = 0x02
RST_STREAM = 0x03
SETTINGS = 0x04
PUSH_PROMISE = 0x05
PING = 0x06
GOAWAY = 0x07
WINDOW_UPDATE = 0x08
CONTINUATION = 0x09
PRIORITY_UPDATE = 0x10

# The flags; one bit may mean two things in two types.
ACK = 0x01
END_STREAM = 0x01
END_HEADERS = 0x04
PADDED = 0x08
HAS_PRIORITY = 0x20

LARGEST = 16384
"""The largest payload that is taken and sent, in bytes: every peer takes that much (section 4.2)."""

STREAM_BITS = 0x7FFFFFFF
"""What is left of a stream's number, or of an increment, without the reserved bit before it."""

HEAD = Struct(">BHBBL")
"""The nine bytes before a payload (section 4.1): Length in two parts, Type, Flags, Stream Identifier."""

HEAD_SIZE = HEAD.size

_WORD = Struct(">L")
_GOAWAY = Struct(">LL")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A whole frame of at most LARGEST bytes."""
    return HEAD.pack(0, len(payload), kind, flags, stream) + payload


def settings_frame(values: Iterable[tuple[int, int]]) -> bytes:
    """SETTINGS with these values (section 6.5.1)."""
    return frame(
        SETTINGS, 0, 0, b"".join(b"%b%b" % (key.to_bytes(2, "big"), _WORD.pack(value)) for key, value in values)
    )


SETTINGS_ACK = frame(SETTINGS, ACK, 0)


def ping_frame(payload: bytes, flags: int = 0) -> bytes:
    """PING (section 6.7)."""
    return frame(PING, flags, 0, payload)


def goaway_frame(last: int, code: int, why: str = "") -> bytes:
    """GOAWAY; the reason goes along as debug data (section 6.8)."""
    return frame(GOAWAY, 0, 0, _GOAWAY.pack(last, code) + why.encode())


def reset_frame(stream: int, code: int) -> bytes:
    """RST_STREAM (section 6.4)."""
    return frame(RST_STREAM, 0, stream, _WORD.pack(code))


def window_frame(stream: int, increment: int) -> bytes:
    """WINDOW_UPDATE (section 6.9)."""
    return frame(WINDOW_UPDATE, 0, stream, _WORD.pack(increment))


def headers_frames(stream: int, block: bytes, flags: int = 0) -> bytes:
    """A block of fields in HEADERS, and in CONTINUATION where one frame cannot hold it (section 6.2, 6.10)."""
    if len(block) <= LARGEST:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[at : at + LARGEST] for at in range(0, len(block), LARGEST)]
    first = frame(HEADERS, flags, stream, parts[0])
    between = b"".join(frame(CONTINUATION, 0, stream, part) for part in parts[1:-1])
    return first + between + frame(CONTINUATION, END_HEADERS, stream, parts[-1])


def data_frames(stream: int, piece: Piece, flags: int = 0) -> list[Piece]:
    """A piece of a body in DATA (section 6.1); `flags` are those of the last frame. A slice of a file is taken over."""
    size = len(piece)
    if isinstance(piece, bytes):
        if size <= LARGEST:
            return [HEAD.pack(0, size, DATA, flags, stream) + piece]
        return [b"".join(_data_frames(stream, piece, flags))]
    pieces: list[Piece] = []
    for at in range(0, size, LARGEST):
        length = min(LARGEST, size - at)
        pieces.append(HEAD.pack(0, length, DATA, flags if at + length == size else 0, stream))
        pieces.append(FileSlice(piece.file, piece.offset + at, length))
    piece.release()
    return pieces


def _data_frames(stream: int, piece: bytes, flags: int) -> Iterable[bytes]:
    full = HEAD.pack(0, LARGEST, DATA, 0, stream)
    rest = (len(piece) - 1) // LARGEST * LARGEST
    for at in range(0, rest, LARGEST):
        yield full
        yield piece[at : at + LARGEST]
    yield HEAD.pack(0, len(piece) - rest, DATA, flags, stream)
    yield piece[rest:]


def joined(pieces: list[Piece]) -> list[Piece]:
    """The same pieces with neighbouring bytes put together."""
    if not any(isinstance(piece, FileSlice) for piece in pieces):
        return [b"".join(piece for piece in pieces if isinstance(piece, bytes))]
    result: list[Piece] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            run.append(piece)
            continue
        if run:
            result.append(b"".join(run))
            run.clear()
        result.append(piece)
    if run:
        result.append(b"".join(run))
    return result


# Payloads


def word(payload: bytes, name: str) -> int:
    """The one number of 32 bits that is the payload of RST_STREAM and WINDOW_UPDATE (section 6.4, 6.9)."""
    if len(payload) != 4:
        raise ConnectionFault(FRAME_SIZE_ERROR, f"{name} that is not of 4 bytes (RFC 9113 4.2)")
    return int.from_bytes(payload, "big")


def unpadded(payload: bytes, flags: int) -> bytes:
    """The payload of DATA or HEADERS without its padding (section 6.1, 6.2)."""
    if not flags & PADDED:
        return payload
    if not payload:
        raise ConnectionFault(FRAME_SIZE_ERROR, "a padded frame without the length of its padding (RFC 9113 6.1)")
    padding = payload[0]
    if padding >= len(payload):
        raise protocol_fault("padding as long as its frame, or longer (RFC 9113 6.1)")
    return payload[1 : len(payload) - padding]


def dependency(payload: bytes, stream: int) -> bytes:
    """What follows the five bytes of the priorities of RFC 7540, which are checked and else overlooked (section 5.3.2).

    RFC 7540 section 5.3.1 makes a stream that depends on itself a fault, which RFC 9113 does not repeat.
    """
    if len(payload) < 5:
        raise ConnectionFault(FRAME_SIZE_ERROR, "a priority of less than 5 bytes (RFC 9113 6.2)")
    if int.from_bytes(payload[:4], "big") & STREAM_BITS == stream:
        raise protocol_fault("a stream that depends on itself (RFC 7540 5.3.1)")
    return payload[5:]
