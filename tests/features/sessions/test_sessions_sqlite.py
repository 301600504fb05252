"""A file of SQLite keeps sessions for all who open it, for its owner alone, and says what is wrong with it."""

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sessioning import NOW

from pellucid.features.sessions import sqlite
from pellucid.features.sessions.records import Change, Clean, Give, Operation, Record, Take, Unkept
from pellucid.features.sessions.sqlite import SqliteStore

FULL = 200


class Opened:
    """Stores in one file, as workers open it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "sessions.db"
        self.notes: list[str] = []
        self.stores: list[SqliteStore] = []

    def store(self) -> SqliteStore:
        store = SqliteStore(str(self.file), "sessions.db", lambda level, text: self.notes.append(text))
        self.stores.append(store)
        return store


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path)
    yield opened
    for store in opened.stores:
        store.close()


def new(name: bytes = b"a", data: str = '{"n":1}', ends: float = NOW + 60) -> Change:
    return Change(name, data, None, NOW, ends)


def test_what_one_writes_all_others_read(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    assert other.read(b"a") is None
    assert one.apply([new()]) == [True]
    assert other.read(b"a") == Record('{"n":1}', 1, NOW, NOW)


def test_a_change_is_merged_with_what_others_have_written_meanwhile(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    one.apply([new(data='{"a":1,"b":1}')])
    base = one.read(b"a")
    assert one.apply([Change(b"a", '{"a":2,"b":1}', base, NOW + 1, NOW + 61)]) == [True]
    assert other.apply([Change(b"a", '{"a":1,"b":2}', base, NOW + 2, NOW + 62)]) == [True]
    assert one.read(b"a") == Record('{"a":2,"b":2}', 3, NOW, NOW + 2)


def test_one_that_is_renewed_has_its_new_name_alone(opened: Opened) -> None:
    store = opened.store()
    store.apply([new()])
    assert store.apply([Change(b"b", '{"n":2}', store.read(b"a"), NOW, NOW + 60, b"a")]) == [True]
    assert store.read(b"a") is None
    assert store.read(b"b") == Record('{"n":2}', 1, NOW, NOW)


def test_one_that_has_ended_stays_so(opened: Opened) -> None:
    store = opened.store()
    store.apply([new()])
    base = store.read(b"a")
    assert store.apply([Change(b"a", "", base, NOW, NOW)]) == [False]
    assert store.apply([Change(b"a", '{"n":2}', base, NOW, NOW + 60)]) == [False]
    assert store.read(b"a") is None


def test_a_turn_is_one_owner_s_until_it_gives_it_back_or_it_ends(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    assert one.apply([Take(b"a", "me", NOW, NOW + 10)]) == [True]
    assert other.apply([Take(b"a", "you", NOW + 1, NOW + 11)]) == [False]
    assert one.apply([Take(b"a", "me", NOW + 5, NOW + 15)]) == [True]
    assert other.apply([Give(b"a", "you"), Take(b"a", "you", NOW + 6, NOW + 16)]) == [True, False]
    assert other.apply([Take(b"a", "you", NOW + 15, NOW + 25)]) == [True]
    assert one.apply([Give(b"a", "me"), Take(b"a", "me", NOW + 16, NOW + 26)]) == [True, False]
    assert other.apply([Give(b"a", "you"), Take(b"a", "me", NOW + 16, NOW + 26)]) == [True, True]


def test_a_turn_that_lasts_for_hours_since_the_clock_was_put_back_is_nobody_s(opened: Opened) -> None:
    store = opened.store()
    assert store.apply([Take(b"a", "me", NOW, NOW + 5)]) == [True]
    assert store.apply([Take(b"a", "you", NOW - 1, NOW + 4)]) == [False]
    assert store.apply([Take(b"a", "you", NOW - 3600, NOW - 3595)]) == [True]


def test_what_has_expired_is_thrown_away_in_portions_by_one_at_a_time(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    one.apply([new(b"%d" % number, ends=NOW + number) for number in range(10)])
    assert one.apply([Clean(NOW + 6, NOW - 30, 4)]) == [True]
    assert [number for number in range(10) if one.read(b"%d" % number)] == [4, 5, 6, 7, 8, 9]
    assert other.apply([Clean(NOW + 6, NOW - 30, 4)]) == [False]
    assert [number for number in range(10) if one.read(b"%d" % number)] == [7, 8, 9]
    assert one.apply([Clean(NOW + 20, NOW - 10, 4)]) == [False]  # the other one has done it
    assert one.read(b"7") is not None
    assert one.apply([Clean(NOW + 40, NOW + 10, 4)]) == [False]
    assert one.read(b"9") is None


def test_the_key_is_the_same_for_all_and_stays(opened: Opened) -> None:
    assert opened.store().key == opened.store().key
    assert len(opened.store().key) > 40


def test_the_file_is_its_owner_s_alone_and_so_is_what_is_beside_it(opened: Opened) -> None:
    mask = os.umask(0)
    try:
        opened.store().apply([new()])
    finally:
        os.umask(mask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in opened.file.parent.iterdir()}
    assert modes == {"sessions.db": 0o600, "sessions.db-wal": 0o600, "sessions.db-shm": 0o600}
    assert opened.notes == []


def test_a_file_that_others_may_read_is_told_of(opened: Opened) -> None:
    opened.file.touch(0o644)
    opened.store()
    assert opened.notes == [
        "others on this machine may read the sessions in 'sessions.db': chmod 600 sessions.db",
    ]


def foreign(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()


def later(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE session (text)")
    connection.execute("PRAGMA user_version = 2")
    connection.close()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda file: file.mkdir(), "it is no file"),
        (lambda file: file.write_bytes(b"x" * 5000), "file is not a database"),
        (foreign, "the file holds something else"),
        (later, "the file holds something else"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone(make: object, complaint: str, opened: Opened) -> None:
    assert callable(make)
    make(opened.file)
    with pytest.raises(ValueError, match=f"sessions cannot be kept in 'sessions.db': {complaint}"):
        opened.store()


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sessions cannot be kept in 'x/s.db': there is no folder '.*/x'"):
        SqliteStore(str(tmp_path / "x" / "s.db"), "x/s.db", lambda level, text: None)


@pytest.mark.parametrize("operation", [new(), Take(b"a", "me", NOW, NOW), Clean(NOW, 0, 1)])
def test_a_file_that_somebody_has_locked_cannot_be_written(operation: Operation, opened: Opened) -> None:
    store = opened.store()
    store._writing.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(opened.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unkept, match=r"sessions in 'sessions.db': database is locked"):
        store.apply([operation])
    assert store.read(b"a") is None  # and is read all the same
    other.execute("ROLLBACK")
    other.close()
    assert store.apply([operation]) in ([True], [False])


def test_a_disk_that_is_full_is_said_so_and_what_was_kept_stays(opened: Opened) -> None:
    store = opened.store()
    store.apply([new()])
    store._writing.execute("PRAGMA max_page_count = 1")  # as small as it is now
    with pytest.raises(Unkept, match=r"sessions in 'sessions.db': database or disk is full"):
        store.apply([new(b"%d" % number, f'{{"x":"{"x" * 4000}"}}') for number in range(FULL)])
    assert store.read(b"a") is not None
    assert store.read(b"0") is None  # all or none
    store._writing.execute("PRAGMA max_page_count = 1000000")
    assert store.apply([new(b"0")]) == [True]


def test_a_file_that_is_broken_under_way_is_said_so(opened: Opened) -> None:
    opened.store().apply([new(b"%d" % number, f'{{"x":"{"x" * 4000}"}}') for number in range(FULL)])
    opened.stores.pop().close()
    with opened.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (opened.file.stat().st_size - 4096))
    with pytest.raises((Unkept, ValueError), match=r"sessions (cannot be kept )?in 'sessions.db': .*malformed"):
        opened.store().read(b"1")


def test_a_name_that_is_a_path_or_a_statement_is_a_name(opened: Opened) -> None:
    store = opened.store()
    for name in (b"../../etc/passwd", b"' OR 1=1 --", b"\0", b""):
        assert store.read(name) is None
    assert sorted(path.name for path in opened.file.parent.iterdir())[:1] == ["sessions.db"]


def test_a_file_that_was_taken_away_is_begun_anew_by_all(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    one.apply([new()])
    for path in list(opened.file.parent.iterdir()):
        path.unlink()
    for store in (one, other):
        store.apply([Clean(NOW, NOW - 30, 1)])
    assert one.read(b"a") is None
    one.apply([new(b"b")])
    assert other.read(b"b") is not None


def test_who_reads_is_not_held_up_while_a_file_is_begun_anew(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened.store()
    store.apply([new()])
    opened.file.unlink()
    found: list[Record | None] = []
    prepare = sqlite._prepare

    def reading(writing: sqlite3.Connection) -> None:
        with ThreadPoolExecutor(1) as loop:
            found.append(loop.submit(store.read, b"a").result(10))
        prepare(writing)

    monkeypatch.setattr(sqlite, "_prepare", reading)
    store.apply([Clean(NOW, NOW - 30, 1)])
    assert found == [Record('{"n":1}', 1, NOW, NOW)]
    assert store.read(b"a") is None


def test_a_file_that_is_begun_anew_has_the_key_of_those_who_go_on(opened: Opened) -> None:
    store = opened.store()
    key = store.key
    opened.file.unlink()
    store.apply([Clean(NOW, NOW - 30, 1)])
    assert opened.store().key == key


def test_a_folder_that_was_taken_away_is_said_so_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    opened = Opened(folder)
    store = opened.store()
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Unkept, match=r"sessions in 'sessions.db': there is no folder '.*/folder'"):
        store.apply([Clean(NOW, NOW - 30, 1)])
    folder.mkdir()
    assert store.apply([Clean(NOW, NOW - 30, 1), new()]) == [False, True]
    assert store.read(b"a") is not None
    store.close()


def test_workers_that_begin_together_share_one_new_file(tmp_path: Path) -> None:
    for turn in range(10):
        (tmp_path / f"{turn}").mkdir()
        opened = [Opened(tmp_path / f"{turn}") for _ in range(6)]
        with ThreadPoolExecutor(len(opened)) as together:
            stores = [*together.map(Opened.store, opened)]
        assert len({store.key for store in stores}) == 1
        for store in stores:
            store.close()


def test_a_file_that_was_taken_away_alone_leaves_nothing_that_would_spoil_the_new_one(opened: Opened) -> None:
    one, other = opened.store(), opened.store()
    one.apply([new()])
    opened.file.unlink()
    one.apply([Clean(NOW, NOW - 30, 1)])
    for number in range(50):
        one.apply([new(b"one %d" % number, '"%s"' % ("1" * 500))])
        other.apply([new(b"other %d" % number, '"%s"' % ("2" * 500))])
    assert [other.read(b"one 49"), one.read(b"other 49")].count(None) == 0
    with closing(sqlite3.connect(opened.file)) as reader:
        assert reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_file_in_the_place_of_another_is_tried_until_it_can_be_opened(opened: Opened) -> None:
    store = opened.store()
    for path in list(opened.file.parent.iterdir()):
        path.unlink()
    opened.file.write_bytes(b"something else" * 1000)
    for _ in range(2):
        with pytest.raises(Unkept, match="not a database"):
            store.apply([Clean(NOW, NOW - 30, 1)])
    opened.file.write_bytes(b"")
    assert store.apply([Clean(NOW, NOW - 30, 1), new()]) == [False, True]
