from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conversing import request, statuses

from calling import Calling, complete, dechunked
from pellucid.apps.wsgi.files import FileWrapper, body_of, real_file
from pellucid.piece import FileSlice

BOTH_WAYS = pytest.mark.parametrize("threads", [0, 2], ids=["inline", "threads"])
CONTENT = bytes(range(256)) * 1024


class Wrapped:
    """What frameworks make of a file."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        assert isinstance(data, bytes)
        return data

    def close(self) -> None:
        self.file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def sending(open_file: Callable[[], Any], skip: int = 0, length: int | None = None) -> tuple[Any, list[Any]]:
    """An app that returns a wrapped file, and the files that it opened."""
    opened = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        file = open_file()
        opened.append(file)
        file.read(skip)
        headers = [("Content-Type", "x/y"), *([("Content-Length", str(length))] if length is not None else [])]
        start_response("200 OK", headers)
        return environ["wsgi.file_wrapper"](file, 1000)

    return app, opened


@BOTH_WAYS
@pytest.mark.parametrize("skip", [0, 5, len(CONTENT)])
@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("wrap", [lambda file: file, Wrapped], ids=["bare", "wrapped"])
def test_a_file_is_sent_from_where_it_stands(
    threads: int, skip: int, buffering: int, wrap: Callable[[Any], Any], path: Path
) -> None:
    app, opened = sending(lambda: wrap(path.open("rb", buffering)), skip)
    calling = Calling(app, threads)
    answer = calling.ask()
    assert answer.partition(b"\r\n\r\n")[2] == CONTENT[skip:]
    assert b"\r\ncontent-length: %d\r\n" % (len(CONTENT) - skip) in answer
    calling.ask(request("HEAD"))
    calling.ask()  # by then what went before is over
    assert [getattr(file, "file", file).closed for file in opened[:1]] == [True]
    assert calling.errors == []


@BOTH_WAYS
def test_no_more_of_a_file_is_sent_than_was_said(threads: int, path: Path) -> None:
    app, _ = sending(lambda: path.open("rb"), 10, 20)
    assert Calling(app, threads).get() == CONTENT[10:30]


@BOTH_WAYS
@pytest.mark.parametrize(
    "open_file",
    [
        lambda path: io.BytesIO(path.read_bytes()),
        lambda path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(path.read_bytes()))),
        lambda path: Wrapped(io.BytesIO(path.read_bytes())),
    ],
    ids=["memory", "gzip", "wrapped memory"],
)
def test_what_is_no_real_file_goes_by_blocks(threads: int, open_file: Callable[[Path], Any], path: Path) -> None:
    app, opened = sending(lambda: open_file(path))
    calling = Calling(app, threads)
    calling.client.send(request())
    calling.until_tick(lambda: complete(bytes(calling.client.got)))
    assert dechunked(bytes(calling.client.got)) == CONTENT
    calling.until_tick(lambda: getattr(opened[0], "file", opened[0]).closed)
    assert calling.errors == []


def test_a_compressed_file_is_not_sent_as_it_lies_on_the_disk(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "file.gz", "wb") as file:
        file.write(b"plain text")
    with gzip.open(tmp_path / "file.gz") as file:
        assert body_of(FileWrapper(file), None, lambda: None) is None


def test_files_are_told_from_what_is_like_them(path: Path) -> None:
    with path.open("rb") as buffered, path.open("rb", 0) as raw, path.open() as text:
        assert real_file(buffered) is buffered
        assert real_file(Wrapped(Wrapped(raw))) is raw
        assert real_file(text) is None
    with tempfile.NamedTemporaryFile() as named:
        assert real_file(named) is named.file
    assert real_file(io.BufferedReader(io.BytesIO(b""))) is None  # as gzip does
    assert real_file(object()) is None


def test_a_device_a_pipe_and_a_closed_file_are_not_sent_by_the_kernel(path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as pipe, os.fdopen(writing, "wb"):
        assert body_of(FileWrapper(pipe), None, lambda: None) is None
    with open(os.devnull, "rb") as device:
        assert body_of(FileWrapper(device), None, lambda: None) is None
    file = path.open("rb")
    file.close()
    assert body_of(FileWrapper(file), None, lambda: None) is None


def test_a_file_goes_out_in_slices_and_is_let_go_once(path: Path) -> None:
    closed: list[bool] = []
    with path.open("rb") as file:
        body = body_of(FileWrapper(file), None, lambda: closed.append(True))
    assert body is not None
    assert body.length == len(CONTENT)
    piece = body.pull(100)
    assert isinstance(piece, FileSlice)
    assert piece.read(100) == CONTENT[:100]
    piece.release()
    body.close()
    assert closed == [True]


def test_a_wrapper_without_close_is_closed_for_nothing() -> None:
    FileWrapper(object()).close()


@BOTH_WAYS
def test_a_file_is_closed_when_the_client_leaves(threads: int, path: Path) -> None:
    path.write_bytes(CONTENT * 16)  # more than waits in a link
    app, opened = sending(lambda: path.open("rb"))
    calling = Calling(app, threads, holds=100)
    calling.client.send(request())
    calling.until_server(lambda: len(calling.client.link.arrived) > 0)
    assert not opened[0].closed
    calling.client.link.abort()
    calling.until_server(lambda: opened[0].closed)
    assert statuses(calling.client.got) == []
