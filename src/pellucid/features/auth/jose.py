"""Signed tokens and the keys that they are checked with (RFC 7515, 7517, 7518). It knows no claims and no clock.

The one place of the package joserfc. Of the header of a token, which a stranger has written, three things are read: the
algorithm, which must be one of those chosen, the name of the key, which is looked up among ours and nowhere else, and
the type. What it brings of keys, or where to get some (jwk, jku, x5c, x5u), is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

try:
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry
    from joserfc.jws import JWSRegistry
except ImportError as error:
    raise ValueError('--auth: bearer is done with a package: pip install "pellucid[jwt]"') from error

LONGEST = 8192
"""How long a token may be, in bytes."""

MOST_KEYS = 100
"""How many keys a set may have."""

MOST_TRIED = 3
"""How many keys are tried where a token does not name one."""

SECRET = ("HS256", "HS384", "HS512")
"""Algorithms by a secret that both sides know."""

KNOWN = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
    *SECRET,
)
"""The algorithms that can be chosen."""

SHORTEST_MODULUS = 256
SHORTEST_SECRET = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes: RFC 7518 sections 3.3 and 3.2."""


class NotBelieved(Exception):
    """A token that does not hold; the text says why, and nothing of what stands in it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, its name if it has one, and the algorithms that it may be used with."""

    name: str | None
    algorithms: frozenset[str]
    value: Any


class Keys:
    """A set of keys."""

    __slots__ = ("_all", "_named")

    def __init__(self, keys: Sequence[Key]) -> None:
        self._all = tuple(keys)
        self._named = frozenset(key.name for key in keys)

    def __len__(self) -> int:
        return len(self._all)

    def fitting(self, name: str | None, algorithm: str) -> list[Key]:
        """Those that a token may be signed with which says so: those of that name, or else those without one."""
        wanted = name if name in self._named else None
        fitting = [key for key in self._all if algorithm in key.algorithms and (name is None or key.name == wanted)]
        return fitting[:MOST_TRIED]


class Token:
    """A token whose signature nobody has looked at yet."""

    __slots__ = ("_signed", "algorithm", "key", "type")

    def __init__(self, text: bytes, algorithms: frozenset[str]) -> None:
        """Raises NotBelieved."""
        if len(text) > LONGEST:
            raise NotBelieved("the token is too long")
        try:
            self._signed = jws.extract_compact(text, registry=REGISTRY)
            header = self._signed.headers()
        except Exception:  # whatever a stranger's bytes make of a parser, it is no token
            raise NotBelieved("this is no token") from None
        if not isinstance(header, dict):
            raise NotBelieved("this is no token")
        algorithm, key, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise NotBelieved("the token is signed by an algorithm that is not taken here")
        if "crit" in header or "b64" in header:  # RFC 7515 4.1.11: what is not understood is refused
            raise NotBelieved("the token asks for an extension that is not known here")
        if not isinstance(kind, str) or not (key is None or isinstance(key, str)):
            raise NotBelieved("this is no token")
        self.algorithm = algorithm
        self.key: str | None = key
        self.type = kind.lower().removeprefix("application/")

    def claims(self, keys: Sequence[Key]) -> dict[str, Any]:
        """What it says, if one of the keys has signed that. Raises NotBelieved."""
        if not any(map(self._signed_with, keys)):
            raise NotBelieved("the token is not signed by a key that is known here")
        try:
            claims = json.loads(self._signed.payload)
        except (ValueError, RecursionError):
            raise NotBelieved("the token holds no claims") from None
        if not isinstance(claims, dict):
            raise NotBelieved("the token holds no claims")
        return claims

    def _signed_with(self, key: Key) -> bool:
        try:
            return jws.validate_compact(self._signed, key.value, registry=REGISTRY)
        except Exception:  # likewise: a signature that cannot be read
            return False


def read_keys(text: str, name: str, algorithms: frozenset[str]) -> Keys:
    """The keys of a JWK Set that these algorithms can be checked with (RFC 7517 section 5). ValueError where there is
    none, and for what is no such set; `name` says where it came from.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{name}: this is no JSON, as a JWK Set is") from None
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f'{name}: this is no JWK Set, as in {{"keys": […]}}, of at most {MOST_KEYS} keys')
    keys = [key for each in listed if (key := _read_key(each, algorithms)) is not None]
    if not keys:
        raise ValueError(f"{name}: it has no key that {', '.join(sorted(algorithms))} can be checked with")
    return Keys(keys)


class _Registry(JWSRegistry):
    # The sizes are bounded together, by LONGEST; which algorithm may be used is asked before.
    max_header_length = LONGEST
    max_payload_length = LONGEST
    max_signature_length = LONGEST

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


REGISTRY = _Registry(strict_check_header=False)


def _read_key(told: object, algorithms: frozenset[str]) -> Key | None:
    # None for a key of another kind, or of none (RFC 7517 5).
    if not isinstance(told, dict) or not isinstance(told.get("kid"), str | None):
        return None
    size = _size(told)
    if told.get("kty") == "RSA" and size < SHORTEST_MODULUS:
        return None
    if told.get("use", "sig") != "sig" or "verify" not in _operations(told):
        return None
    if told.get("kty") == "oct":
        algorithms = frozenset(each for each in algorithms if size >= SHORTEST_SECRET.get(each, 0))
    try:
        key = JWKRegistry.import_key(told) if algorithms else None
    except Exception:  # whatever else is wrong with it
        return None
    fitting = frozenset(each for each in algorithms if _fits(key, each))
    return Key(told.get("kid"), fitting, key) if fitting else None


def _operations(told: Mapping[str, Any]) -> Sequence[Any]:
    operations = told.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else ()


def _size(told: Mapping[str, Any]) -> int:
    # Of the modulus or the secret, in bytes; base64 has four characters for three of them.
    value = told.get("n") or told.get("k")
    return len(value) * 3 // 4 if isinstance(value, str) else 0


def _fits(key: Any, algorithm: str) -> bool:
    try:
        JWSRegistry.algorithms[algorithm].check_key(key)
    except JoseError:
        return False
    return True
