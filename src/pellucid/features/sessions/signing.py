"""Signatures that make a cookie worth something, by the package itsdangerous; it knows neither sessions nor stores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

SHORTEST = 32
"""How long a key must be, in characters."""


class Signing:
    """Signs text for a host, and believes no other. Of the keys the first signs; all are believed.

    A cookie that was given by one host says nothing to another one, even if both have the same key. `purpose` keeps
    signatures for other things apart likewise.
    """

    __slots__ = ("_signer",)

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        try:
            from itsdangerous import Signer
        except ImportError as error:
            raise ValueError('sessions are signed by a package: pip install "pellucid[sessions]"') from error
        # Of its keys the last one signs.
        self._signer = Signer([*reversed(keys)], purpose, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign(self, text: bytes, host: bytes) -> bytes:
        """The text with its signature; both are of characters that a cookie may have, if the text is."""
        return text + b"." + self._signer.get_signature(host + b"\n" + text)

    def read(self, value: bytes, host: bytes) -> bytes | None:
        """The text, if it was signed with one of the keys for this host. The time this takes tells nothing of them."""
        text, dot, signature = value.rpartition(b".")
        if dot and signature.isascii() and self._signer.verify_signature(host + b"\n" + text, signature):
            return text
        return None


def read_keys(chosen: Sequence[str], file: str) -> list[str]:
    """The keys that were chosen, and those in the lines of a file. ValueError where they cannot be had or are short."""
    keys = list(chosen)
    if file:
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise ValueError(f"--session-key-file: {file!r} cannot be read: {str(reason).lower()}") from None
        keys += [line.strip() for line in text.splitlines() if line.strip()]
        if not keys:
            raise ValueError(f"--session-key-file: {file!r} holds no key: {HINT}")
    for key in keys:
        if len(key) < SHORTEST:
            raise ValueError(f"a session-key has {len(key)} characters and needs {SHORTEST} or more: {HINT}")
    return keys


HINT = "make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
