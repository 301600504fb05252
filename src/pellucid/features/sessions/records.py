"""A session as it is kept, a change to it, and what comes of both if another was faster; it knows no store."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

LARGEST = 1 << 18
"""How long a session may be, in characters of JSON."""

_dump = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_dump_in_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

# Halves of characters (UTF-16), which UTF-8 cannot say: a client may send them in its JSON, and no store takes them.
_HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record:
    """A session as it is kept: its data as JSON, how often it was written, and when it began and was last used, in
    seconds since 1970.
    """

    data: str
    version: int
    begun: float
    used: float


@dataclass(frozen=True, slots=True)
class Change:
    """What a request has made of a session: its data, nothing for its end. `base` is what the request has read, None
    where that was nothing; `before` is the name that it had until it was renewed; `ends` is when it expires.
    """

    name: bytes
    data: str
    base: Record | None
    now: float
    ends: float
    before: bytes = b""


@dataclass(frozen=True, slots=True)
class Take:
    """To have a session for oneself, until then."""

    name: bytes
    owner: str
    now: float
    until: float


@dataclass(frozen=True, slots=True)
class Give:
    """To give that back."""

    name: bytes
    owner: str


@dataclass(frozen=True, slots=True)
class Clean:
    """To throw away what has expired, so many at the most; unless somebody has done so since `before`."""

    now: float
    before: float
    most: int


Operation = Change | Take | Give | Clean


class Unkept(Exception):
    """Sessions cannot be read or written; the text says where, and why."""


def settle(change: Change, kept: Record | None) -> Record | None:
    """What is to be kept after a change, where this is kept now; None for nothing.

    A session that somebody has ended meanwhile stays so: else a request that was under way would undo a logout.
    """
    base = change.base
    if not change.data:
        return None
    if base is None or (change.before and kept is None):
        return Record(change.data, 1, change.now, change.now)
    if kept is None:
        return None
    data = change.data if kept.data == base.data else merged(base.data, change.data, kept.data)
    if change.before:
        return Record(data, 1, change.now, change.now)
    return Record(data, kept.version + 1, kept.begun, max(kept.used, change.now))


def merged(base: str, mine: str, theirs: str) -> str:
    """What two have made of the same session: what only one of them has changed is as that one has left it, what both
    have changed is as I did. Where that is too much for a session, it is mine alone.
    """
    before, changed, result = load(base), load(mine), load(theirs)
    for key in before.keys() | changed.keys():
        if key not in changed:
            result.pop(key, None)
        elif key not in before or changed[key] != before[key]:
            result[key] = changed[key]
    try:
        return dump(result)
    except ValueError:
        return mine


def dump(data: dict[str, Any]) -> str:
    """A session as JSON. TypeError and ValueError say what JSON cannot say, or that it is too much."""
    text = _dump(data)
    if not text.isascii() and _HALVES.search(text):
        text = _dump_in_ascii(data)
    if len(text) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST} characters of JSON")
    return text


def load(text: str) -> dict[str, Any]:
    """A session from JSON."""
    data: dict[str, Any] = json.loads(text)
    return data
