"""Hashes of passwords: which are good enough, how they are made and verified; it knows neither files nor users.

It is the one place of the packages bcrypt and argon2. Both let other threads go on while they work.
"""

from __future__ import annotations

import re
import unicodedata

MISSING = 'passwords are hashed by packages: pip install "pellucid[passwords]"'

BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-9]|2[0-4])\$[./A-Za-z0-9]{53}")
ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=19\$m=[0-9]{1,7},t=[0-9]{1,3},p=[0-9]{1,3}\$[A-Za-z0-9+/]{11,88}\$[A-Za-z0-9+/]{16,172}"
)

ARGON2_TIME, ARGON2_MEMORY, ARGON2_THREADS = 2, 19456, 1
"""What OWASP advises for passwords that are verified while somebody waits: two passes over 19 MiB by one thread, so
that a few at once do not take the whole machine. Files may have hashes of any other cost.
"""

BCRYPT_COST = 12
LONGEST_BCRYPT = 72
"""How many bytes of a password bcrypt looks at; what is behind them counts for nothing."""

LONGEST = 1024
"""How long a password may be, in bytes."""

WEAK = (
    ("$apr1$", "MD5"),
    ("$1$", "MD5"),
    ("{SHA}", "SHA-1"),
    ("{SSHA}", "SHA-1"),
    ("$5$", "SHA-256 of crypt"),
    ("$6$", "SHA-512 of crypt"),
    ("$y$", "yescrypt"),
)


def check(stored: str) -> None:
    """ValueError, without the hash itself, where it is none that is good enough."""
    if BCRYPT.fullmatch(stored) or ARGON2.fullmatch(stored):
        return
    for beginning, name in WEAK:
        if stored.startswith(beginning):
            raise ValueError(f"is kept by {name}, which is not taken here")
    if stored.startswith(("$2", "$argon2")):
        raise ValueError("is kept as a damaged hash, or with parameters that nobody should have")
    raise ValueError("is kept as plain text or by crypt, which is fast to guess")


def load(kinds: frozenset[str]) -> None:
    """Import what verifies hashes of these kinds, "bcrypt" and "argon2". ValueError says what to install."""
    try:
        if "bcrypt" in kinds:
            import bcrypt  # noqa: F401  # only whether it is there
        if "argon2" in kinds:
            import argon2  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise ValueError(MISSING) from error


def kind_of(stored: str) -> str:
    """Which package verifies it."""
    return "argon2" if stored.startswith("$argon2") else "bcrypt"


def prepared(password: str) -> bytes:
    """A password as it is hashed: of several ways to write a letter one is chosen (RFC 8265 section 4.2.2)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def verify(stored: str, password: bytes) -> bool:
    """Whether the hash was made of this password. It takes as long as the hash says, whatever comes out."""
    if kind_of(stored) == "argon2":
        from argon2.exceptions import InvalidHashError, VerificationError
        from argon2.low_level import Type, verify_secret

        kind = {"i": Type.I, "d": Type.D, "id": Type.ID}[stored[7 : stored.index("$", 1)]]
        try:
            return verify_secret(stored.encode(), password, kind)
        except (VerificationError, InvalidHashError):
            return False
    import bcrypt

    try:
        return bcrypt.checkpw(password[:LONGEST_BCRYPT], stored.encode())
    except ValueError:  # it holds a NUL, or the hash has a salt that there is not
        return False


def decoy(stored: str) -> str:
    """A hash that costs as much to verify as this one, and that no password has."""
    if kind_of(stored) == "argon2":
        *front, salt, digest = stored.split("$")
        return "$".join([*front, "A" * len(salt), "A" * len(digest)])
    return f"{stored[:7]}{'.' * 22}{'.' * 31}"


def argon2_of(password: bytes) -> str:
    """A new hash by argon2id (RFC 9106)."""
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise ValueError(MISSING) from error
    return PasswordHasher(ARGON2_TIME, ARGON2_MEMORY, ARGON2_THREADS).hash(password)


def bcrypt_of(password: bytes) -> str:
    """A new hash by bcrypt, as Apache and nginx read it too. ValueError where it would not look at all of it."""
    if len(password) > LONGEST_BCRYPT:
        raise ValueError(f"bcrypt takes {LONGEST_BCRYPT} bytes at the most; leave --bcrypt away for a longer password")
    try:
        import bcrypt
    except ImportError as error:
        raise ValueError(MISSING) from error
    return bcrypt.hashpw(password, bcrypt.gensalt(BCRYPT_COST)).decode()
