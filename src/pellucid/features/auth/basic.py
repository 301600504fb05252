"""Basic: a name and a password with each request (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

from pellucid.features.auth.scheme import Tell, Wrong, quoted
from pellucid.features.auth.verifying import Passwords
from pellucid.server.exchange import Exchange

SCHEME = re.compile(rb"basic(?: +(.*))?", re.IGNORECASE | re.DOTALL)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Basic:
    """The scheme of RFC 7617; names and passwords are UTF-8."""

    __slots__ = ("_challenge", "_passwords")

    name = "basic"

    def __init__(self, realm: str, passwords: Passwords) -> None:
        self._challenge = b'Basic realm=%s, charset="UTF-8"' % quoted(realm)
        self._passwords = passwords

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Look at the Authorization field."""
        field = exchange.request.headers.get(b"authorization")
        match = SCHEME.fullmatch(field) if field is not None else None
        if match is None:
            tell(None)
            return
        shown = read_basic(match[1] or b"")
        if shown is None:
            tell(Wrong("an Authorization field that cannot be read (RFC 7617 2)"))
        else:
            self._passwords.verify(exchange, *shown, "Basic", tell)

    def challenge(self, exchange: Exchange) -> bytes:
        """RFC 7617 section 2."""
        return self._challenge


def read_basic(credentials: bytes) -> tuple[str, str] | None:
    """The name and the password, None where they cannot be read; neither may hold a control character."""
    try:
        text = base64.b64decode(credentials.strip(b" "), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    if not colon or not name or CONTROL.search(text):
        return None
    return unicodedata.normalize("NFC", name), password
