"""What a path means: files, index files, pages without their ending, folders, and better ways to say it."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pellucid.apps.static.beneath import Found, Root, Walk
from pellucid.apps.static.entries import Entry
from pellucid.apps.static.lookup import Elsewhere, ServedFile, find, make_entry
from pellucid.apps.static.rules import Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.semantics.path import Route, parse_path


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    root = Root(os.fsencode(tmp_path))
    yield root
    root.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    def write(name: str, content: bytes = b"x" * 100, at: int = 1000) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at, at))

    return write


def meaning(root: Root, path: str, **settings: object) -> str:
    """What a path means, in a few characters: a file's name, a folder's with its slash, or an arrow to another path."""
    chosen = StaticSettings(**settings)  # type: ignore[arg-type]  # by name
    route = parse_path(path.encode())
    assert isinstance(route, Route)
    with root.walk() as walk:
        found = find(walk, route, Rules(chosen), chosen)
    if isinstance(found, Elsewhere):
        return "-> " + "/".join(["", *(name.decode() for name in found.names), *[""] * found.folder])
    return b"/".join(found.names).decode() if isinstance(found, ServedFile) else "a folder"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "index.html"),
        ("/file.txt", "file.txt"),
        ("/file.txt/", "-> /file.txt"),
        ("/old/", "old/index.htm"),
        ("/old", "-> /old/"),
        ("/bare/", "a folder"),
        ("/bare", "-> /bare/"),
        ("/about", "about.html"),
        ("/about/", "-> /about"),
        ("/about.html", "about.html"),
        ("/both", "-> /both/"),
        ("/both/", "a folder"),
        ("/old/page", "old/page.html"),
    ],
)
def test_the_meaning_of_a_path(root: Root, write: Callable[..., None], path: str, expected: str) -> None:
    for name in ("index.html", "index.htm", "file.txt", "old/index.htm", "old/page.html", "bare/x/y", "about.html"):
        write(name)
    for name in ("both.html", "both/x", "folder.html/x"):
        write(name)
    assert meaning(root, path) == expected


@pytest.mark.parametrize("path", ["/missing", "/missing/x", "/file/x", "/folder", "/folder/", "/" + "x" * 300])
@pytest.mark.parametrize("before", ["", "/file", "/folder.html/x"])
def test_what_is_nothing(root: Root, write: Callable[..., None], before: str, path: str) -> None:
    write("file")
    write("folder.html/x")
    with pytest.raises(OSError) as caught:
        meaning(root, before + path)
    assert caught.value.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


@pytest.mark.parametrize("path", ["/file/file", "/file/folder.html", "/file/folder.html/", "/file/page", "/file/page/"])
def test_a_file_has_no_names_beneath_it(root: Root, write: Callable[..., None], path: str) -> None:
    write("file")
    write("page.html")
    write("folder.html/x")
    with pytest.raises(OSError) as caught:
        meaning(root, path)
    assert caught.value.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def test_settings_choose_index_files_and_clean_urls(root: Root, write: Callable[..., None]) -> None:
    write("index.html")
    write("start.md")
    write("about.html")
    assert meaning(root, "/", index=("none", "start.md", "index.html")) == "start.md"
    assert meaning(root, "/", index=()) == "a folder"
    with pytest.raises(FileNotFoundError):
        meaning(root, "/about", clean_urls=False)


def test_an_index_that_is_no_file_or_leaves_the_root_is_none(
    root: Root, write: Callable[..., None], tmp_path: Path
) -> None:
    write("a/index.html/x")
    (tmp_path / "a" / "index.htm").symlink_to("/etc/passwd")
    assert meaning(root, "/a/") == "a folder"


def test_a_lack_of_descriptors_is_not_taken_for_a_missing_file(
    root: Root, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("index.html")
    look = Walk.look

    def fail(self: Walk, names: tuple[bytes, ...], start: tuple[int, ...] = ()) -> Found:
        if names == (b"index.html",):
            raise OSError(errno.EMFILE, "too many open files")
        return look(self, names, start)

    monkeypatch.setattr(Walk, "look", fail)
    with pytest.raises(OSError) as caught:
        meaning(root, "/")
    assert caught.value.errno == errno.EMFILE


def entry_of(root: Root, path: bytes, **settings: object) -> Entry:
    chosen = StaticSettings(**settings)  # type: ignore[arg-type]  # by name
    route = parse_path(path)
    assert isinstance(route, Route)
    with root.walk() as walk:
        file = find(walk, route, Rules(chosen), chosen)
        assert isinstance(file, ServedFile)
        return make_entry(walk, file, Rules(chosen), chosen, (), 1.0, 4e9)


def codings(entry: Entry) -> list[bytes]:
    return [variant.coding for variant in entry.variants]


def test_variants_stand_beside_their_file(root: Root, write: Callable[..., None]) -> None:
    for ending in ("", ".gz", ".br", ".zst"):
        write("sub/a.css" + ending, b"x" * (100 - len(ending)), 1000)
    entry = entry_of(root, b"/sub/a.css")
    assert codings(entry) == [b"br", b"zstd", b"gzip"]
    assert entry.variants[0].path == b"sub/a.css.br"
    for each in (entry.plain, *entry.variants):
        assert each.response.headers.get(b"content-type") == b"text/css; charset=utf-8"
        assert each.response.headers.get(b"vary") == b"Accept-Encoding"
    assert len({each.tag for each in (entry.plain, *entry.variants)}) == 4
    assert [path for path, _ in entry.conditions] == [b"sub"]


@pytest.mark.parametrize(
    ("name", "content", "at"),
    [
        ("a.css.gz", b"x", 999),  # forgotten when the file was changed
        ("a.css.gz", b"x" * 100, 1000),  # of no use
        ("a.css.gz/x", b"x", 1000),
        ("a.css.GZ", b"x", 1000),
        ("a.gz", b"x", 1000),
    ],
)
def test_some_are_no_variants(root: Root, write: Callable[..., None], name: str, content: bytes, at: int) -> None:
    write("a.css")
    write(name, content, at)
    entry = entry_of(root, b"/a.css")
    assert entry.variants == ()
    assert b"vary" not in entry.plain.response.headers


def test_a_variant_that_leaves_the_root_is_not_used(root: Root, write: Callable[..., None], tmp_path: Path) -> None:
    write("a.css", b"x" * 10_000)
    write("deep/other.gz")
    (tmp_path / "a.css.br").symlink_to("/etc/hostname")
    (tmp_path / "a.css.gz").symlink_to("deep/other.gz")
    assert codings(entry_of(root, b"/a.css")) == [b"gzip"]


def test_variants_are_not_looked_for_where_there_can_be_none(root: Root, write: Callable[..., None]) -> None:
    for name in ("a.png", "a.png.gz", "a.css", "a.css.gz"):
        write(name, b"x" * (200 - len(name)))
    entry = entry_of(root, b"/a.png")
    assert (entry.variants, entry.conditions) == ((), ())
    entry = entry_of(root, b"/a.css", precompressed=False)
    assert (entry.variants, entry.conditions) == ((), ())


@pytest.mark.parametrize("path", [b"/", b"/about"])
def test_what_stands_for_another_path_depends_on_its_folder(
    root: Root, write: Callable[..., None], path: bytes
) -> None:
    write("index.html")
    write("about.html")
    entry = entry_of(root, path, precompressed=False)
    assert [path for path, _ in entry.conditions] == [b"."]
