"""The keys of a file are followed; those of a URL are asked for now and then, and kept while it fails."""

from pathlib import Path

import pytest
from minting import CURVE, OTHER, RSA, jwks
from sessioning import InLoop, LoopGround

from pellucid.features.auth.jose import Keys
from pellucid.features.auth.jwks import FRESH, MOST_WAITING, PAUSE, KeysOfFile, KeysOfUrl
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor

RS256 = frozenset({"RS256"})


class Published:
    """Keys at a URL, and who has asked for them."""

    def __init__(self, folder: str = "") -> None:
        self.text = jwks(RSA)
        self.asked = 0
        self.notes: list[tuple[str, str]] = []
        self.hand = HandClock()
        self.ground = LoopGround(Reactor(MemoryPoller(), self.hand), lambda *note: self.notes.append(note), folder)
        self.keys = KeysOfUrl("https://issuer.example/keys", RS256, self.ground, self.fetch)

    def fetch(self, url: str) -> str:
        self.asked += 1
        if not self.text:
            raise ValueError(f"{url} does not answer")
        return self.text

    def wait(self, seconds: float = 0.0) -> None:
        self.hand.advance(seconds)
        for _ in range(3):
            self.ground.reactor.step(0)


def names(keys: Keys | None) -> list[str | None]:
    return [key.name for key in keys.fitting(None, "RS256")] if keys is not None else []


def test_a_url_is_asked_when_keys_are_needed_and_not_before() -> None:
    place = Published()
    place.wait()
    assert place.asked == 0
    assert place.keys.keys is None
    told: list[int] = []
    assert place.keys.renew(lambda: told.append(1))
    assert place.keys.renew(lambda: told.append(2))
    place.wait()
    assert (told, place.asked, names(place.keys.keys)) == ([1, 2], 1, ["one"])


def test_keys_grow_old_and_are_used_until_there_are_new_ones() -> None:
    place = Published()
    place.keys.renew(lambda: None)
    place.wait()
    place.text = jwks(OTHER)
    place.wait(FRESH - 1)
    assert (names(place.keys.keys), place.asked) == (["one"], 1)
    place.wait(1)
    assert names(place.keys.keys) == ["one"]
    place.wait()
    assert (names(place.keys.keys), place.asked) == (["two"], 2)


def test_who_names_keys_that_there_are_not_cannot_have_the_url_asked_all_the_time() -> None:
    place = Published()
    place.keys.renew(lambda: None)
    place.wait()
    for _ in range(100):
        assert not place.keys.renew(lambda: None)
    place.wait(PAUSE)
    assert place.keys.renew(lambda: None)
    place.wait()
    assert place.asked == 2


def test_no_more_than_a_thousand_wait() -> None:
    place = Published()
    assert [place.keys.renew(lambda: None) for _ in range(MOST_WAITING + 2)].count(True) == MOST_WAITING


@pytest.mark.parametrize("broken", ["", "{", '{"keys": []}', jwks(CURVE)])
def test_while_a_url_fails_its_keys_are_kept_and_that_is_told_once(broken: str) -> None:
    place = Published()
    place.keys.renew(lambda: None)
    place.wait()
    good, place.text = place.text, broken
    for _ in range(3):
        place.wait(FRESH)
        assert names(place.keys.keys) == ["one"]
        place.wait()
    assert names(place.keys.keys) == ["one"]
    assert [(level, "are kept" in text) for level, text in place.notes] == [("error", True)]
    place.text = good
    place.wait(FRESH)
    place.keys.renew(lambda: None)
    place.wait()
    assert [level for level, _ in place.notes] == ["error", "info"]


def test_a_url_that_has_never_answered_gives_no_keys() -> None:
    place = Published()
    place.text = ""
    told: list[int] = []
    assert place.keys.renew(lambda: told.append(1))
    place.wait()
    assert (told, place.keys.keys) == ([1], None)
    assert place.notes == [
        ("error", "the keys of tokens cannot be had: https://issuer.example/keys does not answer"),
    ]


def test_what_nobody_has_thought_of_is_told_too() -> None:
    place = Published()
    place.keys = KeysOfUrl("https://issuer.example/keys", RS256, place.ground, lambda url: url[99])
    assert place.keys.renew(lambda: None)
    place.wait()
    assert "IndexError" in place.notes[0][1]


def test_where_no_thread_is_free_nobody_waits() -> None:
    place = Published()
    aside = place.ground.aside("keys", 2, 64)
    assert isinstance(aside, InLoop)
    aside.full = True
    assert not place.keys.renew(lambda: None)


def test_a_file_is_followed(tmp_path: Path) -> None:
    place = Published(str(tmp_path))
    (tmp_path / "keys.json").write_text(jwks(RSA))
    keys = KeysOfFile("keys.json", RS256, place.ground)
    assert names(keys.keys) == ["one"]
    assert not keys.renew(lambda: None)
    (tmp_path / "keys.json").write_text(jwks(RSA, OTHER))
    place.wait(2)
    assert names(keys.keys) == ["one", "two"]
    (tmp_path / "keys.json").write_text("{")
    place.wait(2)
    assert names(keys.keys) == ["one", "two"]
    assert [level for level, _ in place.notes] == ["error"]


def test_a_file_without_keys_is_wrong_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^keys\.json: "):
        KeysOfFile("keys.json", RS256, Published(str(tmp_path)).ground)
