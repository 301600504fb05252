"""Frames to bytes and back, as RFC 9113 section 4.1 and 6 draw them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pellucid.piece import FileSlice, OpenFile
from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.codes import ConnectionFault


@pytest.mark.parametrize(
    ("frame", "spelled"),
    [
        (frames.frame(frames.PING, frames.ACK, 0, b"01234567"), "000008 06 01 00000000 3031323334353637"),
        (frames.settings_frame([(3, 100), (4, 65535)]), "00000c 04 00 00000000 0003 00000064 0004 0000ffff"),
        (frames.SETTINGS_ACK, "000000 04 01 00000000"),
        (frames.ping_frame(b"abcdefgh"), "000008 06 00 00000000 6162636465666768"),
        (frames.goaway_frame(5, 11, "why"), "00000b 07 00 00000000 00000005 0000000b 776879"),
        (frames.reset_frame(7, 8), "000004 03 00 00000007 00000008"),
        (frames.window_frame(1, 258), "000004 08 00 00000001 00000102"),
        (frames.headers_frames(1, b"\x82", frames.END_STREAM), "000001 01 05 00000001 82"),
    ],
)
def test_a_frame_is_spelled(frame: bytes, spelled: str) -> None:
    assert frame == bytes.fromhex(spelled)


def test_a_small_piece_is_one_frame() -> None:
    assert frames.data_frames(3, b"ab", frames.END_STREAM) == [bytes.fromhex("000002 00 01 00000003 6162")]
    assert frames.data_frames(3, b"", frames.END_STREAM) == [bytes.fromhex("000000 00 01 00000003")]


def test_a_block_of_more_than_a_frame_goes_on_in_continuation() -> None:
    data = frames.headers_frames(1, b"x" * (2 * frames.LARGEST + 1), frames.END_STREAM)
    kinds = []
    while data:
        _, size, kind, flags, stream = frames.HEAD.unpack_from(data)
        kinds.append((size, kind, flags, stream))
        data = data[9 + size :]
    assert kinds == [(frames.LARGEST, 1, 1, 1), (frames.LARGEST, 9, 0, 1), (1, 9, 4, 1)]


@pytest.mark.parametrize("size", [1, frames.LARGEST, frames.LARGEST + 1, 3 * frames.LARGEST, 100_000])
def test_a_piece_of_any_size_goes_out_in_frames_that_every_peer_takes(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    pieces = frames.data_frames(1, body[:size], frames.END_STREAM)
    assert frames.joined(pieces) == pieces
    data, read, ends = frames.joined(pieces)[0], b"", []
    assert isinstance(data, bytes)
    while data:
        high, low, kind, flags, _ = frames.HEAD.unpack_from(data)
        assert (high, kind) == (0, frames.DATA)
        assert low <= frames.LARGEST
        read += data[9 : 9 + low]
        ends.append(flags)
        data = data[9 + low :]
    assert read == body[:size]
    assert ends == [0] * (len(ends) - 1) + [frames.END_STREAM]


def test_a_slice_of_a_file_goes_out_in_slices(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 4000)
    file = OpenFile(os.open(path, os.O_RDONLY))
    pieces = frames.data_frames(1, FileSlice(file, 5, 40_000 - 5))
    file.release()
    read = b""
    for head, piece in zip(pieces[::2], pieces[1::2], strict=True):
        assert isinstance(head, bytes)
        assert isinstance(piece, FileSlice)
        assert head == frames.HEAD.pack(0, len(piece), frames.DATA, 0, 1)
        read += piece.read(len(piece))
        piece.release()
    assert read == path.read_bytes()[5:]
    with pytest.raises(ValueError, match="released"):
        file.hold()


def test_neighbouring_bytes_are_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    file = OpenFile(os.open(path, os.O_RDONLY))
    piece = FileSlice(file, 0, 1)
    assert frames.joined([b"a", b"b", piece, b"c", b"d"]) == [b"ab", piece, b"cd"]
    assert frames.joined([piece, b"c"]) == [piece, b"c"]
    piece.release()
    file.release()


@pytest.mark.parametrize(
    ("payload", "data"),
    [(b"\x00", b""), (b"\x00abc", b"abc"), (b"\x02abc\0\0", b"abc"), (b"\x03\0\0\0", b""), (b"\x02abc12", b"abc")],
)
def test_padding_is_taken_off(payload: bytes, data: bytes) -> None:
    assert frames.unpadded(payload, frames.PADDED) == data
    assert frames.unpadded(payload, 0) == payload


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x05abc", b"\xff" + b"x" * 254])
def test_padding_that_does_not_fit_is_a_fault(payload: bytes) -> None:
    with pytest.raises(ConnectionFault, match=r"RFC 9113 6\.1"):
        frames.unpadded(payload, frames.PADDED)


def test_priorities_of_old_are_stepped_over() -> None:
    assert frames.dependency(b"\x80\x00\x00\x03\xffrest", 1) == b"rest"
    for payload in (b"", b"\0\0\0\0", b"\x80\x00\x00\x01\xff"):
        with pytest.raises(ConnectionFault):
            frames.dependency(payload, 1)
