"""Files of users, digests and groups are read as they are written, and each mistake is told with its line."""

import pytest
from knowing import ALICE, BOB

from pellucid.features.auth.htpasswd import (
    checked_name,
    digest_of,
    hashed_name,
    read_digests,
    read_groups,
    read_users,
)

DIGEST = "a" * 64
NAME = "1 to 255 characters, none of them a colon or a control character, no # in front and no space around"


def test_users_stand_in_lines_with_their_hashes() -> None:
    users = read_users(f"# a comment\n\nalice:{ALICE}\r\nzoe\u0308:{BOB}\n", "users")
    assert users.hashes == {"alice": ALICE, "zo\u00eb": BOB}
    assert users.hash_of("alice") == (ALICE, True)


def test_whom_there_is_not_has_always_the_same_decoy() -> None:
    users = read_users(f"alice:{ALICE}\n", "users")
    stored, known = users.hash_of("mallory")
    assert (stored, known) == (users.decoys[0], False)
    assert users.hash_of("mallory") == (stored, known)
    assert read_users("", "users").hash_of("mallory") == ("", False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("alice", "users:1: a line is USER:HASH; `pellucid passwd users USER` writes one"),
        ("\nalice:secret", "users:2: the password of 'alice' is kept as plain text or by crypt, which is fast to "
         "guess: give it anew by `pellucid passwd users alice`"),
        (f"alice:{ALICE}\nalice:{BOB}", "users:2: 'alice' stands here twice"),
        (f":{ALICE}", f"users:1: '' is no name of a user, which is {NAME}"),
        (f" alice:{ALICE}", f"users:1: ' alice' is no name of a user, which is {NAME}"),
        (f"al\tice:{ALICE}", f"users:1: 'al\\tice' is no name of a user, which is {NAME}"),
        (f"al\u2028ice:{ALICE}", f"users:1: 'al\\u2028ice' is no name of a user, which is {NAME}"),
        (f"{'a' * 256}:{ALICE}", f"users:1: '{'a' * 256}' is no name of a user, which is {NAME}"),
    ],
    ids=lambda text: text[:7],  # behind that come salts, and processes that share tests must know them by one name
)  # fmt: skip
def test_a_mistake_among_users_is_told_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        read_users(text, "users")
    assert str(error.value) == complaint


def test_digests_are_those_of_the_realm() -> None:
    text = f"alice:one:{DIGEST}\nalice:two:{DIGEST[1:]}b\nbob:a:b:{DIGEST}\n"
    digests = read_digests(text, "digests", "two")
    assert digests.secrets == {"alice": DIGEST[1:] + "b"}
    assert digests.hashed == {hashed_name("alice", "two"): "alice"}
    assert digests.realms == {"one", "two", "a:b"}
    assert digests.secret_of("alice") == (DIGEST[1:] + "b", True)
    unknown, known = digests.secret_of("mallory")
    assert not known
    assert len(unknown) == 64
    assert digests.secret_of("mallory") == (unknown, False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("alice", "digests:1: a line is USER:REALM:DIGEST; `pellucid passwd --digest --realm 'two' digests USER` "
         "writes one"),
        (f"alice:two:{'a' * 32}", "digests:1: what 'alice' has is made by MD5, which is not taken here: make it anew "
         "by `pellucid passwd --digest --realm 'two' digests alice`"),
        ("alice:two:x", "digests:1: what 'alice' has is made by no SHA-256: make it anew by `pellucid passwd --digest "
         "--realm 'two' digests alice`"),
        (f"alice:two:{DIGEST}\nalice:two:{DIGEST}", "digests:2: 'alice' stands here twice"),
    ],
)  # fmt: skip
def test_a_mistake_among_digests_is_told_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        read_digests(text, "digests", "two")
    assert str(error.value) == complaint


def test_a_digest_is_as_the_rfc_has_it() -> None:
    # RFC 7616 3.9.1, by sha256sum.
    assert digest_of("Mufasa", "http-auth@example.org", "Circle of Life") == (
        "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
    )


def test_groups_have_their_users_in_a_line() -> None:
    groups = read_groups("admins: alice bob\nstaff:bob, carol\nempty:\n", "groups")
    assert groups == {"alice": {"admins"}, "bob": {"admins", "staff"}, "carol": {"staff"}}


def test_a_mistake_among_groups_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^groups:2: a line is GROUP: USER USER"):
        read_groups("admins: alice\nbob\n", "groups")


def test_a_name_is_spelled_in_one_way() -> None:
    assert checked_name("zoe\u0308") == "zo\u00eb"
