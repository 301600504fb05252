"""An issuer of tokens for tests: its keys, and tokens as it signs them or as an attacker would make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

NOW = 1_800_000_000.0
ISSUER = "https://issuer.example"
AUDIENCE = "https://site.example"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 600, "iat": NOW - 5}
FAR = 4_000_000_000.0
"""A moment that no run of these tests will see."""

RSA = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "two"})
NAMELESS = RSAKey.generate_key(2048)
STRANGE = RSAKey.generate_key(2048, {"kid": "one"})
"""An attacker's key, by the name of the issuer's."""
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "edwards"})
SECRET = OctKey.generate_key(256, {"kid": "secret"})

Key = RSAKey | ECKey | OKPKey | OctKey


def jwks(*keys: Key, **more: Any) -> str:
    """The JWK Set of these keys, public where they have a public half."""
    return json.dumps({"keys": [{**key.as_dict(private=isinstance(key, OctKey)), **more} for key in keys]})


def minted(key: Key = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> bytes:
    """A token. A claim that is None is left out, and so is one of the header."""
    told = _less({**CLAIMS, **claims})
    head = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
    signed = b".".join(coded(json.dumps(each).encode()) for each in (_less(head), told))
    return signed + b"." + coded(jws.JWSRegistry.algorithms[algorithm].sign(signed, key))


def coded(data: bytes) -> bytes:
    """base64url without its padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def forged(header: Any, claims: Any = None, signature: bytes = b"", secret: bytes | None = None) -> bytes:
    """A token that nobody's library would make; with a secret it is signed by HS256."""
    parts = [
        coded(each if isinstance(each, bytes) else json.dumps(each).encode()) for each in (header, claims or CLAIMS)
    ]
    if secret is not None:
        signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, coded(signature)])


def public_pem(key: RSAKey) -> bytes:
    """What everybody knows of a key."""
    return key.public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _less(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
