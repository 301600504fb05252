"""Digest by the RFC's own example, and what copies, changes or guesses one."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from knowing import Place, Told

from pellucid.features.auth import nonces
from pellucid.features.auth.digest import name_in, read_parameters, response_of
from pellucid.message import Field


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_example_of_the_rfc_comes_out() -> None:
    # RFC 7616 3.9.1
    shown = {
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "uri": "/dir/index.html",
    }
    secret = sha("Mufasa:http-auth@example.org:Circle of Life")
    assert response_of(secret, shown, "GET") == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "digest")


def nonce_of(told: Told) -> str:
    """What the challenge of an answer gives."""
    challenge = told.headers.get(b"www-authenticate") or b""
    assert challenge.startswith(b"Digest ")
    return (read_parameters(challenge[7:]) or {})["nonce"]


def digest(nonce: str, count: int = 1, method: str = "GET", password: str = "secret", **more: str) -> Field:
    """The field of a client."""
    shown = {"username": "alice", "realm": "this site", "nonce": nonce, "uri": "/", "cnonce": "abc", "qop": "auth"}
    shown |= {"nc": f"{count:08x}", "algorithm": "SHA-256"} | more
    name = more.get("name", shown["username"])
    secret = sha(f"{name}:this site:{password}")
    shown.setdefault("response", response_of(secret, shown, method))
    shown.pop("name", None)
    if "extended" in shown:
        shown["username*"] = shown.pop("extended")
    bare = ("nc", "algorithm", "qop", "userhash", "username*")
    spelled = (f"{key}={value}" if key in bare else f'{key}="{value}"' for key, value in shown.items())
    return b"authorization", b"Digest " + ", ".join(spelled).encode()


def test_a_challenge_offers_sha_256_and_nothing_weaker(place: Place) -> None:
    challenge = place.ask().headers.get(b"www-authenticate") or b""
    assert {**(read_parameters(challenge[7:]) or {}), "nonce": ""} == {
        "realm": "this site",
        "qop": "auth",
        "algorithm": "SHA-256",
        "nonce": "",
        "charset": "UTF-8",
        "userhash": "true",
    }


def test_a_right_digest_lets_in_again_and_again(place: Place) -> None:
    nonce = nonce_of(place.ask())
    for count in (1, 2, 3):
        told = place.ask(digest(nonce, count))
        assert (told.status, told.body, told.after) == (200, b"alice", 0.0)
    assert told.exchange.user is not None
    assert told.exchange.user.scheme == "Digest"


def test_a_copied_digest_is_worth_nothing(place: Place) -> None:
    shown = digest(nonce_of(place.ask()))
    assert place.ask(shown).status == 200
    told = place.ask(shown)
    assert told.status == 401
    assert b"stale" not in (told.headers.get(b"www-authenticate") or b"")
    assert told.exchange.why == "a digest of 'alice' that was shown before"


def test_a_copied_digest_makes_no_address_known(tmp_path: Path) -> None:
    place = Place(tmp_path, "digest", auth_tries=1)
    nonce = nonce_of(place.ask())
    for peer, status in (("192.0.2.1", 200), ("192.0.2.2", 401)):
        assert place.ask(digest(nonce), peer=peer).status == status
    for number in range(10):
        assert place.ask(digest(nonce, password="wrong"), peer=f"198.51.100.{number}").status == 401
    assert place.ask(digest(nonce, 2), peer="192.0.2.2").status == 429
    assert place.ask(digest(nonce, 3), peer="192.0.2.1").status == 200


def test_a_digest_is_for_one_method_and_one_target(place: Place) -> None:
    nonce = nonce_of(place.ask())
    assert place.ask(digest(nonce, 1), method="DELETE").status == 401
    assert place.ask(digest(nonce, 2), target=b"/other").status == 401
    assert place.ask(digest(nonce, 3), target=b"/?a=b").status == 401
    assert place.ask(digest(nonce, 4, uri="/?a=b"), target=b"/?a=b").status == 200
    assert place.served == ["alice"]


def test_a_wrong_digest_is_a_guess_and_answered_late(place: Place) -> None:
    nonce = nonce_of(place.ask())
    told = place.ask(digest(nonce, password="wrong"))
    unknown = place.ask(digest(nonce, username="nobody"))
    assert (told.status, unknown.status) == (401, 401)
    assert told.after == unknown.after == pytest.approx(0.5, abs=0.06)
    for number in range(8):
        place.ask(digest(nonce, password=f"wrong {number}"))
    assert place.ask(digest(nonce)).status == 429


def test_an_old_nonce_is_stale_and_the_client_need_not_ask_its_user(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonce = nonce_of(place.ask())
    monkeypatch.setattr(nonces, "LASTS", -2.0)
    told = place.ask(digest(nonce))
    assert (told.status, told.after) == (401, 0.0)
    assert (told.headers.get(b"www-authenticate") or b"").endswith(b", stale=true")
    # Without the password nobody is told so.
    assert b"stale" not in (place.ask(digest(nonce, password="wrong")).headers.get(b"www-authenticate") or b"")


def test_a_nonce_that_was_not_made_here_is_not_looked_at_further(place: Place) -> None:
    told = place.ask(digest("A" * 48))
    assert (told.status, told.after) == (401, 0.0)
    assert b"stale=true" in (told.headers.get(b"www-authenticate") or b"")


def test_the_name_may_be_hashed_or_beyond_ascii(place: Place) -> None:
    name = sha("alice:this site")
    assert place.ask(digest(nonce_of(place.ask()), username=name, name="alice", userhash="true")).status == 200
    place.write("digests", "zo\u00eb:this site:" + sha("zo\u00eb:this site:secret") + "\n")
    place.wait(2)
    shown = digest(nonce_of(place.ask()), name="zo\u00eb", username="x", extended="UTF-8''zo%C3%AB")
    shown = (shown[0], shown[1].replace(b'username="x", ', b""))
    assert place.ask(shown).text == "zo\u00eb"


@pytest.mark.parametrize(
    "more",
    [
        {"algorithm": "MD5"},
        {"algorithm": "SHA-256-sess"},
        {"qop": "auth-int"},
        {"realm": "another"},
        {"nc": "1"},
        {"nc": "zzzzzzzz"},
        {"cnonce": ""},
        {"response": ""},
        {"response": "0" * 32},
        {"username": ""},
        {"uri": "/other"},
        {"username*": "UTF-8''alice"},
    ],
)
def test_what_is_not_as_it_was_asked_for_lets_nobody_in(place: Place, more: dict[str, Any]) -> None:
    assert place.ask(digest(nonce_of(place.ask()), **more)).status == 401
    assert place.served == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'a="b", c=d', {"a": "b", "c": "d"}),
        (b'A = "b" ,C=d', {"a": "b", "c": "d"}),
        (rb'a="b\"\\c"', {"a": 'b"\\c'}),
        (b'a="b, c=d"', {"a": "b, c=d"}),
        (b"", {}),
        (b'a="b", a="c"', None),
        (b'a="b" c=d', None),
        (b'a="b', None),
        (b"a", None),
        (b"=b", None),
        (b'a="\xff"', None),
        (b", ".join(b"a%c=1" % letter for letter in b"abcdefghijklmnopqrs"), None),
        (b'a="' + b"\\" * 30000, None),
        (b"a=" + b" " * 30000, None),
    ],
)
def test_parameters_are_read_or_refused(text: bytes, expected: dict[str, str] | None) -> None:
    assert read_parameters(text) == expected


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ({"username": "alice"}, "alice"),
        ({"username*": "UTF-8''J%C3%A4s%C3%B8n%20Doe"}, "J\u00e4s\u00f8n Doe"),
        ({"username*": "iso-8859-1''a"}, None),
        ({"username*": "UTF-8''%FF"}, None),
        ({"username": "a", "username*": "UTF-8''a"}, None),
        ({"username": ""}, None),
        ({}, None),
    ],
)
def test_a_name_stands_there_in_one_of_two_ways(shown: dict[str, str], name: str | None) -> None:
    assert name_in(shown) == name
