"""Sessions in a Redis or a Valkey, which several machines share; it throws away what has expired by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pellucid.features.sessions.records import Change, Clean, Give, Operation, Record, Take, Unkept, settle
from pellucid.features.sessions.store import Outcome
from pellucid.net.redislink import RedisDown, RedisLink

if TYPE_CHECKING:
    from pellucid.net.redislink import Client

TRIES = 16
"""How often a change is merged with those of others that were faster, until it is given up."""

# Whoever was faster is told of by what is kept now, empty for nothing.
CHANGE = """
local kept = redis.call('GET', KEYS[1]) or ''
if kept ~= ARGV[1] then return kept end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
if KEYS[1] ~= KEYS[2] then redis.call('DEL', KEYS[1]) end
return 1
"""

TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

GIVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisStore:
    """A store behind a link. All of it blocks, and is for threads."""

    __slots__ = ("_link",)

    near = False
    instant = False

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    def read(self, name: bytes) -> Record | None:
        """The session of this name. Raises Unkept."""
        try:
            text = self._link.run(lambda client: client.get(_key(name)))
        except RedisDown as down:
            raise Unkept(f"sessions: {down}") from None
        return _record(text)

    def apply(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Carry them out; what came of each one. Raises Unkept."""
        try:
            return self._link.run(lambda client: [_apply(client, operation) for operation in operations])
        except RedisDown as down:
            raise Unkept(f"sessions: {down}") from None

    def close(self) -> None:
        """Let go of its connections."""
        self._link.close()


def _apply(client: Client, operation: Operation) -> Outcome:
    if isinstance(operation, Change):
        return _change(client, operation)
    if isinstance(operation, Take):
        lasts = max(1, int(1000 * (operation.until - operation.now)))
        return bool(client.eval(TAKE, 1, _key(operation.name, b"turn:"), operation.owner, lasts))
    if isinstance(operation, Give):
        return bool(client.eval(GIVE, 1, _key(operation.name, b"turn:"), operation.owner))
    assert isinstance(operation, Clean)
    return False


def _change(client: Client, change: Change) -> Outcome:
    before, after = _key(change.before or change.name), _key(change.name)
    if not change.data:
        client.delete(before)
        return False
    lasts = max(1, int(1000 * (change.ends - change.now)))
    kept = change.base
    for _ in range(TRIES):
        record = settle(change, kept)
        if record is None:
            return False
        now = client.eval(CHANGE, 2, before, after, _text(kept), _text(record), lasts)
        if now == 1:
            return True
        kept = _record(now or None)
    return Unkept("others change this session all the time")  # who does that to its own has no say over those of others


def _key(name: bytes, kind: bytes = b"") -> bytes:
    return b"pellucid:session:" + kind + name.hex().encode()


def _text(record: Record | None) -> bytes:
    if record is None:
        return b""
    return f"{record.version} {record.begun!r} {record.used!r} {record.data}".encode()


def _record(text: Any) -> Record | None:
    if text is None:
        return None
    version, begun, used, data = text.decode().split(" ", 3)
    return Record(data, int(version), float(begun), float(used))
