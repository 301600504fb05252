"""Heads of frames, as the RFC draws them."""

import pytest

from pellucid.protocol.websocket import frames
from pellucid.protocol.websocket.codes import Fault
from protocol.websocket.framing import KEY

SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 511, 512, 513, 515, 1000, 4096, 65535, 65536, 65537]

# RFC 6455 section 5.7
EXAMPLES = [
    ("a text message", frames.frame(0x81, b"Hello"), "81 05 48 65 6c 6c 6f"),
    ("a masked one", frames.masked_frame(0x81, b"Hello", KEY), "81 85 37 fa 21 3d 7f 9f 4d 51 58"),
    ("a fragment", frames.frame(0x01, b"Hel"), "01 03 48 65 6c"),
    ("the last fragment", frames.frame(0x80, b"lo"), "80 02 6c 6f"),
    ("a ping", frames.frame(0x89, b"Hello"), "89 05 48 65 6c 6c 6f"),
    ("a masked pong", frames.masked_frame(0x8A, b"Hello", KEY), "8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
    ("256 bytes", frames.frame(0x82, bytes(256))[:4], "82 7e 01 00"),
    ("64 KiB", frames.frame(0x82, bytes(65536))[:10], "82 7f 00 00 00 00 00 01 00 00"),
]


@pytest.mark.parametrize(("frame", "data"), [row[1:] for row in EXAMPLES], ids=[row[0] for row in EXAMPLES])
def test_frames_are_spelled_as_in_the_rfc(frame: bytes, data: str) -> None:
    assert frame == bytes.fromhex(data)


@pytest.mark.parametrize("size", SIZES)
def test_messages_of_a_server_have_the_same_head_as_any_frame(size: int) -> None:
    assert frames.text_frame(b"x" * size) == frames.frame(0x81, b"x" * size)
    assert frames.binary_frame(b"x" * size) == frames.frame(0x82, b"x" * size)


@pytest.mark.parametrize("size", SIZES)
def test_a_length_is_read_as_it_is_spelled(size: int) -> None:
    head = frames.head(0x82, size, frames.MASKED)
    assert frames.read_length(b"??" + head, 2) == (size, 2 + len(head))
    for end in range(2, len(head)):
        assert frames.read_length(head[:end], 0) is None


@pytest.mark.parametrize("size", [size for size in SIZES if size > 125])
def test_a_long_length_is_read_alike_in_a_hurry(size: int) -> None:
    head = frames.head(0x82, size, frames.MASKED)
    assert frames.read_long(b"??" + head, 2, size > 65535) == (size, 2 + len(head) + 4)
    for end in range(2, len(head)):
        told, start = frames.read_long(head[:end], 0, size > 65535)
        assert told < 0 or start > end


def test_a_long_length_that_is_not_in_its_shortest_form_is_none() -> None:
    assert frames.read_long(b"\x82\xfe\x00\x7d", 0, False)[0] == -1
    assert frames.read_long(b"\x82\xff\0\0\0\0\0\0\xff\xff", 0, True)[0] == -1


@pytest.mark.parametrize("first", range(256))
def test_a_head_has_a_known_opcode_and_no_bit_that_was_not_agreed_on(first: int) -> None:
    opcode, bits, fin = first & 0x0F, first & 0x70, first & 0x80
    known = opcode in (0, 1, 2) or (opcode in (8, 9, 10) and fin)
    for reserved in (0, frames.RSV1):
        allowed = known and (bits == 0 or (bits == reserved == frames.RSV1 and opcode < 8))
        assert _passes(first, reserved) is bool(allowed)


def _passes(first: int, reserved: int) -> bool:
    try:
        frames.check_head(first, 0x80, reserved)
    except Fault:
        return False
    return True
