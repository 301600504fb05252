"""The files that users, their passwords and their groups are kept in, as Apache has them; it verifies nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pellucid.features.auth import passwords

DIGEST = re.compile(r"[0-9a-f]{64}")

# What ends a line anywhere, or makes a comment of it, is not in a name.
NO_NAME = re.compile(r"^#|[\x00-\x1f\x7f-\x9f\u2028\u2029:]")

_KEY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Users:
    """The hashes of passwords by the names of their users."""

    hashes: Mapping[str, str]
    decoys: tuple[str, ...]

    def hash_of(self, name: str) -> tuple[str, bool]:
        """What a password of this user is compared with, and whether there is that user.

        For one that there is not, it is a hash that costs as much as that of some user, always the same for the name;
        and nothing where there are no users at all, who could be told apart from others.
        """
        stored = self.hashes.get(name)
        if stored is not None:
            return stored, True
        if not self.decoys:
            return "", False
        chosen = hashlib.blake2b(name.encode("utf-8", "replace"), key=_KEY, digest_size=8).digest()
        return self.decoys[int.from_bytes(chosen, "big") % len(self.decoys)], False


@dataclass(frozen=True, slots=True)
class Digests:
    """H(user:realm:password) of RFC 7616 by the names of users in one realm, and their names by their hashes;
    and all realms that there are.
    """

    secrets: Mapping[str, str]
    hashed: Mapping[str, str]
    realms: frozenset[str]

    def secret_of(self, name: str) -> tuple[str, bool]:
        """What is computed with for this user, and whether there is that user."""
        found = self.secrets.get(name)
        if found is not None:
            return found, True
        return hmac.new(_KEY, name.encode("utf-8", "replace"), hashlib.sha256).hexdigest(), False


def read_users(text: str, name: str) -> Users:
    """The users of a file in the form of htpasswd. ValueError names the line, and what to do about it."""
    hashes: dict[str, str] = {}
    for number, line in _lines(text):
        where = f"{name}:{number}"
        user, colon, stored = line.partition(":")
        if not colon:
            raise ValueError(f"{where}: a line is USER:HASH; `pellucid passwd {name} USER` writes one")
        user = checked_name(user, where)
        try:
            passwords.check(stored)
        except ValueError as error:
            advice = f"give it anew by `pellucid passwd {name} {user}`"
            raise ValueError(f"{where}: the password of {user!r} {error}: {advice}") from None
        if user in hashes:
            raise ValueError(f"{where}: {user!r} stands here twice")
        hashes[user] = stored
    passwords.load(frozenset(map(passwords.kind_of, hashes.values())))
    return Users(hashes, tuple(map(passwords.decoy, hashes.values())))


def read_digests(text: str, name: str, realm: str) -> Digests:
    """The users of a realm in a file in the form of htdigest, with SHA-256. ValueError likewise."""
    found: dict[str, str] = {}
    realms = set()
    command = f"pellucid passwd --digest --realm {realm!r} {name}"
    for number, line in _lines(text):
        where = f"{name}:{number}"
        user, _, rest = line.partition(":")
        its_realm, colon, digest = rest.rpartition(":")
        if not colon:
            raise ValueError(f"{where}: a line is USER:REALM:DIGEST; `{command} USER` writes one")
        user = checked_name(user, where)
        if not DIGEST.fullmatch(digest):
            kind = "by MD5, which is not taken here" if len(digest) == 32 else "by no SHA-256"
            raise ValueError(f"{where}: what {user!r} has is made {kind}: make it anew by `{command} {user}`")
        realms.add(its_realm)
        if its_realm == realm:
            if user in found:
                raise ValueError(f"{where}: {user!r} stands here twice")
            found[user] = digest
    return Digests(found, {hashed_name(user, realm): user for user in found}, frozenset(realms))


def read_groups(text: str, name: str) -> Mapping[str, frozenset[str]]:
    """The groups of each user, from lines that name a group and its users. ValueError names the line."""
    found: dict[str, set[str]] = {}
    for number, line in _lines(text):
        group, colon, users = line.partition(":")
        if not colon or not group.strip():
            raise ValueError(f"{name}:{number}: a line is GROUP: USER USER …")
        for user in users.replace(",", " ").split():
            found.setdefault(unicodedata.normalize("NFC", user), set()).add(group.strip())
    return {user: frozenset(groups) for user, groups in found.items()}


def hashed_name(user: str, realm: str) -> str:
    """The name of a user that nobody on the way can read (RFC 7616 section 3.4.4)."""
    return hashlib.sha256(f"{user}:{realm}".encode()).hexdigest()


def digest_of(user: str, realm: str, password: str) -> str:
    """What is kept for digest (RFC 7616 section 3.4.2, A1)."""
    return hashlib.sha256(f"{user}:{realm}:".encode() + passwords.prepared(password)).hexdigest()


def checked_name(user: str, where: str = "") -> str:
    """The name of a user, spelled in one way; ValueError where it cannot be one."""
    user = unicodedata.normalize("NFC", user)
    if not user or len(user) > 255 or NO_NAME.search(user) or user != user.strip():
        what = "1 to 255 characters, none of them a colon or a control character, no # in front and no space around"
        raise ValueError(f"{where}: {user!r} is no name of a user, which is {what}".removeprefix(": "))
    return user


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if line.strip() and not line.startswith("#"):
            yield number, line
