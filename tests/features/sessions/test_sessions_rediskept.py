"""Sessions in a Redis are merged, renewed and ended as elsewhere, whoever else changes them in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sessioning import NOW

from pellucid.features.sessions import rediskept
from pellucid.features.sessions.records import Change, Clean, Give, Record, Take, Unkept
from pellucid.features.sessions.rediskept import CHANGE, GIVE, TAKE, RedisStore
from pellucid.net.redislink import RedisDown


class Client:
    """What a Redis does with these scripts."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.lasts: dict[bytes, int] = {}
        self.between: Callable[[], object] = lambda: None

    def get(self, key: bytes) -> bytes | None:
        return self.kept.get(key)

    def delete(self, key: bytes) -> int:
        return int(self.kept.pop(key, None) is not None)

    def eval(self, script: str, count: int, *words: bytes | str | int) -> bytes | int:
        keys = [key for key in words[:count] if isinstance(key, bytes)]
        return {CHANGE: self._change, TAKE: self._take, GIVE: self._give}[script](keys, list(words[count:]))

    def _change(self, keys: list[bytes], words: list[bytes | str | int]) -> bytes | int:
        self.between()
        kept = self.kept.get(keys[0], b"")
        if kept != words[0]:
            return kept
        assert isinstance(words[1], bytes)
        assert isinstance(words[2], int)
        self.kept[keys[1]], self.lasts[keys[1]] = words[1], words[2]
        if keys[0] != keys[1]:
            self.kept.pop(keys[0], None)
        return 1

    def _take(self, keys: list[bytes], words: list[bytes | str | int]) -> int:
        owner = str(words[0]).encode()
        return int(self.kept.setdefault(keys[0], owner) == owner)

    def _give(self, keys: list[bytes], words: list[bytes | str | int]) -> int:
        return self.delete(keys[0]) if self.kept.get(keys[0]) == str(words[0]).encode() else 0


class Link:
    """A link that asks at once."""

    def __init__(self) -> None:
        self.client = Client()
        self.down = ""
        self.closed = False

    def run(self, work: Callable[[Client], object]) -> object:
        if self.down:
            raise RedisDown(self.down)
        return work(self.client)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def store(link: Link) -> RedisStore:
    return RedisStore(link)  # type: ignore[arg-type]  # as far as it is asked


def new(name: bytes = b"a", data: str = '{"n":1}') -> Change:
    return Change(name, data, None, NOW, NOW + 60)


def test_what_is_written_is_read_and_lasts_as_long_as_it_may(store: RedisStore, link: Link) -> None:
    assert store.read(b"a") is None
    assert store.apply([new(data='{"text":"with spaces and ä"}')]) == [True]
    assert store.read(b"a") == Record('{"text":"with spaces and ä"}', 1, NOW, NOW)
    assert link.client.lasts == {b"pellucid:session:61": 60_000}


def test_a_change_is_merged_with_what_another_has_written_in_between(store: RedisStore, link: Link) -> None:
    store.apply([new(data='{"a":1,"b":1}')])
    base = store.read(b"a")

    def in_between() -> None:
        link.client.between = lambda: None
        assert store.apply([Change(b"a", '{"a":1,"b":2}', base, NOW + 1, NOW + 61)]) == [True]

    link.client.between = in_between
    assert store.apply([Change(b"a", '{"a":2,"b":1}', base, NOW + 2, NOW + 62)]) == [True]
    assert store.read(b"a") == Record('{"a":2,"b":2}', 3, NOW, NOW + 2)


def test_one_that_was_ended_in_between_stays_so(store: RedisStore, link: Link) -> None:
    store.apply([new()])
    base = store.read(b"a")
    link.client.between = link.client.kept.clear
    assert store.apply([Change(b"a", '{"n":2}', base, NOW, NOW + 60)]) == [False]
    assert store.read(b"a") is None


def test_one_that_is_renewed_has_its_new_name_alone(store: RedisStore) -> None:
    store.apply([new()])
    assert store.apply([Change(b"b", '{"n":2}', store.read(b"a"), NOW, NOW + 60, b"a")]) == [True]
    assert (store.read(b"a"), store.read(b"b")) == (None, Record('{"n":2}', 1, NOW, NOW))


def test_one_that_ends_is_gone(store: RedisStore) -> None:
    store.apply([new()])
    assert store.apply([Change(b"a", "", store.read(b"a"), NOW, NOW)]) == [False]
    assert store.read(b"a") is None


def test_one_that_others_change_all_the_time_is_given_up_alone(store: RedisStore, link: Link) -> None:
    store.apply([new()])
    base = store.read(b"a")
    versions = iter(range(100, 200))

    def in_between() -> None:
        link.client.kept[b"pellucid:session:61"] = b'%d 1.0 1.0 {"n":1}' % next(versions)

    link.client.between = in_between
    given_up, other = store.apply([Change(b"a", '{"n":2}', base, NOW, NOW + 60), Take(b"b", "me", NOW, NOW + 10)])
    assert (str(given_up), other) == ("others change this session all the time", True)
    assert next(versions) == 100 + rediskept.TRIES


def test_a_turn_is_one_owner_s_until_it_gives_it_back(store: RedisStore) -> None:
    mine, yours = Take(b"a", "me", NOW, NOW + 10), Take(b"a", "you", NOW, NOW + 10)
    assert store.apply([mine, mine, yours, Give(b"a", "you"), yours]) == [True, True, False, False, False]
    assert store.apply([Give(b"a", "me"), yours, Clean(NOW, NOW, 1)]) == [True, True, False]


def test_one_that_is_down_is_told_by_its_name(store: RedisStore, link: Link) -> None:
    link.down = "redis://h:1/0 fails: refused"
    for ask in (lambda: store.read(b"a"), lambda: store.apply([new()])):
        with pytest.raises(Unkept, match="sessions: redis://h:1/0 fails: refused"):
            ask()
    store.close()
    assert link.closed
