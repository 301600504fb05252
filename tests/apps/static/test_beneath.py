"""The walk: what it finds, and that no name and no link leads it out of the root."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.apps.static.beneath import Root, open_file, open_folder
from pellucid.errors import FileChanged
from pellucid.piece import identify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "deep").write_text("deep")
    (root / "file").write_text("file")
    return root


@pytest.fixture
def root(folder: Path) -> Iterator[Root]:
    root = Root(os.fsencode(folder))
    yield root
    root.close()


def read(root: Root, *names: bytes) -> bytes:
    """The content that these names lead to."""
    with root.walk() as walk:
        found = walk.look(names)
        assert not found.folder
        file = open_file(found.name, found.place[-1], identify(found.stat))
    try:
        return os.pread(file.fd, 100, 0)
    finally:
        file.release()


def refused(root: Root, *names: bytes) -> int | None:
    """The number of the error that these names end in."""
    with root.walk() as walk, pytest.raises(OSError) as caught:
        walk.look(names)
    return caught.value.errno


def test_files_and_folders_are_found(root: Root) -> None:
    assert read(root, b"file") == b"file"
    assert read(root, b"a", b"b", b"deep") == b"deep"
    with root.walk() as walk:
        assert walk.look(()).folder
        assert walk.look((b"a", b"b")).folder
        place = walk.look((b"a",)).place
        assert not walk.look((b"b", b"deep"), place).folder


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ((b"missing",), errno.ENOENT),
        ((b"missing", b"file"), errno.ENOENT),
        ((b"file", b"x"), errno.ENOTDIR),
        ((b"x" * 300,), errno.ENAMETOOLONG),
        ((b"..", b"outside", b"secret"), errno.ENOENT),
        ((b"a", b"..", b"..", b"outside", b"secret"), errno.ENOENT),
    ],
)
def test_what_is_not_there_is_an_error(root: Root, names: tuple[bytes, ...], number: int) -> None:
    assert refused(root, *names) == number


@pytest.mark.parametrize(
    "target",
    [
        "file",
        "./file",
        "a/../file",
        "a/b/../../file",
        "a//b/..//../file",
        "{root}/file",
        "{root}/a/../file",
        "again",
        "{root}/again",
    ],
)
def test_a_link_that_stays_beneath_is_followed(root: Root, folder: Path, target: str) -> None:
    (folder / "again").symlink_to("file")
    (folder / "link").symlink_to(target.format(root=folder))
    assert read(root, b"link") == b"file"


def test_a_link_to_a_folder_is_walked_on(root: Root, folder: Path) -> None:
    (folder / "short").symlink_to("a/b")
    (folder / "a" / "up").symlink_to("../a/up2")
    (folder / "a" / "up2").symlink_to("..")
    assert read(root, b"short", b"deep") == b"deep"
    assert read(root, b"a", b"up", b"short", b"deep") == b"deep"


@pytest.mark.parametrize(
    "target",
    [
        "../outside/secret",
        "../root/file",
        "a/../../outside/secret",
        "a/b/../../../outside/secret",
        "/etc/passwd",
        "/",
        "..",
        "{root}/../outside/secret",
        "{root}-not/x",
        "out/secret",
        "nowhere",
    ],
)
def test_a_link_that_leaves_the_root_leads_nowhere(root: Root, folder: Path, target: str) -> None:
    (folder / "out").symlink_to("../outside")
    (folder / "link").symlink_to(target.format(root=folder))
    assert refused(root, b"link") == errno.ENOENT
    assert refused(root, b"link", b"secret") == errno.ENOENT


def test_a_link_to_a_file_has_no_names_beneath_it(root: Root, folder: Path) -> None:
    (folder / "link").symlink_to("file/")
    assert refused(root, b"link") == errno.ENOTDIR


def test_links_that_go_in_a_circle_end(root: Root, folder: Path) -> None:
    (folder / "here").symlink_to("there")
    (folder / "there").symlink_to("here")
    (folder / "self").symlink_to(".")
    assert refused(root, b"here") == errno.ELOOP
    assert refused(root, *[b"self"] * 50, b"file") == errno.ELOOP
    assert read(root, *[b"self"] * 30, b"file") == b"file"


def test_absolute_links_may_call_the_root_by_either_of_its_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    (folder / "one").symlink_to(tmp_path / "alias" / "file")
    (folder / "two").symlink_to(folder / "file")
    root = Root(os.fsencode(tmp_path / "alias"))
    assert read(root, b"one") == read(root, b"two") == b"file"
    root.close()


def test_what_is_neither_file_nor_folder_is_absent(root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to("fifo")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name in (b"fifo", b"link", b"socket"):
            assert refused(root, name) == errno.ENOENT


def test_a_file_that_was_replaced_is_not_opened(root: Root, folder: Path) -> None:
    with root.walk() as walk:
        found = walk.look((b"file",))
        (folder / "file").unlink()
        os.mkfifo(folder / "file")
        with pytest.raises(FileChanged):
            open_file(b"file", root.fd, identify(found.stat))


def test_a_walk_closes_what_it_opened(root: Root, folder: Path) -> None:
    (folder / "out").symlink_to("../outside")
    before = os.listdir("/dev/fd")
    for names in ((b"a", b"b", b"deep"), (b"a", b"b"), (b"a", b"x"), (b"out", b"secret")):
        try:
            with root.walk() as walk:
                walk.look(names)
        except OSError:
            pass
    assert os.listdir("/dev/fd") == before


def test_a_folder_is_opened_for_reading(root: Root) -> None:
    with root.walk() as walk:
        fd = open_folder(walk.look((b"a",)))
    assert os.listdir(fd) == ["b"]
    os.close(fd)


def test_the_root_knows_when_its_path_leads_elsewhere(folder: Path, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(folder)
    root = Root(os.fsencode(current))
    assert not root.replaced()
    current.unlink()
    assert not root.replaced()
    current.symlink_to(tmp_path / "outside")
    assert root.replaced()
    root.close()


def test_a_root_must_be_a_folder(folder: Path) -> None:
    with pytest.raises(NotADirectoryError):
        Root(os.fsencode(folder / "file"))
    with pytest.raises(FileNotFoundError):
        Root(os.fsencode(folder / "missing"))
