"""An address has so many tries, an account more, and nobody is locked out by strangers."""

import pytest

from pellucid.features.auth import attempts as module
from pellucid.features.auth.attempts import KNOWN, TIMES, Attempts

HERE, THERE = "192.0.2.1", "192.0.2.2"


def test_an_address_has_so_many_tries_and_is_told_when_there_is_one_more() -> None:
    attempts = Attempts(10, 300.0)
    assert [attempts.begin(HERE, f"user {number}", 0.0) for number in range(10)] == [0] * 10
    assert attempts.begin(HERE, "alice", 0.0) == 30
    assert attempts.begin(THERE, "alice", 0.0) == 0
    assert attempts.begin(HERE, "alice", 29.0) == 1
    assert attempts.begin(HERE, "alice", 30.0) == 0
    assert attempts.begin(HERE, "alice", 30.0) == 30


def test_after_the_pause_all_is_forgiven() -> None:
    attempts = Attempts(3, 300.0)
    for _ in range(3):
        attempts.begin(HERE, "alice", 0.0)
    assert [attempts.begin(HERE, "alice", 300.0) for _ in range(4)] == [0, 0, 0, 100]


def test_what_was_right_costs_nothing() -> None:
    attempts = Attempts(1, 300.0)
    for now in range(1000):
        assert attempts.begin(HERE, "alice", float(now)) == 0
        attempts.passed(HERE, "alice", float(now))


def test_guesses_that_have_begun_together_count_all() -> None:
    attempts = Attempts(2, 300.0)
    assert [bool(attempts.begin(HERE, "alice", 0.0)) for _ in range(4)] == [False, False, True, True]


def test_an_account_is_guessed_at_from_many_addresses_only_so_often() -> None:
    attempts = Attempts(1, 300.0)
    told = [attempts.begin(f"192.0.2.{number}", "alice", 0.0) for number in range(TIMES + 1)]
    assert told == [0] * TIMES + [30]
    assert attempts.begin("192.0.2.99", "bob", 0.0) == 0


def test_strangers_do_not_lock_out_whoever_has_logged_in_of_late() -> None:
    attempts = Attempts(1, 300.0)
    attempts.begin(HERE, "alice", 0.0)
    attempts.passed(HERE, "alice", 0.0)
    for number in range(100):
        attempts.begin(f"198.51.100.{number}", "alice", 0.0)
    assert attempts.begin("198.51.100.200", "alice", 0.0) > 0
    assert attempts.begin(HERE, "alice", 0.0) == 0


def test_an_address_is_not_known_for_ever() -> None:
    attempts = Attempts(1, 300.0)
    attempts.passed(HERE, "alice", 0.0)
    for number in range(100):
        attempts.begin(f"198.51.100.{number}", "alice", KNOWN)
    assert attempts.begin(HERE, "alice", KNOWN) > 0


def test_one_ipv6_network_is_one_address() -> None:
    attempts = Attempts(1, 300.0)
    assert attempts.begin("2001:db8::1", "alice", 0.0) == 0
    assert attempts.begin("2001:db8::2", "bob", 0.0) > 0
    assert attempts.begin("2001:db8:0:1::1", "carol", 0.0) == 0


def test_without_an_address_only_accounts_are_counted() -> None:
    attempts = Attempts(1, 300.0)
    assert [attempts.begin("", f"user {number}", 0.0) for number in range(50)] == [0] * 50


def test_what_was_not_looked_at_is_given_back() -> None:
    attempts = Attempts(1, 300.0)
    attempts.begin(HERE, "alice", 0.0)
    attempts.undone(HERE, "alice", 0.0)
    assert attempts.begin(HERE, "alice", 0.0) == 0


@pytest.mark.parametrize(("tries", "pause"), [(0, 300.0), (1, 0.0)])
def test_it_can_be_switched_off(tries: int, pause: float) -> None:
    attempts = Attempts(tries, pause)
    assert [attempts.begin(HERE, "alice", now) for now in (0.0, 0.0, 1.0)] == [0, 0, 0]


def test_what_is_remembered_of_guesses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 10)
    attempts = Attempts(5, 300.0)
    for number in range(100):
        attempts.begin(f"192.0.2.{number}", f"user {number}", 0.0)
        attempts.passed(f"192.0.2.{number}", f"user {number}", 0.0)
    assert len(attempts._addresses) == len(attempts._accounts) == len(attempts._known) == 10
