"""Digest: showing that one knows a password without saying it, by SHA-256 alone (RFC 7616)."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from urllib.parse import unquote_to_bytes

from pellucid.features.auth.attempts import Attempts
from pellucid.features.auth.followed import Followed
from pellucid.features.auth.htpasswd import DIGEST, Digests
from pellucid.features.auth.nonces import Nonces, Shown
from pellucid.features.auth.scheme import Tell, Wrong, quoted
from pellucid.features.auth.verifying import too_many
from pellucid.server.exchange import Exchange
from pellucid.user import User

# One parameter, RFC 9110 11.2, with what is between it and the next one.
PARAMETER = re.compile(rb"([A-Za-z*-]{1,32})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*+)\"|([^\s,\"]++))[ \t]*(?:,[ \t,]*|$)")
COUNT = re.compile(r"[0-9a-f]{8}")
EXTENDED = "utf-8''"

MOST = 16
"""How many parameters are read."""

Shows = dict[str, str]


class Digest:
    """The scheme of RFC 7616 with qop=auth."""

    __slots__ = ("_attempts", "_nonces", "_realm", "_users")

    name = "digest"

    def __init__(self, realm: str, users: Followed[Digests], attempts: Attempts, nonces: Nonces) -> None:
        self._realm = realm
        self._users = users
        self._attempts = attempts
        self._nonces = nonces

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Look at the Authorization field."""
        field = exchange.request.headers.get(b"authorization")
        if field is None or field[:7].lower() != b"digest ":
            tell(None)
            return
        shown = read_parameters(field[7:].strip())
        missing = shown is None or self._missing(shown, exchange)
        if shown is None or missing:
            tell(Wrong(f"a Digest that cannot be right: {missing or 'it cannot be read'}"))
        else:
            tell(self._judged(exchange, shown))

    def challenge(self, exchange: Exchange) -> bytes:
        """RFC 7616 section 3.3."""
        return self._challenge(b"")

    def _challenge(self, more: bytes) -> bytes:
        # No comma before `more`: it brings its own.
        realm, nonce = quoted(self._realm), self._nonces.new()
        return b'Digest realm=%s, qop="auth", algorithm=SHA-256, nonce="%s", charset=UTF-8, userhash=true%s' % (
            realm,
            nonce,
            more,
        )

    def _missing(self, shown: Shows, exchange: Exchange) -> str:
        # What is wrong with the form of it, empty if nothing is.
        if shown.get("algorithm", "").upper() != "SHA-256":
            return "the algorithm is SHA-256"
        if shown.get("qop") != "auth" or shown.get("realm") != self._realm:
            return "it is of another qop or realm"
        if not COUNT.fullmatch(shown.get("nc", "").lower()) or not DIGEST.fullmatch(shown.get("response", "").lower()):
            return "nc has 8 hexadecimal digits and response 64"
        if not shown.get("cnonce") or not shown.get("nonce") or name_in(shown) is None:
            return "it lacks a cnonce, a nonce or a name"
        if shown.get("uri", "").encode("utf-8", "replace") != exchange.request.target:
            return "it is for another uri"
        return ""

    def _judged(self, exchange: Exchange, shown: Shows) -> User | Wrong:
        nonce, method = shown["nonce"].encode("utf-8", "replace"), exchange.request.method
        worth = self._nonces.look(nonce, method)
        if worth is Shown.FORGED:
            return Wrong("a nonce that was not made here", challenge=self._challenge(b", stale=true"))
        users, name = self._users.what, name_in(shown) or ""
        if shown.get("userhash", "").lower() == "true":
            name = users.hashed.get(name.lower(), name)
        now = exchange.now
        wait = self._attempts.begin(exchange.peer, name[:256], now)
        if wait:
            return too_many(wait)
        secret, known = users.secret_of(name)
        right = hmac.compare_digest(response_of(secret, shown, method), shown["response"].lower()) and known
        if not right:
            return Wrong(f"a wrong digest for {name!r}" if known else "a digest of nobody here", account=name[:256])
        if worth is Shown.GOOD:
            worth = self._nonces.count(nonce, int(shown["nc"], 16))
        # Who shows what was shown before need not know the password.
        (self._attempts.passed if worth is Shown.GOOD else self._attempts.undone)(exchange.peer, name[:256], now)
        if worth is Shown.STALE:
            return Wrong("a nonce that is too old, or of another worker", challenge=self._challenge(b", stale=true"))
        if worth is Shown.REPLAYED:
            return Wrong(f"a digest of {name!r} that was shown before")
        return User(name, "Digest")


def response_of(secret: str, shown: Shows, method: str) -> str:
    """What the client must answer (RFC 7616 section 3.4.1); `secret` is H(A1)."""
    second = _hash(f"{method}:{shown['uri']}")
    return _hash(":".join([secret, shown["nonce"], shown["nc"], shown["cnonce"], shown["qop"], second]))


def read_parameters(text: bytes) -> Shows | None:
    """The parameters by their names in lower case; None where they cannot be read, or one stands there twice."""
    found: Shows = {}
    at = 0
    while at < len(text):
        match = PARAMETER.match(text, at)
        if match is None or len(found) >= MOST:
            return None
        name = match[1].decode().lower()
        value = match[3] if match[2] is None else re.sub(rb"\\(.)", rb"\1", match[2])
        if name in found:
            return None
        try:
            found[name] = value.decode("utf-8")
        except UnicodeDecodeError:
            return None
        at = match.end()
    return found


def name_in(shown: Shows) -> str | None:
    """The name of the user, which stands there in one of two ways (RFC 7616 section 3.4); None for none or both."""
    name, extended = shown.get("username"), shown.get("username*")
    if extended is not None:
        if name is not None or extended[:7].lower() != EXTENDED:
            return None
        try:
            name = unquote_to_bytes(extended[7:]).decode("utf-8")
        except UnicodeDecodeError:
            return None
    return unicodedata.normalize("NFC", name) if name else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
