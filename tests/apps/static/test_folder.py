"""What is shown of a folder: what would be served, and no more of it than is allowed."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest

from pellucid.apps.static.beneath import Root, Walk
from pellucid.apps.static.folder import NAMES_FOR_EACH, Contents, read_folder, show
from pellucid.apps.static.listing import CONTENT_SECURITY_POLICY, Item, natural_order

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
    ("most", "shown", "truncated"), [(0, 21, False), (7, 7, True), (20, 20, True), (21, 21, False)]
)
def test_of_a_large_folder_the_first_by_name_are_shown(
    root: Root, folder: Path, most: int, shown: int, truncated: bool
) -> None:
    for number in range(20):
        (folder / f"{number}").write_text("")
    with root.walk() as walk:
        contents = read_folder(walk, walk.look(()), dot_files=False, most=most)
    expected = {*map(str, range(20)), "sub"} if shown > 20 else {*map(str, range(shown))}
    assert {os.fsdecode(item.name) for item in contents.items} == expected
    assert contents.truncated is truncated


def test_the_names_that_are_put_in_order_are_bounded(root: Root, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}").write_text("")
    told = [os.fsencode(name) for name in os.listdir(folder)][: 2 * NAMES_FOR_EACH]
    assert set(names(root, most=2)) == set(sorted(told, key=natural_order)[:2])


def test_what_is_not_shown_does_not_count_as_more(root: Root, folder: Path) -> None:
    (folder / ".hidden").write_text("")
    (folder / "no\\path").write_text("")
    with root.walk() as walk:
        assert read_folder(walk, walk.look(()), dot_files=False, most=1) == Contents([ANY], False)


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


ITEMS = Contents([Item(b"b", "file", 1, 0), Item(b"a", "file", 2, 0)], False)


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
        show(b"/", Contents(ITEMS.items[:1], False), b"", None),
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
@pytest.mark.parametrize(("count", "said"), [(0, "0"), (3, "3"), (2000, "2,000")])
def test_each_form_says_whether_there_is_more(accept: bytes, count: int, said: str) -> None:
    items = [Item(b"%d" % number, "file", 1, 0) for number in range(count)]
    whole, part = (show(b"/", Contents(items, truncated), b"", accept)[1] for truncated in (False, True))
    if accept == b"application/json":
        assert [json.loads(body)["truncated"] for body in (whole, part)] == [False, True]
    else:
        note = f"This folder holds more: only the first {said} by name are shown.".encode()
        assert (note in whole, note in part) == (False, True)
        assert b"Nothing here" not in part
