"""A place lets in whom its rules let in, answers guesses late and rarely, and believes no field about who asks."""

from pathlib import Path
from typing import Any

import pytest
from knowing import ALICE, BOB, Place, basic, fast

from pellucid.features.auth import AuthSettings, auth_feature, passwords
from pellucid.features.auth.attempts import TIMES
from pellucid.features.auth.verifying import REMEMBERED
from pellucid.features.feature import Ground
from pellucid.message import Field
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.settings import Settings

RIGHT = basic("alice", "secret")
WRONG = basic("alice", "wrong")
NOBODY = basic("nobody", "secret")
OTHER = basic("bob", "hunter2")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "basic")


def hashes_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is hashed from now on."""
    hashed: list[str] = []
    verify = passwords.verify

    def counted(stored: str, password: bytes) -> bool:
        hashed.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "verify", counted)
    return hashed


def ground(here: str = "") -> Ground:
    return Ground(Reactor(MemoryPoller(), HandClock()), lambda level, text: None, here)


def test_without_an_auth_there_is_no_feature() -> None:
    assert auth_feature(Settings(), ground(), sessions=False) is None


def test_who_shows_nothing_is_told_how_to(place: Place) -> None:
    told = place.ask()
    assert (told.status, told.after) == (401, 0.0)
    assert told.headers.get(b"www-authenticate") == b'Basic realm="this site", charset="UTF-8"'
    assert told.headers.get(b"cache-control") == b"no-store"
    assert place.served == []


def test_a_right_password_lets_in_and_no_cache_that_others_use_may_keep_what_was_given(place: Place) -> None:
    told = place.ask(RIGHT)
    assert (told.status, told.body, told.after) == (200, b"alice", 0.0)
    assert told.headers.get(b"cache-control") == b"private"
    assert told.exchange.user is not None
    assert (told.exchange.user.scheme, [*told.exchange.user.groups]) == ("Basic", ["admins"])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b"max-age=60", b"max-age=60, private"),
        (b"max-age=31536000, immutable", b"max-age=31536000, immutable, private"),
        (b"public, max-age=60", b"public, max-age=60"),
        (b"S-MaxAge=60", b"S-MaxAge=60"),
        (b"private", b"private"),
        (b"no-cache", b"no-cache"),
        (b"no-store", b"no-store"),
    ],
)
def test_what_may_be_kept_is_for_one_user_unless_somebody_says_otherwise(
    place: Place, told: bytes, expected: bytes
) -> None:
    place.fields = [(b"cache-control", told)]
    assert place.ask(RIGHT).headers.all(b"cache-control") == [expected]


def test_a_wrong_password_is_answered_late_and_says_nothing_of_why(place: Place) -> None:
    told, unknown = place.ask(WRONG), place.ask(NOBODY)
    assert told.status == unknown.status == 401
    assert told.after == unknown.after == pytest.approx(0.5, abs=0.06)
    assert told.body == unknown.body
    assert told.headers == unknown.headers
    assert told.exchange.why == "a wrong password for 'alice'"
    assert unknown.exchange.why == "a password for a user that there is not"
    assert place.served == []


def test_an_unknown_user_costs_as_much_as_a_wrong_password(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hashes_of(place, monkeypatch)
    place.ask(WRONG)
    place.ask(NOBODY)
    assert len(hashed) == 2
    assert hashed[0] == ALICE
    assert hashed[1][:7] == ALICE[:7]  # the same kind, and cost


@pytest.mark.parametrize(
    "field",
    [b"Basic", b"Basic ", b"Basic %%%", b"Basic YWxpY2U=", b"Basic YWxpY2U6c2VjcmV0 x", b"Basic OnNlY3JldA==",
     b"Basic YWxpY2U6c2VjcmV0, Basic Ym9iOmh1bnRlcjI=", b"Basic YWxpY2U6c2VjcmV0AA==", b"Basic YWxpY2U6/w=="],
)  # fmt: skip
def test_what_cannot_be_read_lets_nobody_in(place: Place, field: bytes) -> None:
    assert place.ask((b"authorization", field)).status == 401
    assert place.served == []


@pytest.mark.parametrize("field", [b"basic YWxpY2U6c2VjcmV0", b"BASIC  YWxpY2U6c2VjcmV0"])
def test_the_name_of_a_scheme_is_spelled_as_one_likes(place: Place, field: bytes) -> None:
    assert place.ask((b"authorization", field)).body == b"alice"


def test_names_and_passwords_are_the_same_however_their_letters_are_composed(tmp_path: Path) -> None:
    place = Place(tmp_path, "basic")
    place.write("users", "zo\u00eb:" + fast("caf\u00e9") + "\n")
    place.wait(2)
    assert place.ask(basic("zoe\u0308", "cafe\u0301")).text == "zo\u00eb"


def test_too_many_wrong_passwords_are_not_looked_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        assert place.ask(basic("alice", f"guess {number}")).status == 401
    hashed = hashes_of(place, monkeypatch)
    told = place.ask(RIGHT)
    assert (told.status, told.after) == (429, 0.0)
    assert int(told.headers.get(b"retry-after") or b"") in range(1, 31)
    assert hashed == []
    assert place.ask(RIGHT, peer="192.0.2.2").status == 200
    place.wait(300)
    assert place.ask(RIGHT).status == 200


def test_guesses_at_once_are_no_way_around_that(place: Place) -> None:
    exchanges = [place.begin(basic("alice", f"guess {number}")) for number in range(30)]
    assert [exchange.status for exchange in exchanges].count(429) == 20


def test_guesses_from_everywhere_stop_at_the_account_and_its_user_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path, "basic", auth_tries=2)
    assert place.ask(RIGHT).status == 200
    exchanges = [
        place.begin(basic("alice", f"guess {number}"), peer=f"198.51.100.{number}") for number in range(2 * TIMES + 5)
    ]
    assert [exchange.status for exchange in exchanges].count(429) == 5
    assert place.ask(RIGHT).status == 200


def test_a_page_with_many_pictures_is_hashed_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hashes_of(place, monkeypatch)
    exchanges = [place.begin(RIGHT) for _ in range(50)]
    place.settle()
    assert {exchange.status for exchange in exchanges} == {200}
    place.wait(300)
    assert place.ask(RIGHT).status == 200
    assert len(hashed) == 1
    place.wait(301)
    assert place.ask(RIGHT).status == 200
    assert len(hashed) == 2


def test_many_at_once_that_are_right_give_no_tries_back_that_they_did_not_take(place: Place) -> None:
    for number in range(9):
        assert place.ask(basic("alice", f"guess {number}")).status == 401
    exchanges = [place.begin(basic("bob", "hunter2")) for _ in range(50)]
    place.settle()
    assert {exchange.status for exchange in exchanges} == {200}
    assert [place.ask(basic("alice", f"other {number}")).status for number in range(2)] == [401, 429]


def test_what_was_right_is_not_kept_as_it_was(place: Place) -> None:
    place.ask(RIGHT)
    [scheme] = [door for feature in place.features if (door := getattr(feature.ask, "__self__", None))]
    assert "secret" not in repr(vars_of(scheme))


def vars_of(thing: Any, depth: int = 5) -> Any:
    """All that a thing holds, as far as one can see."""
    if depth == 0:
        return None
    slots = [slot for kind in type(thing).__mro__ for slot in getattr(kind, "__slots__", ())]
    if isinstance(thing, dict):
        return [*thing, *(vars_of(value, depth - 1) for value in thing.values())]
    if isinstance(thing, list | tuple):
        return [vars_of(each, depth - 1) for each in thing]
    return [vars_of(getattr(thing, slot, None), depth - 1) for slot in slots] if slots else thing


def test_what_is_remembered_of_passwords_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.features.auth.verifying.REMEMBERED", 2)
    assert REMEMBERED > 2
    place = Place(tmp_path, "basic")
    place.write("users", "".join(f"user{number}:{fast('secret')}\n" for number in range(3)))
    place.wait(2)
    hashed = hashes_of(place, monkeypatch)
    for number in (0, 1, 2, 2, 1, 0):
        assert place.ask(basic(f"user{number}", "secret")).status == 200
    assert len(hashed) == 4


def test_another_password_counts_at_once_and_the_one_before_no_more(place: Place) -> None:
    assert place.ask(RIGHT).status == 200
    place.write("users", f"alice:{fast('another')}\n")
    place.wait(1)
    assert place.ask(RIGHT).status == 401
    assert place.ask(basic("alice", "another")).status == 200
    assert place.ask(OTHER).status == 401


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("alice:$apr1$x$y\n", "users:1: the password of 'alice' is kept by MD5, which is not taken here: give it anew "
         "by `pellucid passwd users alice`; what stood there before stays in force"),
        ("alice\n", "users:1: a line is USER:HASH; `pellucid passwd users USER` writes one; what stood there before "
         "stays in force"),
    ],
)  # fmt: skip
def test_a_file_that_is_broken_later_on_is_told_of_once_and_locks_nobody_out(
    place: Place, text: str, complaint: str
) -> None:
    place.write("users", text)
    for _ in range(3):
        place.wait(2)
        assert place.ask(RIGHT).status == 200
    assert [note for note in place.notes if note[0] != "warning"] == [("error", complaint)]


def test_passwords_in_the_clear_are_told_of_once(place: Place) -> None:
    place.ask(RIGHT, peer="127.0.0.1")
    assert place.notes == []
    for _ in range(3):
        place.ask(RIGHT)
    assert place.notes == [("warning", "passwords come in the clear, as from 192.0.2.1: serve them by https")]


def test_without_any_users_nobody_is_let_in(place: Place) -> None:
    assert place.ask(RIGHT).status == 200
    place.write("users", "# nobody any more\n")
    place.wait(2)
    assert place.ask(RIGHT).status == 401
    assert place.ask(basic("", "")).status == 401
    assert [note for note in place.notes if note[0] != "warning"] == []


def test_where_too_many_passwords_wait_one_may_ask_again(place: Place) -> None:
    place.hashing.full = True  # type: ignore[attr-defined]  # it is one of the tests'
    told = place.ask(RIGHT)
    assert (told.status, told.headers.get(b"retry-after")) == (503, b"2")
    place.hashing.full = False  # type: ignore[attr-defined]  # likewise
    assert [place.ask(RIGHT).status for _ in range(20)] == [200] * 20


def test_what_is_too_long_to_be_a_password_is_not_hashed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hashes_of(place, monkeypatch)
    assert place.ask(basic("alice", "x" * 1025)).status == 401
    assert place.ask(basic("a" * 256, "x")).status == 401
    assert hashed == []


def test_a_hash_that_cannot_be_computed_lets_nobody_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(stored: str, password: bytes) -> bool:
        raise MemoryError("no room")

    monkeypatch.setattr(passwords, "verify", verify)
    assert place.ask(RIGHT).status == 401
    assert ("error", "a password could not be looked at: MemoryError('no room')") in place.notes


def test_a_client_that_has_left_is_not_answered(place: Place) -> None:
    exchange = place.begin(RIGHT)
    exchange.lose("it left")
    place.settle()
    assert place.served == []
    assert not exchange.answered


@pytest.mark.parametrize(
    ("require", "field", "status"),
    [
        (("group:admins",), RIGHT, 200),
        (("group:admins",), OTHER, 403),
        (("group:admins",), None, 401),
        (("user:bob",), OTHER, 200),
        (("anyone",), None, 200),
        (("anyone",), OTHER, 200),
        (("anyone",), WRONG, 401),
    ],
)
def test_rules_say_who_is_let_in(tmp_path: Path, require: tuple[str, ...], field: Field | None, status: int) -> None:
    place = Place(tmp_path, "basic", require=require)
    told = place.ask(*([field] if field else []))
    assert told.status == status
    assert (b"www-authenticate" in told.headers) is (status == 401)


def test_rules_for_methods_leave_the_others_open(tmp_path: Path) -> None:
    place = Place(tmp_path, "basic", require_methods=("PUT",))
    assert place.ask().status == 200
    assert place.ask(RIGHT).body == b"alice"
    assert place.ask(method="PUT").status == 401
    assert place.ask(method="put").status == 401


NAMING = [b"remote-user", b"remote_user", b"x-remote-user", b"x_remote-user", b"x-forwarded_user", b"auth_type"]


@pytest.mark.parametrize("name", NAMING)
def test_no_field_of_a_client_names_the_user(tmp_path: Path, name: bytes) -> None:
    place = Place(tmp_path, "basic", require=("anyone",))
    told = place.ask((name, b"root"), (b"accept", b"*/*"))
    assert [*told.exchange.request.headers] == [(b"accept", b"*/*")]
    assert told.exchange.user is None


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"auth": ("basik",), "auth_users": "users"}, "'basik' is no way to show who one is; did you mean basic?"),
        ({"auth": ("basic",)}, "basic and form need a file of users; `pellucid passwd FILE USER` makes one"),
        ({"auth": ("digest",)}, "digest needs a file of users; `pellucid passwd --digest FILE USER` makes one"),
        (
            {"auth": ("basic",), "auth_users": "nowhere"},
            "nowhere: there is no such file: `pellucid passwd nowhere USER` makes it",
        ),
        ({"auth": ("form",), "auth_users": "users"}, "form needs a session to log in with: set session, such as"),
        ({"require": ("user",)}, "nobody can show who it is here: name an auth, such as basic"),
        ({"auth": ("basic",), "auth_users": "users", "auth_groups": "bad"}, "bad:1: a line is GROUP: USER USER"),
        ({"auth": ("digest",), "auth_digests": "ours"}, "ours has no user of the realm 'this site', but of 'ours'"),
        ({"auth": ("basic",), "auth_users": "users", "auth_realm": "a\nb"}, r"'a\\nb' is no realm"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_served(
    tmp_path: Path, chosen: dict[str, Any], complaint: str
) -> None:
    (tmp_path / "users").write_text(f"bob:{BOB}\n")
    (tmp_path / "bad").write_text("admins\n")
    (tmp_path / "ours").write_text(f"bob:ours:{'a' * 64}\n")
    with pytest.raises(ValueError, match=complaint):
        auth_feature(Settings(chosen), ground(str(tmp_path)), sessions=False)


def test_a_place_asks_nobody_by_default() -> None:
    assert AuthSettings().auth == ()
