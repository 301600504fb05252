"""The bytes that have arrived and were not used yet, with a place up to which they were searched."""

from __future__ import annotations


class Inbox:
    """A buffer that is read from the front. Searches go on where they stopped, so dripped bytes cost no second look.

    `held` are the bytes in it with those before them that were used already; it is empty when all were used, which is
    the cheapest question that there is. Its bound is its user's: an engine that is not hungry is given no more.
    """

    __slots__ = ("_at", "_looked", "_searched", "held")

    def __init__(self) -> None:
        self.held = b""
        self._at = 0
        self._searched = 0
        self._looked = 0

    def __len__(self) -> int:
        return len(self.held) - self._at

    def add(self, data: bytes) -> None:
        """Put bytes behind those that are there."""
        if not self.held:
            self.held = data
            return
        at = self._at
        self.held = self.held[at:] + data
        self._searched = max(self._searched - at, 0)
        self._looked = max(self._looked - at, 0)
        self._at = 0

    def take(self, count: int) -> bytes:
        """The first bytes, as many as asked for or as there are."""
        at = self._at
        if not at and len(self.held) <= count:
            data = self.held
            self.held = b""
            self._searched = self._looked = 0
            return data
        data = self.held[at : at + count]
        self._at = self._searched = at + len(data)
        if self._at == len(self.held):
            self.clear()
        return data

    def take_until(self, mark: bytes, start: int = 0) -> bytes | None:
        """The bytes before the mark, and step over the mark; None while it has not come.

        The search begins `start` bytes from the front.
        """
        data, at = self.held, self._at
        found = data.find(mark, max(self._searched, at + start))
        if found < 0:
            self._searched = max(at, len(data) - len(mark) + 1)
            return None
        self._at = self._searched = found + len(mark)
        if self._at == len(data):
            self.clear()
        return data[at:found]

    def starts_with(self, prefix: bytes) -> bool:
        """Whether these bytes are at the front."""
        return self.held.startswith(prefix, self._at)

    def shows(self, *marks: bytes) -> bool:
        """Whether one of the marks, the longest of which is the last, has come in what was not looked at before."""
        start = max(self._looked, self._at)
        self._looked = max(self._at, len(self.held) - len(marks[-1]) + 1)
        return any(self.held.find(mark, start) >= 0 for mark in marks)

    def peek(self, count: int | None = None) -> bytes:
        """The first bytes, or all of them, left where they are."""
        return self.held[self._at :] if count is None else self.held[self._at : self._at + count]

    def clear(self) -> None:
        """Forget everything."""
        self.held = b""
        self._at = self._searched = self._looked = 0
