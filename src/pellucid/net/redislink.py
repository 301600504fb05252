"""Commands to a Redis or Valkey, by a blocking client in threads aside of the loop. It knows no HTTP.

The package `redis` is imported when the first link is made. A server that fails is told of once, and once more when it
is back; in between it is asked again every `PAUSE` seconds, and everybody else is told at once that it is not there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pellucid.net.aside import Aside

if TYPE_CHECKING:
    from redis import Redis

    Client: TypeAlias = Redis
    """What `work` is called with."""

Result = TypeVar("Result")

SCHEMES = ("redis://", "rediss://", "unix://")

PATIENCE = 1.0
"""How long a connection, and an answer, may take, in seconds."""

PAUSE = 1.0
"""How long a server that has failed is left alone, in seconds."""


class RedisDown(Exception):
    """The server cannot be reached, or does not do what it was asked; the text says which one and why."""


class RedisLink:
    """A server, by its URL, such as redis://localhost:6379/0. ValueError where that is none, or the package is missing.

    `note` is the log's, for the loop's thread.
    """

    __slots__ = ("_aside", "_client", "_clock", "_down_until", "_errors", "_note", "_says_down", "name")

    def __init__(
        self,
        url: str,
        aside: Aside,
        note: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._errors = _client(url)
        self.name = without_password(url)
        self._aside = aside
        self._note = note
        self._clock = clock
        self._down_until = 0.0
        self._says_down = False

    def call(
        self,
        work: Callable[[Client], Result],
        done: Callable[[Result], None],
        failed: Callable[[RedisDown], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Call `work` with the client in a thread, and then, in the loop's thread, `done` with what it gave, or
        `failed`. False, and nothing happens, where too much waits already. What is not `wanted` any more is not begun.

        `work` may ask several times, and is to raise nothing of its own: `failed` is told of that too.
        """
        return self._aside.call(lambda: self._ask(work), lambda told: self._tell(told, done, failed), _never, wanted)

    def run(self, work: Callable[[Client], Result]) -> Result:
        """The same within a thread that is aside already: what `work` gave. Raises RedisDown; whoever calls this says
        in the loop's thread, by `found`, what came of it.
        """
        told = self._ask(work)
        if isinstance(told, RedisDown):
            raise told
        return told

    def found(self, down: RedisDown | None) -> None:
        """In the loop's thread: what came of a `run`. The log is told when it fails, and when it is back."""
        if down is not None and not self._says_down:
            self._says_down = True
            self._note("error", str(down))
        elif down is None and self._says_down:
            self._says_down = False
            self._note("info", f"{self.name} answers again")

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def _ask(self, work: Callable[[Client], Result]) -> Result | RedisDown:
        # In a thread.
        if self._clock() < self._down_until:
            return RedisDown(f"{self.name} does not answer")
        try:
            result = work(self._client)
        except self._errors as error:
            self._down_until = self._clock() + PAUSE
            return RedisDown(f"{self.name} fails: {_in_one_line(error)}")
        self._down_until = 0.0
        return result

    def _tell(
        self, told: Result | RedisDown, done: Callable[[Result], None], failed: Callable[[RedisDown], None]
    ) -> None:
        if isinstance(told, RedisDown):
            self.found(told)
            failed(told)
        else:
            self.found(None)
            done(told)


def without_password(url: str) -> str:
    """A URL as it may be shown and logged."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}"


def _client(url: str) -> tuple[Client, tuple[type[Exception], ...]]:
    # The client, and what it raises.
    if not url.startswith(SCHEMES):
        raise ValueError(f"{without_password(url)!r} is no URL of a Redis: write redis://HOST:PORT/DATABASE")
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise ValueError('Redis is spoken by a package: pip install "pellucid[redis]"') from error
    options: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    try:
        # Once more at once: a connection that rested may have been closed at the other end.
        client = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **options)
    except ValueError as error:
        raise ValueError(f"{without_password(url)!r} is no URL of a Redis: {_in_one_line(error)}") from None
    return client, (redis.RedisError, OSError)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _never(error: Exception) -> None:
    raise error  # what `work` has raised of its own is its author's mistake, and the log's
