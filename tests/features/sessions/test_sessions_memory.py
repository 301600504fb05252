"""Sessions in memory are bounded, and what has expired goes."""

from sys import getsizeof

import pytest
from sessioning import NOW

from pellucid.features.sessions import memory
from pellucid.features.sessions.memory import EACH, MemoryStore
from pellucid.features.sessions.records import Change, Clean, Give, Take


def new(name: bytes, data: str = "{}", ends: float = NOW + 60) -> Change:
    return Change(name, data, None, NOW, ends)


def test_what_was_written_longest_ago_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_MEMORY", 3 * (EACH + getsizeof("{}")))
    store = MemoryStore()
    store.apply([new(b"a"), new(b"b"), new(b"c")])
    base = store.read(b"a")
    store.apply([Change(b"a", "{}", base, NOW + 1, NOW + 61), new(b"d")])
    assert [name for name in (b"a", b"b", b"c", b"d") if store.read(name)] == [b"a", b"c", b"d"]
    store.apply([new(b"e", "x" * (2 * EACH))])
    assert len(store) == 1


def test_what_has_expired_goes_in_portions() -> None:
    store = MemoryStore()
    store.apply([new(b"%d" % number, ends=NOW + number) for number in range(5)])
    assert store.apply([Clean(NOW + 2, NOW, 2), Clean(NOW + 2, NOW, 2)]) == [True, False]
    assert len(store) == 2


def test_what_is_renewed_or_ended_takes_no_room() -> None:
    store = MemoryStore()
    store.apply([new(b"a")])
    assert store.apply([Change(b"b", "{}", store.read(b"a"), NOW, NOW + 60, b"a")]) == [True]
    assert (store.read(b"a"), len(store)) == (None, 1)
    assert store.apply([Change(b"b", "", store.read(b"b"), NOW, NOW)]) == [False]
    assert (len(store), store._size) == (0, 0)


def test_there_is_nobody_to_be_kept_out() -> None:
    assert (
        MemoryStore().apply([Take(b"a", "me", NOW, NOW), Take(b"a", "you", NOW, NOW), Give(b"a", "me")]) == [True] * 3
    )
    MemoryStore().close()


def test_sessions_in_other_scripts_take_the_room_that_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_MEMORY", 10_000)
    store = MemoryStore()
    store.apply([new(b"%d" % number, "\U0001f600" * 1000) for number in range(5)])
    assert len(store) == 2
