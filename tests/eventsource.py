"""What a browser makes of an event stream: the interpretation of WHATWG HTML section 9.2.6, letter by letter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """An event as a page gets it."""

    data: str
    type: str = "message"
    last_id: str = ""


class EventSource:
    """Fed with bytes in any pieces; `events` are those that were dispatched."""

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.comments: list[str] = []
        self.last_id = ""
        self.retry: int | None = None
        self._id = ""
        self._held = b""
        self._data = ""
        self._type = ""

    def feed(self, data: bytes) -> list[Told]:
        """Take bytes; answers with the events that they complete. Here every line ends with LF, as we write them."""
        before = len(self.events)
        *lines, self._held = (self._held + data).split(b"\n")
        for line in lines:
            self._take(line.decode())
        return self.events[before:]

    def _take(self, line: str) -> None:
        if not line:
            self._dispatch()
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self.comments.append(value)
        elif name == "event":
            self._type = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_id = self._id
        if self._data:
            self.events.append(Told(self._data.removesuffix("\n"), self._type or "message", self.last_id))
        self._data = self._type = ""


def told(data: bytes) -> list[Told]:
    """The events of a stream."""
    return EventSource().feed(data)
