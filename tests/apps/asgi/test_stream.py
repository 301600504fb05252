"""Tests of streams: what is put is pulled, in order, within bounds, and files are let go of."""

import os
from pathlib import Path

import pytest

from pellucid.apps.asgi.stream import MOST_PIECES, ROOM, Stream
from pellucid.message import End, Headers
from pellucid.piece import FileSlice, OpenFile, Piece


class Moved:
    count = 0

    def __call__(self) -> None:
        self.count += 1


def stream(*pieces: Piece, length: int | None = None) -> Stream:
    made = Stream(length, Moved())
    for piece in pieces:
        made.put(piece)
    return made


def file_slice(folder: Path, data: bytes) -> FileSlice:
    (folder / "file").write_bytes(data)
    file = OpenFile(os.open(folder / "file", os.O_RDONLY))
    piece = FileSlice(file, 0, len(data))
    file.release()
    return piece


def test_there_is_nothing_until_something_is_put() -> None:
    empty = stream()
    assert empty.pull(10) is None
    empty.finish(Headers([(b"a", b"b")]))
    assert empty.pull(10) == End(Headers([(b"a", b"b")]))


def test_pieces_that_had_to_wait_go_out_as_one() -> None:
    made = stream(b"ab", b"", b"cd", b"ef")
    assert made.pull(5) == b"abcd"
    assert made.pull(5) == b"ef"
    assert made.held == 0


def test_a_piece_is_no_larger_than_the_limit() -> None:
    made = stream(b"abcdefgh", b"i")
    assert [made.pull(3) for _ in range(4)] == [b"abc", b"def", b"ghi", None]


@pytest.mark.parametrize("pieces", [[bytes(ROOM)], [b"x"] * MOST_PIECES])
def test_it_is_full_by_bytes_or_by_pieces(pieces: list[bytes]) -> None:
    made = stream(*pieces)
    assert made.full
    made.pull(10 * ROOM)
    assert not made.full


def test_who_fills_it_is_told_when_something_moves() -> None:
    moved = Moved()
    made = Stream(None, moved)
    made.put(b"abc")
    made.pull(2)
    made.close()
    assert moved.count == 2


def test_a_file_goes_out_in_parts_that_each_hold_it(tmp_path: Path) -> None:
    piece = file_slice(tmp_path, b"0123456789")
    made = stream(b"a", piece, b"b")
    assert made.pull(4) == b"a"
    parts = []
    for _ in range(3):
        part = made.pull(4)
        assert isinstance(part, FileSlice)
        parts.append(part.read(10))
        part.release()
    assert parts == [b"0123", b"4567", b"89"]
    assert made.pull(4) == b"b"
    with pytest.raises(ValueError, match="released"):
        piece.file.hold()


def test_what_nobody_pulls_is_let_go_of(tmp_path: Path) -> None:
    first, second = file_slice(tmp_path, b"0123"), file_slice(tmp_path, b"0123")
    made = stream(b"x", first)
    made.close()
    made.put(second)
    made.put(b"y")
    assert made.held == 0
    for piece in (first, second):
        with pytest.raises(ValueError, match="released"):
            piece.file.hold()


def test_an_empty_part_of_a_file_is_let_go_of_at_once(tmp_path: Path) -> None:
    piece = file_slice(tmp_path, b"")
    assert stream(piece).pull(10) is None
    with pytest.raises(ValueError, match="released"):
        piece.file.hold()
