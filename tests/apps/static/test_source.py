"""Bodies from files: pieces within the limit, and no end for a file that has changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import pulled

from pellucid.apps.static.source import LAST, FileSource, LengthOnly, Part
from pellucid.errors import FileChanged
from pellucid.message import END
from pellucid.piece import FileSlice, OpenFile

CONTENT = bytes(range(256)) * 1200  # 300 KiB


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(CONTENT)
    # As old as a file usually is, so that any change moves its time.
    os.utime(path, (1, 1))
    return path


def opened(path: Path) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY))


def source_of(path: Path, *parts: Part) -> FileSource:
    return FileSource(opened(path), parts or [(0, len(CONTENT))])


@pytest.mark.parametrize("limit", [1000, LAST - 1, LAST, LAST + 1, 100_000, 1 << 20])
def test_the_whole_file_comes_in_pieces(path: Path, limit: int) -> None:
    assert pulled(source_of(path), limit) == CONTENT


def test_the_middle_is_sliced_and_the_end_is_read(path: Path) -> None:
    source = source_of(path)
    first = source.pull(1 << 20)
    assert isinstance(first, FileSlice)
    assert len(first) == len(CONTENT) - LAST
    first.release()
    last = source.pull(1 << 20)
    assert last == CONTENT[-LAST:]
    assert source.pull(1) is END
    source.close()


@pytest.mark.parametrize("limit", [1, 7, 100_000, 1 << 20])
def test_spans_and_what_stands_between_them_keep_their_order(path: Path, limit: int) -> None:
    parts: list[Part] = [b"head", (200, 300), b"middle", (0, 5), b"end"]
    source = source_of(path, *parts)
    assert source.length == 4 + 100 + 6 + 5 + 3
    assert pulled(source, limit) == b"head" + CONTENT[200:300] + b"middle" + CONTENT[:5] + b"end"


def change(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")


def shrink(path: Path) -> None:
    os.truncate(path, 10)


def grow(path: Path) -> None:
    os.truncate(path, 10**6)


@pytest.mark.parametrize("harm", [change, shrink, grow])
@pytest.mark.parametrize("pieces", [0, 1, 2, 5])
def test_a_file_that_changes_between_pieces_is_never_sent_to_its_end(
    path: Path, harm: Callable[[Path], None], pieces: int
) -> None:
    source = source_of(path)
    given = 0
    for _ in range(pieces):
        piece = source.pull(60_000)
        assert isinstance(piece, bytes | FileSlice)
        given += len(piece)
        if isinstance(piece, FileSlice):
            piece.release()
    assert given < len(CONTENT)
    harm(path)
    with pytest.raises(FileChanged):
        source.pull(60_000)
    source.close()


def test_a_file_that_changes_while_its_end_is_read_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(path, (0, 10))
    read = os.pread

    def pread(fd: int, size: int, offset: int) -> bytes:
        data = read(fd, size, offset)
        change(path)
        return data

    monkeypatch.setattr(os, "pread", pread)
    with pytest.raises(FileChanged):
        source.pull(100)
    source.close()


def test_a_read_that_comes_short_is_noticed(path: Path) -> None:
    source = source_of(path, (0, len(CONTENT) + 10))
    with pytest.raises(FileChanged):
        pulled(source)


def test_a_file_that_was_only_removed_or_replaced_is_sent_to_its_end(path: Path) -> None:
    source = source_of(path)
    first = source.pull(1000)
    assert isinstance(first, FileSlice)
    first.release()
    other = path.with_name("new")
    other.write_bytes(b"new")
    other.replace(path)
    assert pulled(source, already=1000) == CONTENT[1000:]


def test_a_removed_file_that_is_written_to_is_not(path: Path) -> None:
    source = source_of(path)
    with path.open("r+b") as file:
        path.unlink()
        file.write(b"other")
    with pytest.raises(FileChanged):
        source.pull(1000)
    source.close()


def test_the_file_is_let_go_of_once_all_pieces_are(path: Path) -> None:
    file = opened(path)
    source = FileSource(file, [(0, len(CONTENT))])
    piece = source.pull(10)
    source.close()
    assert isinstance(piece, FileSlice)
    os.fstat(file.fd)
    piece.release()
    with pytest.raises(OSError):
        os.fstat(file.fd)


def test_nothing_is_pulled_of_what_is_not_sent() -> None:
    source = LengthOnly(42)
    assert source.length == 42
    assert source.pull(100) is END
    source.close()
