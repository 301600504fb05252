"""Whether a name and a password belong together, found out aside of the loop, with few threads and a short memory."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from pellucid.features.auth import passwords
from pellucid.features.auth.attempts import Attempts
from pellucid.features.auth.followed import Followed
from pellucid.features.auth.htpasswd import Users
from pellucid.features.auth.scheme import Tell, Wrong
from pellucid.features.feature import Ground
from pellucid.message import Headers
from pellucid.server.exchange import Exchange
from pellucid.user import User

THREADS = 2
MOST_WAITING = 32
RETRY = 2
"""After how many seconds one may ask again, where too many passwords wait."""

NEAR = ("127.", "::1", "::ffff:127.")
"""How addresses of this machine begin, from which a password can come in the clear."""

LONGEST_NAME = 255
"""How long the name of a user may be, in characters."""

REMEMBERED = 1024
"""How many passwords that were right are remembered, by a digest of them with a key of this process."""

FOR = 600.0
"""For how long, in seconds."""


class Passwords:
    """The passwords of a file of users."""

    __slots__ = ("_aside", "_attempts", "_ground", "_key", "_running", "_users", "_verified", "_warned")

    def __init__(self, users: Followed[Users], attempts: Attempts, ground: Ground) -> None:
        self._users = users
        self._attempts = attempts
        self._ground = ground
        self._warned = False
        self._aside = ground.aside("hashing", THREADS, MOST_WAITING)
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, float] = OrderedDict()
        self._running: dict[bytes, list[Callable[[bool], None]]] = {}

    def hash_of(self, name: str) -> str:
        """What is kept for this user just now, empty where there is none: it changes with the password."""
        stored, known = self._users.what.hash_of(name)
        return stored if known else ""

    def verify(self, exchange: Exchange, name: str, password: str, scheme: str, tell: Tell) -> None:
        """Tell the user if this is its password, and else what is wrong."""
        self._warn(exchange)
        secret = passwords.prepared(password)
        if len(secret) > passwords.LONGEST or len(name) > LONGEST_NAME:
            tell(Wrong("a name or a password that is too long"))
            return
        stored, known = self._users.what.hash_of(name)
        shown = self._digest(name, secret, stored)
        tell_result = partial(self._told, exchange, name, scheme, known, tell)
        if shown in self._running:  # a page with many pictures: the same guess teaches nobody more
            self._running[shown].append(partial(tell_result, took=False))
            return
        wait = self._attempts.begin(exchange.peer, name, self._ground.reactor.now)
        if wait:
            tell(too_many(wait))
        elif self._verified.get(shown, 0.0) > self._ground.reactor.now:
            tell_result(True)
        elif not stored:
            tell_result(False)
        elif not self._begin(shown, stored, secret, known, tell_result):
            self._attempts.undone(exchange.peer, name, self._ground.reactor.now)
            tell(Wrong("too many passwords wait to be looked at", 503, headers=_after(RETRY)))

    def _begin(self, shown: bytes, stored: str, secret: bytes, known: bool, first: Callable[[bool], None]) -> bool:
        waiting = [first]

        def done(right: bool) -> None:
            del self._running[shown]
            if right:
                self._remember(shown)
            for tell_result in waiting:
                tell_result(right)

        def failed(error: Exception) -> None:
            self._ground.note("error", f"a password could not be looked at: {error!r}")
            done(False)

        begun = self._aside.call(lambda: passwords.verify(stored, secret) and known, done, failed)
        if begun:
            self._running[shown] = waiting
        return begun

    def _told(
        self, exchange: Exchange, name: str, scheme: str, known: bool, tell: Tell, right: bool, *, took: bool = True
    ) -> None:
        if right:
            count = self._attempts.passed if took else self._attempts.known
            count(exchange.peer, name, self._ground.reactor.now)
            tell(User(name, scheme))
        else:  # a name that there is not may be a password in the wrong place
            why = f"a wrong password for {name!r}" if known else "a password for a user that there is not"
            tell(Wrong(why, account=name))

    def _warn(self, exchange: Exchange) -> None:
        peer = exchange.peer
        if exchange.request.scheme == b"http" and peer and not (self._warned or peer.startswith(NEAR)):
            self._warned = True
            self._ground.note("warning", f"passwords come in the clear, as from {peer}: serve them by https")

    def _remember(self, shown: bytes) -> None:
        self._verified[shown] = self._ground.reactor.now + FOR
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)

    def _digest(self, name: str, secret: bytes, stored: str) -> bytes:
        # What is kept is a part of it: with another password the one before is worth nothing.
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for part in (name.encode("utf-8", "surrogatepass"), stored.encode(), secret):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()


def too_many(wait: int) -> Wrong:
    """The answer to one guess too many."""
    return Wrong("too many wrong passwords", 429, headers=_after(wait))


def _after(seconds: int) -> Headers:
    return Headers([(b"retry-after", b"%d" % seconds)])
