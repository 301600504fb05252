"""Questions to another service over HTTP, by a blocking client with kept connections, for threads aside of the loop."""

from __future__ import annotations

import http.client
import select
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

from pellucid.features.auth.remote import Plain, Secure, read_answer, split_url
from pellucid.message import Field

LARGEST = 256 << 10
"""How large an answer may be, in bytes."""

REST = 20.0
"""How long a connection is kept that nobody needs, in seconds: many services close theirs a while after that."""

BROKEN = {*map(chr, range(0x20)), "\x7f"} - {"\t"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the service has answered; the names of the fields are in lower case."""

    status: int
    fields: tuple[Field, ...]
    body: bytes

    def field(self, name: bytes) -> bytes | None:
        """The value of a field, that of several lines joined by commas; None where there is none."""
        values = [value for key, value in self.fields if key == name]
        return b", ".join(values) if values else None


class Service:
    """A service by its URL. ValueError where that is none. As many connections are kept as threads ask at once."""

    __slots__ = ("_clock", "_connect", "_kept", "_target", "_time", "url")

    def __init__(self, url: str, within: float, clock: Callable[[], float] = time.monotonic) -> None:
        parts = split_url(url)
        if parts.fragment:
            raise ValueError(f"{url!r}: what stands behind # is told to nobody: leave it out")
        self.url = url
        self._time = within
        self._clock = clock
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connect = _connecting(parts, within)
        self._kept: deque[tuple[http.client.HTTPConnection, float]] = deque()

    def ask(self, fields: Mapping[str, str]) -> Told:
        """What it answers to a GET. Raises OSError, with why it does not."""
        deadline = self._clock() + self._time
        connection, used = self._take()
        try:
            try:
                told = self._asked(connection, fields, deadline)
            except (ConnectionError, http.client.BadStatusLine):
                if not used or self._clock() >= deadline:
                    raise
                connection.close()  # it was closed at the other end while it was kept; nothing was answered
                told = self._asked(connection, fields, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise OSError(f"{type(error).__name__}: {' '.join(str(error).split())}") from None
        self._kept.append((connection, self._clock()))
        return told

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        # The one that was used last: those that are too many grow old.
        try:
            connection, when = self._kept.pop()
        except IndexError:
            return self._connect(), False
        if self._clock() - when > REST or _speaks(connection):
            connection.close()  # it opens again by itself, with what it knows of TLS
        return connection, connection.sock is not None

    def _asked(self, connection: http.client.HTTPConnection, fields: Mapping[str, str], deadline: float) -> Told:
        connection.request("GET", self._target, headers=dict(fields))
        answer = connection.getresponse()
        if answer.status < 200:  # the answer behind it would be taken for that to the next question
            raise ValueError("an informational answer")
        body = read_answer(answer, LARGEST, deadline, self._clock)
        answer.close()  # which it does not always do by itself
        lines = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders())
        if any(not BROKEN.isdisjoint(value) for _, value in answer.getheaders()):
            raise ValueError("a field with a control character")
        return Told(answer.status, lines, body)


def _speaks(connection: http.client.HTTPConnection) -> bool:
    # Whether it has come to its end, or something that nobody has asked for waits there, which is nobody's answer.
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _connecting(parts: SplitResult, within: float) -> Callable[[], http.client.HTTPConnection]:
    host, port = parts.hostname or "", parts.port
    connection = Secure if parts.scheme == "https" else Plain
    return lambda: connection(host, port, timeout=within)
