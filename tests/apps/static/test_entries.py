"""What is remembered: never more than it may be, never used unseen, never trusted while it is fresh."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.apps.static.entries import COARSE, MOST_CHOICES, OVERHEAD, Entries, Entry
from pellucid.apps.static.representation import CODINGS, PLAIN, Representation
from pellucid.piece import identify


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    for name in ("file", "file.br", "file.gz"):
        (tmp_path / name).write_bytes(b"content")
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def made(root: int, *, folder: bool = False, variants: bool = False, wall: float = 4e9) -> Entry:
    def content(name: bytes, coding: int | None = None) -> Representation:
        kind = PLAIN if coding is None else CODINGS[coding]
        return Representation(name, os.stat(name, dir_fd=root), kind, [(b"content-type", b"text/css")], wall)

    others = (content(b"file.br", 0), content(b"file.gz", 2)) if variants else ()
    conditions = ((b".", identify(os.fstat(root))),) if folder else ()
    return Entry(content(b"file"), others, conditions, 1.0, wall)


def test_an_entry_stands_as_long_as_its_file_does(root: int, tmp_path: Path) -> None:
    entry = made(root)
    assert entry.stands(root, 2.0)
    assert entry.checked == 2.0
    (tmp_path / "file").write_bytes(b"other")
    assert entry.stands(root, 2.0)
    assert not entry.stands(root, 3.0)


def test_an_entry_falls_with_its_folder_if_that_matters(root: int, tmp_path: Path) -> None:
    careful, careless = made(root, folder=True), made(root)
    assert careful.stands(root, 2.0)
    (tmp_path / "file.zst").write_bytes(b"new")
    assert not careful.stands(root, 3.0)
    assert careless.stands(root, 3.0)


def test_a_fresh_file_is_known_for_one_round_only(root: int) -> None:
    changed = max(os.stat(b"file", dir_fd=root).st_ctime, os.fstat(root).st_ctime)
    fresh, rested = made(root, wall=changed + COARSE - 0.1), made(root, wall=changed + COARSE + 0.1)
    assert fresh.stands(root, 1.0)
    assert not fresh.stands(root, 2.0)
    assert rested.stands(root, 2.0)


def test_the_variant_is_the_one_that_the_client_likes_best(root: int) -> None:
    entry = made(root, variants=True)
    for accept, coding in ((None, b""), (b"br, gzip", b"br"), (b"gzip", b"gzip"), (b"zstd", b""), (b"x" * 1000, b"")):
        assert entry.choose(accept).coding == coding
        assert entry.choose(accept).coding == coding
    assert made(root).choose(b"br").coding == b""


def test_only_so_many_choices_are_remembered(root: int) -> None:
    entry = made(root, variants=True)
    for number in range(MOST_CHOICES * 3):
        assert entry.choose(b"gzip, x-%d" % number).coding == b"gzip"
    assert len(entry._choices) == MOST_CHOICES
    assert all(len(accept or b"") < 200 for accept in entry._choices)


def test_the_oldest_are_forgotten_where_there_is_no_room(root: int) -> None:
    entries = Entries(OVERHEAD * 10)
    for number in range(100):
        entries.keep(b"/%02d" % number, made(root))
        assert entries.used <= OVERHEAD * 10
    assert list(entries.known) == [b"/%02d" % number for number in range(91, 100)]
    entries.clear()
    assert (entries.used, entries.known) == (0, {})


def test_an_entry_weighs_what_its_bodies_do(root: int) -> None:
    entries = Entries(OVERHEAD * 2)
    entry = made(root, variants=True)
    entries.keep(b"/", entry)
    assert entries.used == OVERHEAD + 1
    entry.plain.read(root)
    entry.variants[0].read(root)
    entries.keep(b"/", entry)
    assert entries.used == OVERHEAD + 1 + 14
    entries.forget(b"/")
    entries.forget(b"/")
    assert entries.used == 0


def test_without_room_nothing_is_kept(root: int) -> None:
    entries = Entries(0)
    entries.keep(b"/", made(root))
    assert entries.known == {}
