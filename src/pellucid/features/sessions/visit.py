"""One request's session: what was read of it, and what is to be kept; it knows neither stores nor what a cookie is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from pellucid.features.sessions.records import Change, Record, Unkept, dump, load
from pellucid.features.sessions.settings import SessionSettings
from pellucid.semantics.cookies import LONGEST_LIFE
from pellucid.session import Session

SHARE = 8
"""That a session was used is written down when such a part of its idle time has passed since it last was."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long sessions last."""

    idle: float
    age: float

    @staticmethod
    def of(settings: SessionSettings) -> Span:
        """What the settings say, in which 0 is for ever."""
        return Span(settings.session_idle or inf, min(settings.session_age or inf, LONGEST_LIFE))

    def ends(self, begun: float, used: float) -> float:
        """When a session expires."""
        return min(begun + self.age, used + self.idle)


class Visit:
    """Where the session of one request comes from. `shown` is what its client has shown and we had signed, empty for
    nothing; `id` is the same until it gets another. `down` is why it could not be read.
    """

    __slots__ = ("_clock", "_fetched", "_read", "_span", "down", "id", "record", "renewed", "shown")

    def __init__(
        self, shown: str, read: Callable[[str], Record | None], span: Span, clock: Callable[[], float]
    ) -> None:
        self.shown = self.id = shown
        self.record: Record | None = None
        self.renewed = False
        self.down: Unkept | None = None
        self._fetched = not shown
        self._read = read
        self._span = span
        self._clock = clock

    @property
    def name(self) -> bytes:
        """Under which it is kept as it was shown: whoever sees the store knows no id that could be signed."""
        return name_of(self.shown)

    def fetch(self) -> None:
        """Read it, once: in the loop nobody is to wait for what a thread has found missing. Raises Unkept."""
        if not self._fetched:
            try:
                record = self._read(self.shown)
            except Unkept as error:
                self.down = error
                raise
            self._fetched = True
            if record is not None and self._span.ends(record.begun, record.used) > self._clock():
                self.record = record

    def read(self) -> dict[str, Any]:
        """What is kept; empty where there is nothing, or it has expired. Raises Unkept."""
        self.fetch()
        return load(self.record.data) if self.record is not None else {}

    def renew(self) -> None:
        """Keep it under another id."""
        self.renewed = True

    def change(self, session: Session) -> Change | None:
        """What has to be written, None for nothing. The id is another one then, where it has to be.

        TypeError and ValueError say what cannot be kept.
        """
        record, now = self.record, self._clock()
        data = dump(session) if session else ""
        if not data:
            return Change(self.name, "", record, now, now) if record is not None else None
        before = self.name if record is not None and self.renewed else b""
        if record is None or self.renewed:
            self.id = secrets.token_urlsafe(24)
            return Change(name_of(self.id), data, record, now, self._span.ends(now, now), before)
        if data != record.data or now - record.used > self._span.idle / SHARE:
            return Change(self.name, data, record, now, self._span.ends(record.begun, now))
        return None


def name_of(shown: str) -> bytes:
    """The name of a session, by its id."""
    return hashlib.blake2b(shown.encode(), digest_size=20).digest()
