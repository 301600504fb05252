"""Who is let in: what `require` asks for, as a pure question about a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.user import User

KINDS = "user, user:NAME, group:NAME, scope:NAME or anyone"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a user must be, by method. Any of the rules is enough."""

    users: frozenset[str]
    groups: frozenset[str]
    scopes: frozenset[str]
    whoever: bool
    anyone: bool
    methods: frozenset[str]

    def open_to_all(self, method: str) -> bool:
        """Whether nobody needs to show anything for this method."""
        # Apps are told a method in upper case, so it is looked up like that.
        return self.anyone or (bool(self.methods) and method.upper() not in self.methods)

    def let_in(self, user: User) -> bool:
        """Whether this user may have what is asked for."""
        return (
            self.whoever
            or self.anyone
            or user.name in self.users
            or not self.groups.isdisjoint(user.groups)
            or not self.scopes.isdisjoint(user.scopes)
        )


def read_rules(require: Sequence[str], methods: Sequence[str]) -> Rules:
    """The rules from their text; without any, whoever has shown who it is. ValueError names the one that is none."""
    named: dict[str, set[str]] = {"user": set(), "group": set(), "scope": set()}
    words = set()
    for rule in require or ("user",):
        kind, colon, name = rule.strip().partition(":")
        name = name.strip()
        if colon and kind in named and name:
            named[kind].add(name)
        elif not colon and kind in ("user", "anyone"):
            words.add(kind)
        else:
            raise ValueError(f"--require: {rule!r} is no rule: it is {KINDS}")
    for method in methods:
        if not method.isalpha() or not method.isascii():
            raise ValueError(f"--require-methods: {method!r} is no method")
    upper = {method.upper() for method in methods}
    if "GET" in upper:
        # HEAD tells the same, and over HTTP/2 a WebSocket begins with CONNECT, not with GET (RFC 8441 section 4).
        upper |= {"HEAD", "CONNECT"}
    return Rules(
        frozenset(named["user"]),
        frozenset(named["group"]),
        frozenset(named["scope"]),
        "user" in words,
        "anyone" in words,
        frozenset(upper),
    )
