"""What is shown of a folder: what would be served, and no more of it than is allowed."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest

from pellucid.apps.static import folder as module
from pellucid.apps.static.beneath import Found, Root, Walk
from pellucid.apps.static.folder import Contents, read_folder, show
from pellucid.apps.static.listing import CONTENT_SECURITY_POLICY, Extent, Item

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    root = Root(os.fsencode(tmp_path / "root"))
    yield root
    root.close()


@pytest.fixture
def folder(root: Root) -> Path:
    return Path(os.fsdecode(root.path))


def names(root: Root, *path: bytes, dot_files: bool = False, most: int = 100) -> dict[bytes, str]:
    with root.walk() as walk:
        contents = read_folder(walk, walk.look(path), dot_files=dot_files, most=most)
    return {item.name: item.kind for item in contents.items}


def test_files_and_folders_are_shown_with_what_is_known_of_them(root: Root, folder: Path) -> None:
    (folder / "file").write_bytes(b"12345")
    os.utime(folder / "file", (0, 1000))
    with root.walk() as walk:
        items = {item.name: item for item in read_folder(walk, walk.look(()), dot_files=False, most=100).items}
    assert items[b"file"] == Item(b"file", "file", 5, 1000)
    assert (items[b"sub"].kind, items[b"sub"].size) == ("folder", None)


def test_only_what_would_be_served_is_shown(root: Root, folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "fifo")
    (folder / ".hidden").write_text("")
    (folder / ".well-known").mkdir()
    (folder / "back\\slash").write_text("")
    (folder / "file").write_text("")
    (folder / os.fsdecode(b"\xff<b>")).write_text("")
    (folder / "inner").symlink_to("file")
    (folder / "inner-folder").symlink_to("sub")
    (folder / "outer").symlink_to("../outside")
    (folder / "absolute").symlink_to(tmp_path / "outside")
    (folder / "broken").symlink_to("nowhere")
    (folder / "to-fifo").symlink_to("fifo")
    shown = {
        b"file": "file",
        b"\xff<b>": "file",
        b"sub": "folder",
        b"inner": "file",
        b"inner-folder": "folder",
    }
    assert names(root) == shown
    assert names(root, dot_files=True) == {**shown, b".hidden": "file", b".well-known": "folder"}
    assert names(root, b"inner-folder") == {}


def test_what_cannot_be_read_is_not_shown(root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "open").write_text("")
    (folder / "locked").write_text("")
    # Permissions do not bind whoever runs tests as root.
    monkeypatch.setattr(os, "access", lambda name, mode, *, dir_fd: name == b"open")
    assert names(root) == {b"open": "file"}


@pytest.mark.parametrize(
    ("most", "shown", "extent"),
    [(0, 21, Extent.WHOLE), (7, 7, Extent.FIRST), (20, 20, Extent.FIRST), (21, 21, Extent.WHOLE)],
)
def test_of_a_large_folder_the_folders_and_the_first_by_name_are_shown(
    root: Root, folder: Path, most: int, shown: int, extent: Extent
) -> None:
    for number in range(20):
        (folder / f"{number}").write_text("")
    with root.walk() as walk:
        contents = read_folder(walk, walk.look(()), dot_files=False, most=most)
    assert {os.fsdecode(item.name) for item in contents.items} == {"sub", *map(str, range(shown - 1))}
    assert contents.extent is extent


@pytest.mark.parametrize(("bound", "extent"), [(4, Extent.SOME), (20, Extent.SOME), (21, Extent.FIRST)])
def test_the_names_that_are_read_are_bounded(
    root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch, bound: int, extent: Extent
) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", bound)
    for number in range(20):
        (folder / f"{number}").write_text("")
    told = os.listdir(folder)[:bound]
    expected = sorted(told, key=lambda name: (name != "sub", name.zfill(2)))[:2]
    with root.walk() as walk:
        contents = read_folder(walk, walk.look(()), dot_files=False, most=2)
    assert {os.fsdecode(item.name) for item in contents.items} == {*expected}
    assert contents.extent is extent


def test_whoever_wants_all_names_gets_them(root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", 3)
    for number in range(9):
        (folder / f"{number}").write_text("")
    assert len(names(root, most=0)) == len(names(root, most=10)) == 10


def test_only_what_is_shown_is_looked_at(root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (folder / f"{number}").write_text("")
    looked = []
    item = module._item

    def counting(walk: Walk, found: Found, name: bytes, entry: "os.DirEntry[str]", fd: int) -> Item | None:
        looked.append(name)
        return item(walk, found, name, entry, fd)

    monkeypatch.setattr(module, "_item", counting)
    assert [*names(root, most=3)] == looked == [b"sub", b"0", b"1"]


def test_what_is_not_shown_does_not_count_as_more(root: Root, folder: Path) -> None:
    (folder / ".hidden").write_text("")
    (folder / "no\\path").write_text("")
    with root.walk() as walk:
        assert read_folder(walk, walk.look(()), dot_files=False, most=1) == Contents([ANY])


def test_many_links_do_not_use_up_descriptors(root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (folder / f"{number}").symlink_to("sub")
    most = 0
    opened = os.open

    def counting(*arguments: object, **more: object) -> int:
        nonlocal most
        fd: int = opened(*arguments, **more)  # type: ignore[arg-type]  # as it came
        most = max(most, fd)
        return fd

    before = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(os, "open", counting)
    assert len(names(root)) == 31
    assert len(os.listdir("/dev/fd")) == before
    assert most < before + 10


def test_a_lack_of_descriptors_is_not_taken_for_an_empty_folder(
    root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "link").symlink_to("sub")

    def fail(*arguments: object) -> object:
        raise OSError(errno.EMFILE, "too many open files")

    with root.walk() as walk:
        found = walk.look(())
        monkeypatch.setattr(Walk, "look", fail)
        with pytest.raises(OSError) as caught:
            read_folder(walk, found, dot_files=False, most=0)
    assert caught.value.errno == errno.EMFILE


ITEMS = Contents([Item(b"b", "file", 1, 0), Item(b"a", "file", 2, 0)])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, b"text/html; charset=utf-8"),
        (b"*/*", b"text/html; charset=utf-8"),
        (BROWSER, b"text/html; charset=utf-8"),
        (b"application/json", b"application/json"),
        (b"text/plain", b"text/plain; charset=utf-8"),
        (b"image/png", b"text/html; charset=utf-8"),
    ],
)
def test_the_form_is_chosen_by_accept(accept: bytes | None, kind: bytes) -> None:
    response, body = show(b"/x/", ITEMS, b"", accept)
    assert response.status == 200
    assert body
    assert response.headers.get(b"content-type") == kind
    assert response.headers.get(b"vary") == b"Accept"
    assert response.headers.get(b"cache-control") == b"no-cache"
    assert response.headers.get(b"x-content-type-options") == b"nosniff"
    policy = response.headers.get(b"content-security-policy")
    assert policy == (CONTENT_SECURITY_POLICY if b"html" in kind else None)


def test_the_tag_tells_listings_apart() -> None:
    shown = [
        show(b"/", ITEMS, b"", None),
        show(b"/", Contents(ITEMS.items[:1]), b"", None),
        show(b"/", ITEMS, b"sort=size&order=desc", None),
        show(b"/", ITEMS, b"", b"application/json"),
    ]
    tags = {response.headers.get(b"etag") for response, _ in shown}
    assert len(tags) == 4
    assert show(b"/", ITEMS, b"", None)[0].headers.get(b"etag") in tags


def test_json_lists_what_is_there() -> None:
    _, body = show(b"/", ITEMS, b"", b"application/json")
    assert [item["name"] for item in json.loads(body)["items"]] == ["a", "b"]


@pytest.mark.parametrize("accept", [b"text/html", b"application/json", b"text/plain"])
@pytest.mark.parametrize(
    ("extent", "count", "said"),
    [
        (Extent.FIRST, 0, "only the first 0 by name are shown."),
        (Extent.FIRST, 2000, "only the first 2,000 by name are shown."),
        (Extent.SOME, 3, "these 3 are some of them."),
    ],
)
def test_each_form_says_at_its_top_whether_there_is_more(accept: bytes, extent: Extent, count: int, said: str) -> None:
    items = [Item(b"entry%d" % number, "file", 1, 0) for number in range(count)]
    whole, part = (show(b"/", Contents(items, each), b"", accept)[1] for each in (Extent.WHOLE, extent))
    if accept == b"application/json":
        assert [json.loads(body)["truncated"] for body in (whole, part)] == [False, True]
    else:
        note = said.encode()
        assert (note in whole, note in part) == (False, True)
        assert not items or part.index(note) < part.index(b"entry0")
        assert b"Nothing here" not in part
