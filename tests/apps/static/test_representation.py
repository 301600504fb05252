"""One content: its tag, its heads, and its bytes read once and only if they are right."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.apps.static.representation import CODINGS, NOSNIFF, PLAIN, Coding, Representation, entity_tag
from pellucid.errors import FileChanged
from pellucid.message import Field

FIELDS: list[Field] = [(b"content-type", b"text/css"), (b"cache-control", b"no-cache"), NOSNIFF, (b"vary", b"X")]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "file").write_bytes(b"content")
    os.utime(tmp_path / "file", (784111777, 784111777))
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def made(root: int, coding: Coding = PLAIN, now: float = 2e9) -> Representation:
    return Representation(b"file", os.stat(b"file", dir_fd=root), coding, FIELDS, now)


def test_the_tag_is_of_time_size_and_coding_and_of_nothing_else(root: int, tmp_path: Path) -> None:
    os.mkdir(tmp_path / "copies")
    copy = tmp_path / "copies" / "other-name"
    copy.write_bytes(b"CONTENT")
    os.utime(copy, (784111777, 784111777))
    status = os.stat(b"file", dir_fd=root)
    assert entity_tag(status) == entity_tag(os.stat(copy)) == b'"%x-7"' % (784111777 * 10**9)
    tags = {entity_tag(status, coding) for coding in (PLAIN, *CODINGS)}
    assert len(tags) == 4
    os.utime(copy, ns=(0, 784111777 * 10**9 + 1))
    assert entity_tag(os.stat(copy)) not in tags


def test_the_heads_tell_all_that_is_known(root: int) -> None:
    content = made(root)
    assert content.response.status == 200
    assert content.response.headers.index == {
        b"content-type": b"text/css",
        b"cache-control": b"no-cache",
        b"x-content-type-options": b"nosniff",
        b"vary": b"X",
        b"etag": content.tag,
        b"last-modified": b"Sun, 06 Nov 1994 08:49:37 GMT",
    }
    assert content.unchanged.status == 304
    assert set(content.unchanged.headers.index) == {b"cache-control", b"x-content-type-options", b"vary", b"etag"}


def test_a_coding_is_told(root: int) -> None:
    content = made(root, CODINGS[0])
    assert content.response.headers.get(b"content-encoding") == b"br"
    assert content.tag.endswith(b'-br"')
    assert b"content-encoding" not in content.unchanged.headers


def test_a_date_in_the_future_is_not_told(root: int) -> None:
    content = made(root, now=784111776.5)
    assert content.modified is None
    assert b"last-modified" not in content.response.headers


@pytest.mark.parametrize("date", [0, 1, 315_532_800, 315_532_801, 315_619_200])
def test_a_date_that_stays_when_the_content_changes_is_not_relied_on(root: int, tmp_path: Path, date: int) -> None:
    os.utime(tmp_path / "file", (date, date))
    content = made(root)
    assert b"last-modified" not in content.response.headers
    status = os.stat(tmp_path / "file")
    assert content.tag == b'"%x-7"' % status.st_ctime_ns
    fields = [*status]
    later = os.stat_result([*fields], {"st_mtime_ns": status.st_mtime_ns, "st_ctime_ns": status.st_ctime_ns + 1})
    assert entity_tag(later) != content.tag


def test_a_file_that_may_still_be_written_has_a_tag_of_the_moment(root: int) -> None:
    changed = 784111777.0
    rested = entity_tag(os.stat(b"file", dir_fd=root))
    for now in (changed + 0.06, changed - 0.06, changed + 1e6):
        assert made(root, now=now).tag == rested
    restless = [made(root, coding, changed + late).tag for late in (0.0, 0.001, 0.04) for coding in (PLAIN, CODINGS[0])]
    assert len({*restless, rested}) == 7
    assert all(re.fullmatch(rb'"[0-9a-z-]+"', tag) for tag in restless)


def test_the_content_is_read_once(root: int, tmp_path: Path) -> None:
    content = made(root)
    assert content.read(root) == b"content"
    os.unlink(tmp_path / "file")
    assert content.read(root) == b"content"


def test_an_empty_file_is_read_too(root: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert made(root).read(root) == b""


@pytest.mark.parametrize("size", [3, 20])
def test_a_file_that_became_another_is_not_read(root: int, tmp_path: Path, size: int) -> None:
    content = made(root)
    os.truncate(tmp_path / "file", size)
    with pytest.raises(FileChanged):
        content.read(root)
    assert content.body is None


def test_a_file_that_changes_while_it_is_read_is_not_given(
    root: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = made(root)
    pread = os.pread

    def read(fd: int, size: int, offset: int) -> bytes:
        data = pread(fd, size, offset)
        (tmp_path / "file").write_bytes(b"CONTENT")
        return data

    monkeypatch.setattr(os, "pread", read)
    before = os.listdir("/dev/fd")
    with pytest.raises(FileChanged):
        content.read(root)
    assert os.listdir("/dev/fd") == before
    assert content.body is None


def test_it_is_looked_at_once_for_each_moment(root: int, tmp_path: Path) -> None:
    content = made(root)
    assert content.stands(root, 1.0)
    (tmp_path / "file").unlink()
    assert content.stands(root, 1.0)
    assert not content.stands(root, 2.0)
