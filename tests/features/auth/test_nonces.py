"""A nonce is good for a while, in every worker, and each count of it once."""

import pytest

from pellucid.features.auth import nonces as module
from pellucid.features.auth.nonces import LASTS, WINDOW, Nonces, Shown

KEY = bytes(32)
NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nonces(clock: Clock) -> Nonces:
    return Nonces("this site", KEY, clock)


def test_a_nonce_is_good_for_a_while(nonces: Nonces, clock: Clock) -> None:
    nonce = nonces.new()
    assert nonces.look(nonce, "GET") is Shown.GOOD
    clock.now += LASTS - 1
    assert nonces.look(nonce, "GET") is Shown.GOOD
    clock.now += 2
    assert nonces.look(nonce, "GET") is Shown.STALE


def test_no_two_are_alike(nonces: Nonces) -> None:
    assert len({nonces.new() for _ in range(100)}) == 100


@pytest.mark.parametrize("nonce", [b"", b"x", b"%%%%", b"A" * 48, b"A" * 47, b"\xff" * 48, b"A" * 5000])
def test_what_was_not_made_here_is_forged(nonces: Nonces, nonce: bytes) -> None:
    assert nonces.look(nonce, "GET") is Shown.FORGED


def test_a_nonce_with_any_other_character_is_forged(nonces: Nonces) -> None:
    nonce = nonces.new()
    for at in range(len(nonce)):
        other = b"A" if nonce[at : at + 1] != b"A" else b"B"
        assert nonces.look(nonce[:at] + other + nonce[at + 1 :], "GET") is Shown.FORGED


def test_a_nonce_of_another_realm_or_key_is_forged(nonces: Nonces, clock: Clock) -> None:
    assert nonces.look(Nonces("another", KEY, clock).new(), "GET") is Shown.FORGED
    assert nonces.look(Nonces("this site", bytes(31) + b"x", clock).new(), "GET") is Shown.FORGED


def test_a_nonce_of_the_future_is_stale(nonces: Nonces, clock: Clock) -> None:
    nonce = nonces.new()
    clock.now -= 10
    assert nonces.look(nonce, "GET") is Shown.STALE


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        ("GET", Shown.GOOD),
        ("HEAD", Shown.GOOD),
        ("QUERY", Shown.GOOD),
        ("POST", Shown.STALE),
        ("DELETE", Shown.STALE),
        ("get", Shown.STALE),
    ],
)
def test_another_worker_takes_it_for_what_changes_nothing(
    nonces: Nonces, clock: Clock, method: str, shown: Shown
) -> None:
    assert Nonces("this site", KEY, clock).look(nonces.new(), method) is shown
    assert nonces.look(nonces.new(), method) is Shown.GOOD


@pytest.mark.parametrize(
    ("counts", "taken"),
    [
        ([1, 2, 3], [True, True, True]),
        ([1, 1], [True, False]),
        ([1, 2, 1, 2], [True, True, False, False]),
        ([3, 1, 2, 3, 1, 2], [True, True, True, False, False, False]),
        ([5, 3, 4, 1, 5], [True, True, True, True, False]),
        ([1, WINDOW + 1, 1], [True, True, False]),
        ([WINDOW + 1, 2, 1], [True, True, False]),
        ([1, 0xFFFFFFFF, 1, 0xFFFFFFFE, 0xFFFFFFFE], [True, True, False, True, False]),
    ],
)
def test_each_count_is_taken_once_in_any_order(nonces: Nonces, counts: list[int], taken: list[bool]) -> None:
    nonce = nonces.new()
    assert [nonces.count(nonce, count) is Shown.GOOD for count in counts] == taken


def test_what_is_counted_is_bounded_and_what_is_forgotten_is_stale(
    nonces: Nonces, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    given = []
    for _ in range(5):
        clock.now += 1
        given.append(nonces.new())
        assert nonces.count(given[-1], 1) is Shown.GOOD
    assert len(nonces._counted) == 3
    assert [nonces.look(nonce, "GET") for nonce in given] == [Shown.STALE] * 2 + [Shown.GOOD] * 3
