"""Parts of open files: read and stepped over, held and let go."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pellucid.message import END
from pellucid.piece import FileSlice, OpenFile, Piece, Portions, discard, identify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def opened(path: Path) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY))


def is_open(file: OpenFile) -> bool:
    try:
        os.fstat(file.fd)
    except OSError:
        return False
    return True


def test_a_file_is_closed_by_its_last_holder(path: Path) -> None:
    file = opened(path)
    first, second = FileSlice(file, 0, 5), FileSlice(file, 5, 5)
    file.release()
    first.release()
    assert is_open(file)
    second.release()
    assert not is_open(file)


def test_a_slice_is_read_and_stepped_over(path: Path) -> None:
    file = opened(path)
    piece = FileSlice(file, 2, 6)
    assert len(piece) == 6
    assert piece.read(4) == b"2345"
    assert (len(piece), piece.offset) == (2, 6)
    assert piece.read(100) == b"67"
    assert len(piece) == 0
    assert piece.read(100) == b""
    pieces: list[Piece] = [piece]
    discard(pieces)
    assert pieces == []
    file.release()
    assert not is_open(file)


def test_a_slice_of_a_file_that_shrank_reads_as_empty_and_has_bytes_left(path: Path) -> None:
    file = opened(path)
    piece = FileSlice(file, 2, 6)
    os.truncate(path, 4)
    assert piece.read(100) == b"23"
    assert piece.read(100) == b""
    assert len(piece) == 4
    piece.release()
    file.release()


def test_what_is_discarded_is_let_go_and_the_list_is_empty(path: Path) -> None:
    file = opened(path)
    pieces: list[Piece] = [b"head", FileSlice(file, 0, 1), b"", FileSlice(file, 1, 1)]
    file.release()
    discard(pieces)
    assert pieces == []
    assert not is_open(file)


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


@pytest.mark.parametrize(
    "change", [append, lambda path: os.truncate(path, 3), lambda path: os.utime(path, (1, 1)), os.unlink]
)
def test_a_file_that_is_not_what_it_was_has_changed(path: Path, change: Callable[[Path], None]) -> None:
    file = opened(path)
    assert not file.changed
    change(path)
    assert file.changed
    file.release()


def test_a_file_is_what_it_was_looked_at_as(path: Path) -> None:
    before = identify(os.stat(path))
    append(path)
    file = OpenFile(os.open(path, os.O_RDONLY), before)
    assert file.changed
    file.release()


def test_a_file_that_was_let_go_cannot_be_held_again(path: Path) -> None:
    file = opened(path)
    file.release()
    with pytest.raises(ValueError, match="released"):
        FileSlice(file, 0, 1)


def test_a_whole_body_is_given_in_portions_of_the_size_that_is_asked_for() -> None:
    portions = Portions(b"0123456789")
    assert portions.length == 10
    assert [portions.pull(4), portions.pull(1), portions.pull(100), portions.pull(1)] == [b"0123", b"4", b"56789", END]
    portions.close()
