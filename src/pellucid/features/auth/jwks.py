"""Where the keys of tokens come from: a file that is followed, or a URL that is asked; it knows no token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pellucid.features.auth.followed import Followed
from pellucid.features.auth.jose import Keys, read_keys
from pellucid.features.feature import Ground
from pellucid.net.outage import Outage

FRESH = 300.0
"""How long keys of a URL are believed before it is asked again, in seconds."""

PAUSE = 10.0
"""How often it is asked at most, whatever tokens say, in seconds."""

MOST_WAITING = 1024
"""How many may wait for its answer."""


class KeySource(Protocol):
    """Keys that may become others while one serves."""

    @property
    def keys(self) -> Keys | None:
        """Those that are believed now; None while there are none yet."""

    def renew(self, then: Callable[[], None]) -> bool:
        """Look for newer ones, and call in the loop's thread when that is done; False, and nothing happens, where
        there is nothing to look for just now.
        """


class KeysOfFile:
    """The keys of a file. ValueError where it has none."""

    __slots__ = ("_followed",)

    def __init__(self, file: str, algorithms: frozenset[str], ground: Ground) -> None:
        self._followed = Followed(file, lambda text: read_keys(text, file, algorithms), ground)

    @property
    def keys(self) -> Keys:
        """What it says now."""
        return self._followed.what

    def renew(self, then: Callable[[], None]) -> bool:
        """It is followed anyhow."""
        return False


class KeysOfUrl:
    """The keys that a URL gives. Those that it gave last are kept for as long as it fails, which is told once."""

    __slots__ = ("_algorithms", "_asked", "_fetch", "_ground", "_keys", "_outage", "_running", "_url", "_waiting")

    def __init__(self, url: str, algorithms: frozenset[str], ground: Ground, fetch: Callable[[str], str]) -> None:
        self._url = url
        self._algorithms = algorithms
        self._ground = ground
        self._fetch = fetch
        self._keys: Keys | None = None
        self._asked = float("-inf")
        self._running = False
        self._outage = Outage(ground.note)
        self._waiting: list[Callable[[], None]] = []

    @property
    def keys(self) -> Keys | None:
        """Those that it gave last; it is asked again meanwhile, if that is long ago."""
        if self._ground.reactor.now - self._asked >= FRESH:
            self._ask()
        return self._keys

    def renew(self, then: Callable[[], None]) -> bool:
        """Ask it, or wait for the answer that is on its way; not at all where it was asked a moment ago."""
        if not self._running:
            if self._ground.reactor.now - self._asked < PAUSE:
                return False
            self._ask()
        if not self._running or len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(then)
        return True

    def _ask(self) -> None:
        if self._running:
            return
        self._asked = self._ground.reactor.now
        aside = self._ground.aside("keys", 2, 64)
        self._running = aside.call(self._work, self._given, self._failed)

    def _work(self) -> Keys:
        # In a thread.
        return read_keys(self._fetch(self._url), self._url, self._algorithms)

    def _failed(self, error: Exception) -> None:
        why = str(error) if isinstance(error, ValueError) else f"{self._url} could not be asked: {error!r}"
        kept = "; the keys that it gave before are kept" if self._keys is not None else ""
        self._outage.begins(f"the keys of tokens cannot be had: {' '.join(why.split())}{kept}")
        self._done()

    def _given(self, keys: Keys) -> None:
        self._keys = keys
        self._outage.ends(f"{self._url} gives the keys of tokens again")
        self._done()

    def _done(self) -> None:
        self._running = False
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()
