"""A file is there whole or not at all, and takes no other's place unless that is wished."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.apps.static.landing import PREFIX, Landing


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield opened
    os.close(opened)


def test_a_file_is_seen_once_it_is_whole(tmp_path: Path, fd: int) -> None:
    landing = Landing(fd)
    landing.write(b"one ")
    landing.write(b"two")
    assert [path.name.encode().startswith(PREFIX) for path in tmp_path.iterdir()] == [True]
    assert landing.publish(b"a", replace=False) is False
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"one two"
    assert (tmp_path / "a").stat().st_nlink == 1


def test_what_is_discarded_leaves_nothing(tmp_path: Path, fd: int) -> None:
    landing = Landing(fd)
    landing.write(b"x")
    landing.discard()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("kind", ["file", "folder", "link", "broken link"])
def test_nothing_that_is_there_is_replaced_unasked(tmp_path: Path, fd: int, kind: str) -> None:
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("outside")
    path = tmp_path / "a"
    if kind == "file":
        path.write_text("old")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(outside if kind == "link" else "nowhere")
    landing = Landing(fd)
    with pytest.raises(OSError, match="File exists") as error:
        landing.publish(b"a", replace=False)
    assert error.value.errno == errno.EEXIST
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert outside.read_text() == "outside"


def test_a_file_takes_the_place_of_another_where_that_is_wished(tmp_path: Path, fd: int) -> None:
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("outside")
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").symlink_to(outside)
    for name in (b"a", b"b"):
        landing = Landing(fd)
        landing.write(b"new")
        assert landing.publish(name, replace=True) is True
        assert (tmp_path / name.decode()).read_text() == "new"
    assert outside.read_text() == "outside"
    assert not (tmp_path / "b").is_symlink()
    assert Landing(fd).publish(b"c", replace=True) is False
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileExistsError):
        Landing(fd).publish(b"folder", replace=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "folder"]


def test_no_descriptor_is_left(tmp_path: Path, fd: int) -> None:
    before = len(os.listdir("/dev/fd"))
    Landing(fd).publish(b"a", replace=False)
    with pytest.raises(FileExistsError):
        Landing(fd).publish(b"a", replace=False)
    Landing(fd).discard()
    file = os.open(tmp_path / "a", os.O_RDONLY)
    with pytest.raises(NotADirectoryError):
        Landing(file)
    os.close(file)
    assert len(os.listdir("/dev/fd")) == before


def test_without_hard_links_nothing_is_replaced_either(
    tmp_path: Path, fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*names: bytes, **options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    for content in (b"one", b"two"):
        landing = Landing(fd)
        landing.write(content)
        if content == b"one":
            landing.publish(b"a", replace=False)
        else:
            with pytest.raises(FileExistsError):
                landing.publish(b"a", replace=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"one"
