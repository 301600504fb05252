"""A token in the Authorization field is a user, if it holds, and is answered as RFC 6750 says if it does not."""

from pathlib import Path
from typing import Any

import pytest
from knowing import Place as Knowing
from knowing import basic
from minting import AUDIENCE, CURVE, FAR, ISSUER, NOW, OTHER, RSA, SECRET, jwks, minted

from nowhere import Nowhere
from pellucid.features.auth import JwtSettings
from pellucid.features.auth import bearer as module
from pellucid.features.auth.bearer import REMEMBERED, Bearer
from pellucid.features.auth.jose import Keys, Token, read_keys
from pellucid.features.auth.scheme import Found, Wrong
from pellucid.message import Field, Headers, Request
from pellucid.server.exchange import Exchange
from pellucid.user import User

WANTED = {"jwt_issuer": ISSUER, "jwt_audience": (AUDIENCE,)}
CHOSEN = frozenset(JwtSettings().jwt_algorithms)


class Source:
    """Keys, newer ones, and who waits for them."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys
        self.newer = keys
        self.renewed = 0

    def renew(self, then: Any) -> bool:
        self.renewed += 1
        if self.keys is self.newer:
            return False
        self.keys = self.newer
        then()
        return True


class Asked:
    """The scheme, at a moment that a test chooses."""

    def __init__(self, *keys: Any, **chosen: Any) -> None:
        self.now = NOW
        self.source = Source(read_keys(jwks(*keys), "keys", CHOSEN) if keys else None)
        settings = JwtSettings(**{**WANTED, **chosen})
        self.bearer = Bearer(settings, self.source, 'a "realm"', "read", lambda: self.now)

    def ask(self, *values: bytes) -> Found:
        fields: list[Field] = [(b"authorization", value) for value in values]
        request = Request("GET", b"/", b"/", b"", b"example.com", Headers(fields))
        told: list[Found] = []
        self.bearer.identify(Exchange(request, Nowhere(), 1, 0.0), told.append)
        assert len(told) == 1
        return told[0]


def test_a_token_that_holds_is_a_user() -> None:
    found = Asked(RSA).ask(b"Bearer " + minted(groups=["admins"], scope="read write"))
    assert isinstance(found, User)
    assert (found.name, found.groups) == ("ada", frozenset({"admins"}))
    assert found.scopes == {"read", "write"}


@pytest.mark.parametrize("word", [b"bearer ", b"BEARER ", b"Bearer    "])
def test_the_word_may_be_spelled_in_any_case(word: bytes) -> None:
    assert isinstance(Asked(RSA).ask(word + minted()), User)


@pytest.mark.parametrize("values", [(), (b"Basic YTpi",), (b"",), (b"Bearertoken x",), (b"Digest x",)])
def test_who_shows_no_token_is_nobody(values: tuple[bytes, ...]) -> None:
    assert Asked(RSA).ask(*values) is None


@pytest.mark.parametrize(
    "values", [(b"Bearer",), (b"Bearer a b",), (b"Bearer a, b",), (b"Bearer \xff",), (b"Bearer a=b",)]
)
def test_what_cannot_be_read_is_a_bad_request(values: tuple[bytes, ...]) -> None:
    found = Asked(RSA).ask(*values)
    assert isinstance(found, Wrong)
    assert found.status == 400
    assert b'error="invalid_request"' in (found.headers.get(b"www-authenticate") or b"")


def test_two_fields_with_tokens_are_a_bad_request() -> None:
    found = Asked(RSA).ask(b"Bearer " + minted(), b"Bearer " + minted())
    assert isinstance(found, Wrong)
    assert found.status == 400


WRONG = {
    "expired": minted(exp=NOW - 31),
    "for others": minted(aud="https://other.example"),
    "of others": minted(iss="https://evil.example"),
    "of another type": minted(header={"typ": "dpop+jwt"}),
    "of nobody": minted(sub=None),
    "by another key": minted(OTHER),
    "by another algorithm": minted(SECRET, "HS256"),
    "no token": b"abc",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_token_that_does_not_hold_is_refused_with_the_reason(text: bytes) -> None:
    found = Asked(RSA).ask(b"Bearer " + text)
    assert isinstance(found, Wrong)
    assert (found.status, found.account) == (401, "")
    assert found.challenge.startswith(b'Bearer realm="a \\"realm\\"", error="invalid_token", error_description="')
    assert found.challenge.endswith(b', scope="read"')
    assert text not in found.challenge
    assert text.decode() not in found.why


def test_the_challenge_is_that_of_rfc_6750() -> None:
    asked = Asked(RSA)
    request = Request("GET", b"/", b"/", b"", b"example.com", Headers())
    assert asked.bearer.challenge(Exchange(request, Nowhere(), 1, 0.0)) == b'Bearer realm="a \\"realm\\"", scope="read"'
    assert b'error="insufficient_scope"' in asked.bearer.insufficient()


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_that_are_usual_are_taken(kind: str | None) -> None:
    assert isinstance(Asked(RSA).ask(b"Bearer " + minted(header={"typ": kind})), User)


def test_an_id_token_is_no_access_token_where_that_is_asked_for() -> None:
    asked = Asked(RSA, jwt_types=("at+jwt",))
    assert isinstance(asked.ask(b"Bearer " + minted()), Wrong)
    assert isinstance(asked.ask(b"Bearer " + minted(header={"typ": None})), Wrong)
    assert isinstance(asked.ask(b"Bearer " + minted(header={"typ": "at+jwt"})), User)


class Counted(Token):
    """A token that counts how often signatures are looked at."""

    looked = 0

    def claims(self, keys: Any) -> dict[str, Any]:
        Counted.looked += 1
        return super().claims(keys)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[Counted]:
    monkeypatch.setattr(module, "Token", Counted)
    monkeypatch.setattr(Counted, "looked", 0)
    return Counted


def test_a_token_that_held_is_remembered_until_it_ends(counted: type[Counted]) -> None:
    asked, field = Asked(RSA), b"Bearer " + minted(exp=NOW + 60)
    assert asked.ask(field) is asked.ask(field)
    assert counted.looked == 1
    asked.now = NOW + 89
    assert isinstance(asked.ask(field), User)
    asked.now = NOW + 90
    assert isinstance(asked.ask(field), Wrong)


def test_a_token_is_remembered_no_longer_than_its_key_is_believed(counted: type[Counted]) -> None:
    asked, field = Asked(RSA, OTHER), b"Bearer " + minted()
    assert isinstance(asked.ask(field), User)
    asked.source.keys = asked.source.newer = read_keys(jwks(OTHER), "keys", CHOSEN)
    assert isinstance(asked.ask(field), Wrong)


def test_what_did_not_hold_is_not_remembered_and_pushes_nothing_out(counted: type[Counted]) -> None:
    asked, field = Asked(RSA), b"Bearer " + minted()
    asked.ask(field)
    for number in range(REMEMBERED + 10):
        asked.ask(b"Bearer a.b.%d" % number)
    counted.looked = 0
    assert isinstance(asked.ask(field), User)
    assert counted.looked == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, counted: type[Counted]) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    asked = Asked(RSA)
    first, second, third = (b"Bearer " + minted(sub=name) for name in ("a", "b", "c"))
    for field in (first, second, first, third):
        asked.ask(field)
    counted.looked = 0
    asked.ask(first)
    assert counted.looked == 0
    asked.ask(second)
    assert counted.looked == 1


def test_a_new_key_is_looked_for_when_a_token_names_it() -> None:
    asked = Asked(RSA)
    asked.source.newer = read_keys(jwks(RSA, OTHER), "keys", CHOSEN)
    assert isinstance(asked.ask(b"Bearer " + minted()), User)
    assert asked.source.renewed == 0
    assert isinstance(asked.ask(b"Bearer " + minted(OTHER)), User)
    assert asked.source.renewed == 1
    assert isinstance(asked.ask(b"Bearer " + minted(CURVE, "ES256")), Wrong)


def test_what_is_no_token_has_no_key_looked_for() -> None:
    asked = Asked(RSA)
    for text in (b"abc", minted(SECRET, "HS256")):
        asked.ask(b"Bearer " + text)
    assert asked.source.renewed == 0


def test_without_any_keys_nobody_is_let_in_and_it_is_said_when_to_come_again() -> None:
    found = Asked().ask(b"Bearer " + minted())
    assert isinstance(found, Wrong)
    assert (found.status, found.headers.get(b"retry-after")) == (503, b"2")


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"jwt_keys": ""}, "--jwt-keys"),
    ({"jwt_keys_url": "https://issuer.example/keys"}, "--jwt-keys"),
    ({"jwt_keys": "absent.json"}, "absent.json"),
    ({"jwt_issuer": ""}, "--jwt-issuer"),
    ({"jwt_audience": ()}, "--jwt-audience"),
    ({"jwt_algorithms": ()}, "--jwt-algorithms"),
    ({"jwt_algorithms": ("none",)}, "--jwt-algorithms"),
    ({"jwt_algorithms": ("rs256",)}, "--jwt-algorithms"),
    ({"jwt_algorithms": ("RS256", "HS256")}, "--jwt-algorithms"),
    ({"jwt_keys": "", "jwt_keys_url": "https://i.example/", "jwt_algorithms": ("HS256",)}, "--jwt-keys-url"),
    ({"jwt_keys": "", "jwt_keys_url": "http://issuer.example/keys"}, "--jwt-keys-url"),
    ({"jwt_keys": "", "jwt_keys_url": "https://me:secret@issuer.example/"}, "--jwt-keys-url"),
    ({"jwt_keys": "", "jwt_keys_url": "file:///etc/passwd"}, "--jwt-keys-url"),
    ({"auth_realm": "a\nb"}, "--auth-realm"),
]


@pytest.mark.parametrize(("chosen", "named"), SETTINGS)
def test_a_wrong_setting_is_named(chosen: dict[str, Any], named: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(jwks(RSA))
    with pytest.raises(ValueError, match=named) as caught:
        Knowing(tmp_path, "bearer", **{"jwt_keys": "keys.json", **WANTED, **chosen})
    assert "secret" not in str(caught.value).partition("a secret is")[0]


def place_of(folder: Path, *others: str, **chosen: Any) -> Knowing:
    (folder / "keys.json").write_text(jwks(RSA))
    return Knowing(folder, "bearer", *others, **{"jwt_keys": "keys.json", **WANTED, **chosen})


def bearer(**claims: Any) -> Field:
    return b"authorization", b"Bearer " + minted(exp=FAR, iat=None, **claims)


def test_a_place_lets_in_who_shows_a_token(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    assert place.ask(bearer()).text == "ada"
    told = place.ask()
    assert (told.status, told.headers.get(b"www-authenticate")) == (401, b'Bearer realm="this site"')
    told = place.ask((b"authorization", b"Bearer abc"))
    assert told.status == 401
    assert b'error="invalid_token"' in (told.headers.get(b"www-authenticate") or b"")
    assert place.served == ["ada"]


def test_a_place_may_want_a_scope_or_a_group(tmp_path: Path) -> None:
    place = place_of(tmp_path, require=("scope:write", "group:admins"))
    assert place.ask(bearer(scope="read write")).status == 200
    assert place.ask(bearer(groups=["admins"])).status == 200
    lacking = place.ask(bearer(scope="read writes"))
    assert lacking.status == 403
    assert lacking.headers.all(b"www-authenticate") == [
        b'Bearer realm="this site", error="insufficient_scope", error_description="the token does not allow this", '
        b'scope="write"'
    ]
    assert place.ask().headers.get(b"www-authenticate") == b'Bearer realm="this site", scope="write"'
    assert len(place.served) == 2


def test_tokens_and_passwords_go_together(tmp_path: Path) -> None:
    place = place_of(tmp_path, "basic")
    assert place.ask(bearer()).text == "ada"
    assert place.ask(basic("alice", "secret")).text == "alice"
    assert place.ask().headers.all(b"www-authenticate") == [
        b'Bearer realm="this site"',
        b'Basic realm="this site", charset="UTF-8"',
    ]


def test_the_keys_of_a_url_are_asked_for_with_the_first_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetched(url: str) -> str:
        asked.append(url)
        return jwks(RSA)

    monkeypatch.setattr(module, "fetched", fetched)
    place = Knowing(tmp_path, "bearer", jwt_keys_url="https://issuer.example/keys", **WANTED)
    assert asked == []
    assert place.ask(bearer()).text == "ada"
    assert place.ask(bearer(sub="eve")).text == "eve"
    assert asked == ["https://issuer.example/keys"]
