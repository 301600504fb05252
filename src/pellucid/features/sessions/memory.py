"""Sessions in the memory of this process: quick, bounded, and gone with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from sys import getsizeof

from pellucid.features.sessions.records import Change, Clean, Operation, Record, settle

MOST_MEMORY = 64 << 20
"""How much all sessions may take in all, in bytes; those that were used longest ago go first."""

EACH = 400
"""What a session takes beside its data, in bytes."""


class MemoryStore:
    """A store, which is written to in the loop's thread and read in any."""

    __slots__ = ("_ends", "_kept", "_size")

    near = True
    instant = True

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Record] = OrderedDict()
        self._ends: dict[bytes, float] = {}
        self._size = 0

    def read(self, name: bytes) -> Record | None:
        """The session of this name."""
        return self._kept.get(name)

    def apply(self, operations: Sequence[Operation]) -> list[bool]:
        """Carry them out; whether each one came to something."""
        return [self._apply(operation) for operation in operations]

    def close(self) -> None:
        """There is nothing to let go of."""

    def __len__(self) -> int:
        return len(self._kept)

    def _apply(self, operation: Operation) -> bool:
        if isinstance(operation, Change):
            return self._change(operation)
        if isinstance(operation, Clean):
            over = [name for name, ends in self._ends.items() if ends <= operation.now][: operation.most]
            for name in over:
                self._forget(name)
            return len(over) == operation.most
        return True  # nobody else knows of these sessions, so nobody has to be kept out

    def _change(self, change: Change) -> bool:
        record = settle(change, self._kept.get(change.before or change.name))
        self._forget(change.before or change.name)
        if record is None:
            return False
        self._kept[change.name] = record
        self._ends[change.name] = change.ends
        self._size += EACH + getsizeof(record.data)
        while self._size > MOST_MEMORY:
            self._forget(next(iter(self._kept)))
        return True

    def _forget(self, name: bytes) -> None:
        record = self._kept.pop(name, None)
        if record is not None:
            del self._ends[name]
            self._size -= EACH + getsizeof(record.data)
