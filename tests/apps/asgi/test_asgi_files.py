"""Tests of the files that apps name: opened once, beneath nobody's root, and closed."""

import os
from pathlib import Path
from typing import Any

import pytest
from conversing import descriptors

from pellucid.apps.asgi.files import slice_of_file, slice_of_path
from pellucid.errors import WrongAnswer
from pellucid.piece import FileSlice


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "film").write_bytes(b"0123456789")
    return tmp_path / "film"


def drain(piece: FileSlice) -> bytes:
    try:
        return piece.read(100)
    finally:
        piece.release()


def test_a_path_is_the_whole_file(film: Path) -> None:
    before = descriptors()
    assert drain(slice_of_path({"path": str(film)})) == b"0123456789"
    assert drain(slice_of_path({"path": film})) == b"0123456789"
    assert descriptors() == before


@pytest.mark.parametrize("path", [None, "film", b"/etc/passwd", 3])
def test_a_path_must_be_an_absolute_one(path: Any) -> None:
    with pytest.raises(WrongAnswer, match="needs an absolute path"):
        slice_of_path({"path": path})


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    before = descriptors()
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/null")):
        with pytest.raises(WrongAnswer, match="no regular file"):
            slice_of_path({"path": str(path)})
    with pytest.raises(FileNotFoundError):
        slice_of_path({"path": str(tmp_path / "none")})
    assert descriptors() == before


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ({}, b"23456789"),
        ({"offset": 0}, b"0123456789"),
        ({"offset": 4, "count": 3}, b"456"),
        ({"count": 2}, b"23"),
        ({"offset": 8, "count": 100}, b"89"),
        ({"offset": 100}, b""),
        ({"count": 0}, b""),
        ({"offset": None, "count": None}, b"23456789"),
    ],
)
@pytest.mark.parametrize("buffering", [0, -1])
def test_a_part_begins_at_its_offset_or_where_the_file_stands(
    film: Path, part: dict[str, Any], data: bytes, buffering: int
) -> None:
    with film.open("rb", buffering) as file:
        file.read(2)
        piece = slice_of_file({"file": file, **part})
        assert file.tell() == (2 + len(data) if part.get("offset") is None else 2)
    assert drain(piece) == data  # the app has closed its own


def test_a_bare_descriptor_will_do(film: Path) -> None:
    fd = os.open(film, os.O_RDONLY)
    try:
        assert drain(slice_of_file({"file": fd, "count": 3})) == b"012"
        assert drain(slice_of_file({"file": fd})) == b"3456789"
    finally:
        os.close(fd)


@pytest.mark.parametrize("part", [{"offset": -1}, {"count": -1}, {"offset": "1"}, {"count": 1.0}, {"count": True}])
def test_offset_and_count_are_numbers_of_bytes(film: Path, part: dict[str, Any]) -> None:
    with film.open("rb") as file, pytest.raises(WrongAnswer, match="no number of bytes"):
        slice_of_file({"file": file, **part})


def test_a_pipe_is_no_file() -> None:
    reading, writing = os.pipe()
    before = descriptors()
    try:
        with pytest.raises(WrongAnswer, match="no regular file"):
            slice_of_file({"file": reading, "offset": 0})
        assert descriptors() == before
    finally:
        os.close(reading)
        os.close(writing)
