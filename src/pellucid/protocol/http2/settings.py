"""SETTINGS (RFC 9113 section 6.5): what is told of this end, and what the peer tells of its own, checked."""

from __future__ import annotations

from collections.abc import Iterator
from struct import iter_unpack

from pellucid.protocol.http2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, ConnectionFault, protocol_fault
from pellucid.protocol.http2.frames import LARGEST
from pellucid.protocol.http2.windows import LARGEST_WINDOW

# Section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1
HEADER_TABLE_SIZE = 0x01
ENABLE_PUSH = 0x02
MAX_CONCURRENT_STREAMS = 0x03
INITIAL_WINDOW_SIZE = 0x04
MAX_FRAME_SIZE = 0x05
MAX_HEADER_LIST_SIZE = 0x06
ENABLE_CONNECT_PROTOCOL = 0x08
NO_RFC7540_PRIORITIES = 0x09

USUAL_TABLE = 4096
"""How large the dynamic table is before anything else was said, in bytes."""

MOST = 32
"""How many values one frame may hold: each costs work, and there are but a few that mean something."""


def own_settings(streams: int, list_size: int) -> list[tuple[int, int]]:
    """What a server announces. A limit of 0 is none, and not announced."""
    values = [(ENABLE_CONNECT_PROTOCOL, 1), (NO_RFC7540_PRIORITIES, 1)]
    if list_size:
        values.insert(0, (MAX_HEADER_LIST_SIZE, list_size))
    if streams:
        values.insert(0, (MAX_CONCURRENT_STREAMS, streams))
    return values


def read_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """The values of a peer's SETTINGS in their order, each checked as it is reached (section 6.5.2)."""
    if len(payload) % 6:
        raise ConnectionFault(FRAME_SIZE_ERROR, "SETTINGS that are no multiple of 6 bytes (RFC 9113 6.5)")
    for key, value in iter_unpack(">HL", payload):
        _check(key, value)
        yield key, value


def _check(key: int, value: int) -> None:
    if key == INITIAL_WINDOW_SIZE and value > LARGEST_WINDOW:
        raise ConnectionFault(FLOW_CONTROL_ERROR, "an initial window of more than 2^31-1 bytes (RFC 9113 6.5.2)")
    if key == MAX_FRAME_SIZE and not LARGEST <= value < 1 << 24:
        raise protocol_fault("a largest frame that is not between 2^14 and 2^24-1 bytes (RFC 9113 6.5.2)")
    if key in (ENABLE_PUSH, ENABLE_CONNECT_PROTOCOL, NO_RFC7540_PRIORITIES) and value > 1:
        raise protocol_fault(f"the setting {key} is neither 0 nor 1 (RFC 9113 6.5.2)")
