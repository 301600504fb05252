"""Bearer: a signed token with each request (RFC 6750), a JWT (RFC 7519); who signs, and how, is settled beforehand."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pellucid.features.auth.bearersettings import JwtSettings
from pellucid.features.auth.claims import Wanted
from pellucid.features.auth.fetching import check_url, fetched
from pellucid.features.auth.jose import KNOWN, SECRET, Keys, NotBelieved, Token
from pellucid.features.auth.jwks import KeysOfFile, KeysOfUrl, KeySource
from pellucid.features.auth.scheme import Found, Tell, Wrong, quoted
from pellucid.features.auth.settings import AuthSettings
from pellucid.features.auth.shared import realm_of
from pellucid.features.feature import Ground
from pellucid.message import Headers
from pellucid.server.exchange import Exchange
from pellucid.setting import Chosen
from pellucid.user import User

# RFC 6750 2.1     credentials = "Bearer" 1*SP b64token;  b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" /
#                  "/" ) *"="
CREDENTIALS = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/-]++=*+)")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

REMEMBERED = 1024
"""How many tokens that held are remembered, by a digest of them with a key of this process."""

RETRY = 2
"""After how many seconds one may come again, while there are no keys."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a token has come to: until when it holds, in seconds since 1970, and by which keys."""

    user: User
    until: float
    keys: Keys


class Bearer:
    """The scheme of RFC 6750, for tokens in the Authorization field and nowhere else."""

    __slots__ = ("_algorithms", "_challenge", "_clock", "_key", "_remembered", "_source", "_types", "_wanted", "scope")

    name = "bearer"

    def __init__(
        self, settings: JwtSettings, source: KeySource, realm: str, scope: str, clock: Callable[[], float] = time.time
    ) -> None:
        """`scope` is what a client is told to ask for. ValueError says what is wrong with a setting."""
        self._algorithms = read_algorithms(settings)
        self._wanted = _wanted(settings)
        self._types = frozenset(each.lower().removeprefix("application/") for each in settings.jwt_types)
        self._source = source
        self._challenge = b"Bearer realm=" + quoted(realm)
        self.scope = scope
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, Remembered] = OrderedDict()

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Look at the Authorization field."""
        field = exchange.request.headers.get(b"authorization")
        if field is None or field[:7].lower() not in (b"bearer ", b"bearer"):
            tell(None)
            return
        match = CREDENTIALS.fullmatch(field)
        if match is None:
            told = (b"www-authenticate", self._saying(b"invalid_request", "there is one token"))
            tell(Wrong("a Bearer that cannot be read (RFC 6750 2.1)", 400, headers=Headers([told])))
            return
        self._judge(match[1], tell)

    def challenge(self, exchange: Exchange) -> bytes:
        """RFC 6750 section 3."""
        return self._challenge + self._scope()

    def insufficient(self) -> bytes:
        """The value of WWW-Authenticate in a 403 for a token that does not allow enough (RFC 6750 section 3.1)."""
        return self._saying(b"insufficient_scope", "the token does not allow this") + self._scope()

    def _judge(self, text: bytes, tell: Tell) -> None:
        digest = hashlib.blake2b(text, key=self._key, digest_size=32).digest()
        known = self._remembered.get(digest)
        keys = self._source.keys
        if known is not None and known.keys is keys and self._clock() < known.until:
            self._remembered.move_to_end(digest)
            tell(known.user)
            return
        try:
            token = Token(text, self._algorithms)
        except NotBelieved as error:
            tell(self._wrong(str(error)))
            return
        waits = (keys is None or not keys.fitting(token.key, token.algorithm)) and self._source.renew(
            lambda: tell(self._look(token, digest))
        )
        if not waits:
            tell(self._look(token, digest))

    def _look(self, token: Token, digest: bytes) -> Found:
        # With the keys as they are now.
        keys = self._source.keys
        if keys is None:
            after = Headers([(b"retry-after", b"%d" % RETRY)])
            return Wrong("there are no keys to check a token with", 503, headers=after)
        if token.type not in self._types:
            return self._wrong("the token is of another type")
        try:
            claims = token.claims(keys.fitting(token.key, token.algorithm))
        except NotBelieved as error:
            return self._wrong(str(error))
        fault = self._wanted.fault(claims, self._clock())
        if fault:
            return self._wrong(fault)
        user = self._wanted.user_of(claims)
        if user is None:
            return self._wrong("the token does not say whom it is about")
        self._remembered[digest] = Remembered(user, self._wanted.until(claims), keys)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return user

    def _wrong(self, why: str) -> Wrong:
        return Wrong(why, challenge=self._saying(b"invalid_token", why) + self._scope())

    def _saying(self, error: bytes, why: str) -> bytes:
        return self._challenge + b', error="%b", error_description=%b' % (error, quoted(why))

    def _scope(self) -> bytes:
        return b", scope=" + quoted(self.scope) if self.scope else b""


def bearer_scheme(chosen: Chosen, ground: Ground) -> Bearer:
    """The scheme by its settings; places with equal ones share their keys. ValueError says what is wrong with one."""
    settings, auth = chosen[JwtSettings], chosen[AuthSettings]
    algorithms = read_algorithms(settings)
    file, url = settings.jwt_keys, settings.jwt_keys_url
    if bool(file) == bool(url):
        raise ValueError("--jwt-keys: bearer needs the keys that tokens are signed with: jwt-keys or jwt-keys-url")
    if url and not algorithms.isdisjoint(SECRET):
        raise ValueError("--jwt-keys-url: a secret is not published: HS256 and the like need jwt-keys")
    if url:
        try:
            check_url(url)
        except ValueError as error:
            raise ValueError(f"--jwt-keys-url: {error}") from None

    def make() -> KeySource:
        return KeysOfFile(file, algorithms, ground) if file else KeysOfUrl(url, algorithms, ground, fetched)

    source = ground.shared(("auth keys", file, url, algorithms), make)
    scopes = sorted(rule.partition(":")[2].strip() for rule in auth.require if rule.strip().startswith("scope:"))
    told = " ".join(scope for scope in scopes if SCOPE.fullmatch(scope))
    # What was verified is remembered for all places that want the same of a token.
    realm = realm_of(auth)
    return ground.shared(("auth bearer", settings, realm, told), lambda: Bearer(settings, source, realm, told))


def read_algorithms(settings: JwtSettings) -> frozenset[str]:
    """The algorithms that may have been used; ValueError where one cannot be, or where they are of both kinds."""
    algorithms = frozenset(settings.jwt_algorithms)
    for name in settings.jwt_algorithms:
        if name not in KNOWN:
            raise ValueError(f"--jwt-algorithms: {name!r} is none of {', '.join(KNOWN)}")
    if not algorithms:
        raise ValueError("--jwt-algorithms: name at least one, such as RS256")
    if not algorithms.isdisjoint(SECRET) and not algorithms.issubset(SECRET):
        # What is public for the one kind would be the secret of the other.
        raise ValueError("--jwt-algorithms: HS256, HS384 and HS512 do not go together with others")
    return algorithms


def _wanted(settings: JwtSettings) -> Wanted:
    if not settings.jwt_issuer:
        raise ValueError("--jwt-issuer: say who makes the tokens: their iss, to the letter")
    if not settings.jwt_audience:
        raise ValueError("--jwt-audience: say for whom tokens must be, as in their aud, or * for tokens without one")
    return Wanted(
        settings.jwt_issuer,
        frozenset(settings.jwt_audience),
        settings.jwt_leeway,
        settings.jwt_user,
        settings.jwt_groups,
    )
