"""Commands to a Redis or Valkey, by a blocking client in threads aside of the loop. It knows no HTTP.

The package `redis` is imported when the first link is made. A server that fails is told of once, and once more when it
is back; in between it is asked again every `PAUSE` seconds, and everybody else is told at once that it is not there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pellucid.net.aside import Aside
from pellucid.net.outage import Outage

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
    """A server, by its URL, such as redis://localhost:6379/0, for threads that may be held up. ValueError where that is
    no URL, or the package is missing.
    """

    __slots__ = ("_client", "_clock", "_down_until", "_errors", "name")

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._errors = _client(url)
        self.name = without_password(url)
        self._clock = clock
        self._down_until = 0.0

    def run(self, work: Callable[[Client], Result]) -> Result:
        """What `work` gives when it is called with the client; it may ask several times. Raises RedisDown."""
        if self._clock() < self._down_until:
            raise RedisDown(f"{self.name} does not answer")
        try:
            result = work(self._client)
        except self._errors as error:
            self._down_until = self._clock() + PAUSE
            raise RedisDown(f"{self.name} fails: {_in_one_line(error)}") from None
        self._down_until = 0.0
        return result

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()


class RedisCalls:
    """Commands by a link, in threads aside of the loop. The log is told by `note` when the server fails, and when it is
    back.
    """

    __slots__ = ("_aside", "_link", "_outage")

    def __init__(self, link: RedisLink, aside: Aside, note: Callable[[str, str], None]) -> None:
        self._link = link
        self._aside = aside
        self._outage = Outage(note)

    def call(
        self,
        work: Callable[[Client], Result],
        done: Callable[[Result], None],
        failed: Callable[[RedisDown], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Have `work` run, and then, in the loop's thread, `done` with what it gave, or `failed`. False, and nothing
        happens, where too much waits already. What is not `wanted` any more is not begun.
        """

        def went_well(result: Result) -> None:
            self._outage.ends(f"{self._link.name} answers again")
            done(result)

        def went_wrong(error: Exception) -> None:
            if not isinstance(error, RedisDown):
                raise error  # what `work` has raised of its own is its author's mistake, and the log's
            self._outage.begins(str(error))
            failed(error)

        return self._aside.call(lambda: self._link.run(work), went_well, went_wrong, wanted)


def without_password(url: str) -> str:
    """A URL as it may be shown and logged."""
    scheme, separator, rest = url.partition("://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(place) :]:  # a password may reach as far as there
        return f"{scheme}{separator}…"
    return f"{scheme}{separator}{rest.partition('?')[0].rpartition('@')[2]}"


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
        why = (
            _in_one_line(error) if "…" not in without_password(url) else "in a password / is %2F, ? is %3F and # is %23"
        )
        raise ValueError(f"{without_password(url)!r} is no URL of a Redis: {why}") from None
    return client, (redis.RedisError, OSError)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
