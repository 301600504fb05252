"""Frames as RFC 6455 section 5.2 draws them, from bytes and back; what they do, the engine knows."""

from __future__ import annotations

from struct import Struct

from pellucid.protocol.websocket.codes import TOO_BIG, Fault, protocol_fault
from pellucid.protocol.websocket.masks import unmask

# Section 11.8
CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

FIN = 0x80
"""The bit of a head's first byte that says: this is the last frame of its message."""

RSV1 = 0x40
"""The bit that permessage-deflate sets on the first frame of a compressed message (RFC 7692 section 6)."""

RSV = 0x70
"""The three bits that are for extensions."""

OPCODE = 0x0F
"""What is left of the first byte: what the frame is."""

CONTROL = 0x8
"""The bit of an opcode that makes it a control frame (section 5.5)."""

MASKED = 0x80
"""The bit of the second byte that says: a masking key follows."""

KNOWN = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))

LONGEST_CONTROL = 125
"""The largest payload of a control frame, and the largest whose length is told by the second byte itself."""

_SHORT = Struct(">BBH")
_LONG = Struct(">BBQ")

# A frame of up to 125 bytes has one of these before its payload: whole messages, which are nearly all that is sent.
_TEXT_HEADS = tuple(bytes((FIN | TEXT, size)) for size in range(LONGEST_CONTROL + 1))
_BINARY_HEADS = tuple(bytes((FIN | BINARY, size)) for size in range(LONGEST_CONTROL + 1))


def head(first: int, size: int, masked: int = 0) -> bytes:
    """The head of a frame up to its masking key, its length in the shortest form (section 5.2)."""
    if size <= LONGEST_CONTROL:
        return bytes((first, masked | size))
    if size < 1 << 16:
        return _SHORT.pack(first, masked | 126, size)
    return _LONG.pack(first, masked | 127, size)


def frame(first: int, payload: bytes) -> bytes:
    """A whole frame, not masked, as a server sends it."""
    return head(first, len(payload)) + payload


def masked_frame(first: int, payload: bytes, mask: bytes) -> bytes:
    """A whole frame, masked, as a client sends it (section 5.3)."""
    return b"".join((head(first, len(payload), MASKED), mask, unmask(payload, mask)))


def text_frame(payload: bytes) -> bytes:
    """A whole text message from a server."""
    size = len(payload)
    return (_TEXT_HEADS[size] if size <= LONGEST_CONTROL else head(FIN | TEXT, size)) + payload


def binary_frame(payload: bytes) -> bytes:
    """A whole binary message from a server."""
    size = len(payload)
    return (_BINARY_HEADS[size] if size <= LONGEST_CONTROL else head(FIN | BINARY, size)) + payload


def check_head(first: int, second: int, reserved: int) -> None:
    """Refuse the first two bytes of a head that break a rule of section 5.2 or 5.5. Raises Fault.

    `reserved` are the bits of RSV that the frame may have, because an extension was agreed on.
    """
    opcode = first & OPCODE
    if opcode not in KNOWN:
        raise protocol_fault(f"a frame with the reserved opcode {opcode:#x} (RFC 6455 5.2)")
    if first & RSV & ~reserved:
        raise protocol_fault("a reserved bit that no extension has agreed on (RFC 6455 5.2)")
    if opcode & CONTROL:
        if not first & FIN:
            raise protocol_fault("a control frame in fragments (RFC 6455 5.5)")
        if second & ~MASKED > LONGEST_CONTROL:
            raise protocol_fault("a control frame of more than 125 bytes (RFC 6455 5.5)")
        if first & RSV:
            raise protocol_fault("a control frame that is compressed (RFC 7692 6)")


def read_length(held: bytes, at: int) -> tuple[int, int] | None:
    """The length of the payload, and where what follows it stands; None while it has not come (section 5.2).

    `at` is where the frame begins, of which two bytes are there. Raises Fault.
    """
    short = held[at + 1] & ~MASKED
    if short <= LONGEST_CONTROL:
        return short, at + 2
    start = at + (4 if short == 126 else 10)
    if len(held) < start:
        return None
    size = int.from_bytes(held[at + 2 : start], "big")
    if short == 126:
        if size <= LONGEST_CONTROL:
            raise protocol_fault("a length that is not in its shortest form (RFC 6455 5.2)")
    elif size < 1 << 16:
        raise protocol_fault("a length that is not in its shortest form (RFC 6455 5.2)")
    elif size >> 63:
        raise Fault(TOO_BIG, "a length whose most significant bit is set (RFC 6455 5.2)")
    return size, start


def read_long(held: bytes, at: int, longest: bool) -> tuple[int, int]:
    """The same for one of more than one byte in a masked frame, in a hurry: a size of -1 or a place behind what has
    come stand for all that `read_length` would say.
    """
    start = at + (10 if longest else 4)
    size = int.from_bytes(held[at + 2 : start], "big")
    least = 1 << 16 if longest else LONGEST_CONTROL + 1
    return size if size >= least else -1, start + 4
