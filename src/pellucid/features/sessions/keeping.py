"""Where sessions are kept, by the settings: which store, who writes to it, who reads, and the keys of their cookies."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from pellucid.features.feature import Ground
from pellucid.features.sessions.cookies import record_in
from pellucid.features.sessions.memory import MemoryStore
from pellucid.features.sessions.records import Record
from pellucid.features.sessions.settings import SessionSettings
from pellucid.features.sessions.signing import HINT, Signing, read_keys
from pellucid.features.sessions.store import Desk, Store
from pellucid.features.sessions.visit import name_of
from pellucid.net.aside import Aside
from pellucid.net.redislink import SCHEMES, RedisLink

READERS = 8
"""How many threads read from a store that is far."""

MOST_READING = 1000
"""How many requests may wait for them."""

KINDS = "sqlite:FILE, redis://HOST:PORT/DATABASE, memory or cookie"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a session is read by its id; the desk that writes, None where all is in the cookie; and the threads that
    read, where that takes a while.
    """

    read: Callable[[str], Record | None]
    desk: Desk | None
    readers: Aside | None


def keeping_of(settings: SessionSettings, ground: Ground, clock: Callable[[], float]) -> tuple[Keeping, Signing]:
    """What the settings ask for. ValueError says why it cannot be had."""
    kind = settings.session
    key_file = settings.session_key_file
    keys = read_keys(settings.session_key, os.path.join(ground.here, key_file) if key_file else "")
    purpose = f"session {settings.session_cookie}"
    store: Store
    if kind == "cookie" or kind.startswith(SCHEMES):
        if not keys:
            raise ValueError(f"--session: {kind.partition(':')[0]} needs a session-key or a session-key-file: {HINT}")
        if kind == "cookie":  # what it shows is no id, and an id is nothing that it could have shown
            return Keeping(record_in, None, None), Signing(keys, f"data of {purpose}")
        signing = Signing(keys, purpose)
        from pellucid.features.sessions.rediskept import RedisStore

        store = RedisStore(RedisLink(kind))
    elif kind.startswith("sqlite:") and kind != "sqlite:":
        from pellucid.features.sessions.sqlite import SqliteStore

        file = kind.removeprefix("sqlite:")
        sqlite = store = SqliteStore(os.path.join(ground.here, file), file, ground.note)
        signing = Signing(keys or [sqlite.key], purpose)
    elif kind == "memory":
        store = MemoryStore()
        signing = Signing(keys or [secrets.token_urlsafe(32)], purpose)
    else:
        raise ValueError(f"--session: {kind!r} is no store: it is {KINDS}")
    return kept_in(store, ground, clock), signing


def kept_in(store: Store, ground: Ground, clock: Callable[[], float]) -> Keeping:
    """How sessions are kept in a store."""
    desk = Desk(store, ground.threads(1, 2), ground.reactor, ground.note, clock)
    ground.lives.append(desk)
    readers = None if store.near else ground.aside("sessions", READERS, MOST_READING)
    return Keeping(lambda shown: store.read(name_of(shown)), desk, readers)
