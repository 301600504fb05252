"""A token is believed if one of our keys has signed it by an algorithm that we chose, whatever it says of itself."""

import importlib
import itertools
import json
import sys
from typing import Any

import minting
import pytest
from minting import CURVE, EDWARDS, NAMELESS, OTHER, RSA, SECRET, STRANGE, coded, forged, jwks, minted, public_pem

from pellucid.features.auth.jose import NotBelieved, Token, read_keys

CHOSEN = frozenset({"RS256", "ES256", "PS256", "Ed25519"})
KEYS = read_keys(jwks(RSA, OTHER, CURVE, EDWARDS), "keys", CHOSEN)


def claims(text: bytes, algorithms: frozenset[str] = CHOSEN, keys: Any = KEYS) -> dict[str, Any]:
    token = Token(text, algorithms)
    return token.claims(keys.fitting(token.key, token.algorithm))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, "RS256"), (RSA, "PS256"), (OTHER, "RS256"), (CURVE, "ES256"), (EDWARDS, "Ed25519")],
)
def test_what_a_key_has_signed_is_believed(key: minting.Key, algorithm: str) -> None:
    assert claims(minted(key, algorithm))["sub"] == "ada"


def test_a_token_that_names_no_key_is_tried_with_those_that_fit() -> None:
    assert claims(minted(OTHER, header={"kid": None}))["sub"] == "ada"


def test_a_key_without_a_name_is_tried_where_the_named_one_is_not_there() -> None:
    keys = read_keys(jwks(NAMELESS, CURVE), "keys", CHOSEN)
    assert claims(minted(NAMELESS, header={"kid": "whatever"}), keys=keys)["sub"] == "ada"
    with pytest.raises(NotBelieved):
        claims(minted(NAMELESS, header={"kid": "curve"}), keys=keys)


RS = {"alg": "RS256", "kid": "one"}
JWK = STRANGE.as_dict(private=False)

FORGED = {
    "nothing": b"",
    "no parts": b"abc",
    "four parts": b"a.b.c.d",
    "none": forged({"alg": "none"}),
    "none with a key": forged({"alg": "none", "kid": "one"}),
    "None": forged({"alg": "None"}),
    "nOnE": forged({"alg": "nOnE"}),
    "no algorithm": forged({"kid": "one"}),
    "an algorithm that is a list": forged({"alg": ["RS256"], "kid": "one"}),
    "an algorithm that is null": forged({"alg": None, "kid": "one"}),
    "HS256 by the public key": forged({"alg": "HS256", "kid": "one"}, secret=public_pem(RSA)),
    "HS256 by the modulus": forged(
        {"alg": "HS256", "kid": "one"}, secret=json.dumps(RSA.as_dict(private=False)).encode()
    ),
    "HS256 by nothing": forged({"alg": "HS256"}, secret=b""),
    "an algorithm that is not chosen": minted(RSA, "RS512"),
    "no signature": forged(RS),
    "a signature of zeros": forged(RS, signature=bytes(256)),
    "a signature that is too short": forged(RS, signature=b"x"),
    "ES256 of zeros (psychic)": forged({"alg": "ES256", "kid": "curve"}, signature=bytes(64)),
    "Ed25519 of zeros": forged({"alg": "Ed25519", "kid": "edwards"}, signature=bytes(64)),
    "a key of another kind": forged({"alg": "ES256", "kid": "one"}, signature=bytes(64)),
    "another's key by our key's name": minted(STRANGE),
    "its own key (jwk)": minted(STRANGE, header={"jwk": JWK}),
    "its own key, no name": minted(STRANGE, header={"jwk": JWK, "kid": None}),
    "where to get its key (jku)": minted(STRANGE, header={"jku": "https://evil.example/keys"}),
    "where to get its certificate (x5u)": minted(STRANGE, header={"x5u": "https://evil.example/c"}),
    "its own certificate (x5c)": minted(STRANGE, header={"x5c": ["MIIB"]}),
    "a key of the file system": forged({"alg": "RS256", "kid": "../../../../dev/null"}),
    "a key of a database": forged({"alg": "RS256", "kid": "x' UNION SELECT 'secret"}),
    "a key that is a number": forged({"alg": "RS256", "kid": 1}, signature=bytes(256)),
    "an extension": minted(RSA, header={"crit": ["exp"], "exp": 1}),
    "an extension that is known to the library": forged({**RS, "crit": ["b64"], "b64": False}),
    "an extension without a list": forged({**RS, "b64": False}),
    "an empty list of extensions": minted(RSA, header={"crit": []}),
    "a header that is a list": forged(["alg", "b64"]),
    "a header that is a text": forged("alg"),
    "a header that is deep": forged(b"[" * 2500),
    "a header that is no JSON": forged(b"{"),
    "a header in UTF-16": forged('{"alg":"RS256"}'.encode("utf-16")),
    "claims that are deep": forged(RS, b"[" * 2500),
    "a header with white space in its coding": minted(RSA).replace(b".", b" .", 1),
    "a type that is a number": forged({**RS, "typ": 1}),
    "longer than a token may be": minted(RSA, header={"more": "x" * 4000}, more="x" * 4000),
}


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_not_believed(text: bytes) -> None:
    with pytest.raises(NotBelieved):
        claims(text)


