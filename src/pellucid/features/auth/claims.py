"""What a token says, once it is known who says it (RFC 7519 section 4.1): whether it holds now, and of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pellucid.features.auth.scheme import is_name
from pellucid.user import User

ANYBODY = "*"
MOST_GROUPS = 1000
LATEST = 1e12
"""A moment in seconds since 1970 that no token is meant for: what is beyond it is no moment."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token must say, and where it says who it is about."""

    issuer: str
    audiences: frozenset[str]
    leeway: float
    user: str
    groups: str

    def fault(self, claims: Mapping[str, Any], now: float) -> str:
        """Why a token with these claims does not hold at this moment, in seconds since 1970; empty if it does."""
        if claims.get("iss") != self.issuer:
            return "the token is of another issuer"
        if ANYBODY not in self.audiences and self.audiences.isdisjoint(_texts(claims.get("aud"))):
            return "the token is for another audience"
        ends = _moment(claims.get("exp"))
        if ends is None or ends + self.leeway <= now:
            return "the token has expired" if ends is not None else "the token has no end"
        for name in ("nbf", "iat"):
            begins = _moment(claims.get(name, now))
            if begins is None or begins - self.leeway > now:
                return "the token is not valid yet"
        return ""

    def until(self, claims: Mapping[str, Any]) -> float:
        """When a token without fault ends, in seconds since 1970."""
        return (_moment(claims["exp"]) or 0.0) + self.leeway

    def user_of(self, claims: Mapping[str, Any]) -> User | None:
        """Whom it is about; None where it does not say."""
        name = _found(claims, self.user)
        if not isinstance(name, str) or not is_name(name):
            return None
        groups = frozenset(_texts(_found(claims, self.groups))[:MOST_GROUPS])
        # RFC 8693 4.2: a text with spaces; others call it scp, and some make it a list.
        scopes = frozenset(
            scope
            for told in (claims.get("scope"), claims.get("scp"))
            for text in _texts(told)
            for scope in text.split()
        )
        return User(name, "Bearer", groups, MappingProxyType(dict(claims)), scopes)


def _found(claims: Mapping[str, Any], name: str) -> Any:
    # A name may have dots of its own, as those do that are URLs.
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _texts(told: Any) -> list[str]:
    if isinstance(told, str):
        return [told]
    return [each for each in told if isinstance(each, str)] if isinstance(told, list) else []


def _moment(told: Any) -> float | None:
    # NaN is not within the bounds either, and True is no number here.
    number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if number and -LATEST < told < LATEST else None
