"""Blocks of fields: put together within bounds, and kept read for as long as they mean the same."""

from __future__ import annotations

import pytest

from pellucid.protocol.http2.blocks import KEPT_HEADS, PARTS, Blocks
from pellucid.protocol.http2.calm import Calm
from pellucid.protocol.http2.codes import COMPRESSION_ERROR, ENHANCE_YOUR_CALM, ConnectionFault
from pellucid.protocol.http2.frames import LARGEST
from pellucid.protocol.http2.head import parse_head
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.http2.frameplay import block

INSERTED = b"\x40\x01a\x01b"
"""A literal that goes into the table."""


def asked(path: str = "/", **more: str) -> bytes:
    return block({":method": "GET", ":scheme": "http", ":authority": "h", ":path": path, **more})


def keep(blocks: Blocks, data: bytes) -> None:
    """Read a block as a head, and keep that if it is worth it."""
    if blocks.heads.get(data) is None:
        blocks.keep(data, parse_head(blocks.decode(data), Limits()))


def test_a_head_is_kept_when_it_comes_for_the_second_time() -> None:
    blocks = Blocks(32768)
    keep(blocks, asked())
    assert not blocks.heads
    keep(blocks, asked())
    assert list(blocks.heads) == [asked()]


def test_paths_that_come_once_do_not_push_out_those_that_come_again() -> None:
    blocks = Blocks(32768)
    for _ in range(2):
        keep(blocks, asked("/again"))
    for number in range(1000):
        keep(blocks, asked(f"/{number}"))
    assert list(blocks.heads) == [asked("/again")]


def test_what_is_kept_is_forgotten_when_the_table_moves() -> None:
    blocks = Blocks(32768)
    for _ in range(2):
        keep(blocks, asked())
    blocks.decode(INSERTED)
    assert not blocks.heads


def test_a_block_that_moves_the_table_is_never_kept() -> None:
    blocks = Blocks(32768)
    for _ in range(3):
        keep(blocks, asked() + INSERTED)
    assert not blocks.heads


def test_large_heads_are_not_kept() -> None:
    blocks = Blocks(32768)
    for _ in range(3):
        keep(blocks, asked(x="{" * 300))
    assert not blocks.heads


def test_what_is_kept_is_bounded() -> None:
    blocks = Blocks(32768)
    for number in range(3 * KEPT_HEADS):
        keep(blocks, asked(f"/{number}"))
        keep(blocks, asked(f"/{number}"))
    assert 0 < len(blocks.heads) <= KEPT_HEADS


def test_a_block_may_come_in_some_parts_and_not_in_any_number() -> None:
    blocks, calm = Blocks(1000), Calm(Http2Limits())
    blocks.begin(1, 0, b"x")
    for _ in range(PARTS):
        blocks.go_on(1, b"x", calm, 0.0)
    with pytest.raises(ConnectionFault, match="does not end") as fault:
        blocks.go_on(1, b"x", calm, 0.0)
    assert fault.value.code == ENHANCE_YOUR_CALM


def test_a_block_of_the_largest_size_may_come_in_parts() -> None:
    blocks, calm = Blocks(65536), Calm(Http2Limits())
    blocks.begin(1, 0, b"x" * LARGEST)
    for _ in range(15):
        whole = blocks.go_on(1, b"x" * LARGEST, calm, 0.0)
    assert blocks.close(whole) == b"x" * LARGEST * 16
    assert blocks.open is None


def test_a_block_that_nobody_can_read_is_a_fault_of_compression() -> None:
    with pytest.raises(ConnectionFault) as fault:
        Blocks(1000).decode(b"\x80")
    assert fault.value.code == COMPRESSION_ERROR
