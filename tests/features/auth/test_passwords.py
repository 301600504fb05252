"""Hashes that are slow enough are verified, all others are refused, and a decoy costs as much as the real one."""

import sys

import pytest
from knowing import fast

from pellucid.features.auth.passwords import (
    LONGEST_BCRYPT,
    argon2_of,
    bcrypt_of,
    check,
    decoy,
    kind_of,
    load,
    prepared,
    verify,
)


@pytest.fixture(scope="module")
def quick() -> str:
    """A hash by argon2 that takes no time."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("secret")


def test_both_kinds_are_verified(quick: str) -> None:
    for stored in (fast("secret"), quick):
        check(stored)
        assert verify(stored, b"secret")
        assert not verify(stored, b"Secret")
        assert not verify(stored, b"")


def test_new_hashes_are_good_and_never_alike() -> None:
    made = [argon2_of(b"secret"), argon2_of(b"secret"), bcrypt_of(b"secret")]
    assert len(set(made)) == 3
    for stored in made:
        check(stored)
        assert verify(stored, b"secret")
    assert [kind_of(stored) for stored in made] == ["argon2", "argon2", "bcrypt"]


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ("$apr1$salt$hash", "by MD5"),
        ("$1$salt$hash", "by MD5"),
        ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "by SHA-1"),
        ("{SSHA}abc", "by SHA-1"),
        ("$5$salt$hash", "by SHA-256 of crypt"),
        ("$6$salt$hash", "by SHA-512 of crypt"),
        ("secret", "as plain text or by crypt"),
        ("", "as plain text or by crypt"),
        ("rqXexS6ZhobKA", "as plain text or by crypt"),
        ("$2y$99$" + "." * 53, "damaged"),
        ("$2y$05$" + "." * 52, "damaged"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ", "damaged"),
        ("$argon2id$v=19$m=99999999999,t=3,p=4$c2FsdHNhbHQ$" + "A" * 43, "damaged"),
    ],
)
def test_what_is_fast_to_guess_is_refused_and_not_repeated(stored: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as error:
        check(stored)
    assert not stored or stored not in str(error.value)


def test_a_decoy_costs_as_much_and_no_password_has_it(quick: str) -> None:
    for stored in (fast("secret"), quick):
        other = decoy(stored)
        check(other)
        assert len(other) == len(stored)
        assert other[:7] == stored[:7]
        assert not verify(other, b"secret")


def test_what_bcrypt_cannot_read_is_wrong() -> None:
    assert not verify(fast("secret"), b"secret\0")


def test_bcrypt_hashes_no_password_that_it_would_cut() -> None:
    with pytest.raises(ValueError, match="72 bytes at the most"):
        bcrypt_of(b"x" * (LONGEST_BCRYPT + 1))


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    assert prepared("cafe\u0301") == prepared("caf\u00e9") == "caf\u00e9".encode()


@pytest.mark.parametrize("package", ["bcrypt", "argon2"])
def test_without_a_package_one_line_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=r'pip install "pellucid\[passwords\]"'):
        load(frozenset({package}))
    with pytest.raises(ValueError, match=r'pip install "pellucid\[passwords\]"'):
        {"bcrypt": bcrypt_of, "argon2": argon2_of}[package](b"secret")
    load(frozenset({"bcrypt", "argon2"} - {package}))