def test_what_a_token_brings_besides_its_signature_is_not_looked_at() -> None:
    ours = {"jwk": JWK, "jku": "https://evil.example/keys", "x5u": "https://evil.example/c", "more": 1}
    assert claims(minted(RSA, header=ours))["sub"] == "ada"


def test_a_token_whose_claims_were_changed_is_not_believed() -> None:
    head, _, signature = minted(RSA).split(b".")
    with pytest.raises(NotBelieved):
        claims(b".".join([head, coded(json.dumps({**minting.CLAIMS, "sub": "root"}).encode()), signature]))


@pytest.mark.parametrize("payload", [b"[]", b"null", b"x", b"1", b"\xff", b"", b"[" * 2500])
def test_what_is_signed_and_no_claims_is_not_believed(payload: bytes) -> None:
    from joserfc import jws

    text = jws.serialize_compact({"alg": "RS256", "kid": "one"}, payload, RSA).encode()
    with pytest.raises(NotBelieved):
        claims(text)


def test_a_secret_signs_where_it_is_chosen() -> None:
    secret = frozenset({"HS256"})
    keys = read_keys(jwks(SECRET), "keys", secret)
    assert claims(minted(SECRET, "HS256"), secret, keys)["sub"] == "ada"
    with pytest.raises(NotBelieved):
        claims(minted(SECRET, "HS256"), CHOSEN, keys)


def test_a_key_signs_by_the_algorithm_that_it_is_for_and_no_other() -> None:
    keys = read_keys(jwks(RSA, alg="PS256"), "keys", CHOSEN)
    assert claims(minted(RSA, "PS256"), keys=keys)
    with pytest.raises(NotBelieved):
        claims(minted(RSA, "RS256"), keys=keys)


def test_a_token_is_looked_at_by_keys_that_fit_it_alone() -> None:
    keys = read_keys(jwks(RSA, alg="PS256"), "keys", CHOSEN).fitting("one", "PS256")
    with pytest.raises(NotBelieved):
        Token(minted(RSA), CHOSEN).claims(keys)


WEAK = json.dumps({"keys": [{"kty": "RSA", "kid": "one", "n": coded(b"\xc1" * 128).decode(), "e": "AQAB"}]})
SHORT = json.dumps({"keys": [{"kty": "oct", "k": coded(b"short").decode()}]})


@pytest.mark.parametrize(
    ("text", "algorithms"),
    [
        ("", CHOSEN),
        ("{", CHOSEN),
        ("[" * 100_000, CHOSEN),
        ("[]", CHOSEN),
        ("{}", CHOSEN),
        ('{"keys": {}}', CHOSEN),
        ('{"keys": []}', CHOSEN),
        ('{"keys": [1, null, {}, {"kty": 1}, {"kty": "RSA"}, {"kty": "new", "kid": "x"}]}', CHOSEN),
        (json.dumps({"keys": [{}] * 101}), CHOSEN),
        (jwks(RSA, use="enc"), CHOSEN),
        (jwks(OTHER, key_ops=["encrypt"]), CHOSEN),
        (jwks(OTHER, kid=1), CHOSEN),
        (jwks(SECRET), CHOSEN),
        (jwks(RSA), frozenset({"HS256"})),
        (jwks(RSA), frozenset({"ES256"})),
        (jwks(CURVE), frozenset({"ES384"})),
        (WEAK, CHOSEN),
        (SHORT, frozenset({"HS256"})),
    ],
    ids=itertools.count(),  # keys are made anew, and processes that share tests must know them by one name
)
@pytest.mark.filterwarnings("ignore")  # where a warning is no error, a weak key is left out as well
def test_a_set_without_a_key_that_fits_is_wrong(text: str, algorithms: frozenset[str]) -> None:
    with pytest.raises(ValueError, match=r"^keys\.json: "):
        read_keys(text, "keys.json", algorithms)


def test_of_a_set_what_is_not_understood_is_left_out() -> None:
    told = json.loads(jwks(RSA))
    told["keys"] += [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "later"}, 1]
    assert len(read_keys(json.dumps(told), "keys", CHOSEN)) == 1


def test_the_example_of_the_rfc_is_believed() -> None:
    # RFC 7515 appendix A.3
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    text = (
        b"eyJhbGciOiJFUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        b".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    keys = read_keys(json.dumps({"keys": [key]}), "keys", CHOSEN)
    assert claims(text, keys=keys) == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


def test_where_the_package_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    monkeypatch.delitem(sys.modules, "pellucid.features.auth.jose")
    with pytest.raises(ValueError, match=r"pip install \"pellucid\[jwt\]\""):
        importlib.import_module("pellucid.features.auth.jose")
