"""Server-sent events as the answer to an exchange, for one client or for many alike; it knows no app interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakSet

from pellucid.message import END, NO_FIELDS, End, Headers, Response
from pellucid.net.reactor import Timer
from pellucid.semantics.eventstream import MEDIA_TYPE, last_event_id, spell_comment, spell_event
from pellucid.server.exchange import Exchange

HEARTBEAT = 15.0
"""After how many seconds without an event a comment goes out, so that nobody on the way takes the stream for dead."""

BACKLOG = 65536
"""How many bytes of events wait at the most for a client that does not take them; the last event comes on top."""

BACK = (1000, 5000)
"""After how many milliseconds clients of a server that stops come back: from here to there, so not all at once."""

# X-Accel-Buffering is nginx's: without it, a proxy collects events until it has a page of them.
FIELDS = Headers(
    [
        (b"content-type", MEDIA_TYPE),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
)

SIGN_OF_LIFE = spell_comment()


class EventStream:
    """The answer to an exchange as a stream of events, each of which goes out at once.

    It ends when the app says `end`, when either side leaves, and when its client falls behind by more than `backlog`
    bytes: what waits is dropped then, so that the client comes back and says with Last-Event-ID what it has seen.
    `held` is how many bytes wait, and `open` whether events still go anywhere; `on_close` is called once, when nothing
    more will go out. A `heartbeat` of 0 is none. `retry` is after how many milliseconds a client comes back from an
    end.
    """

    __slots__ = (
        "__weakref__",
        "_due",
        "_exchange",
        "_most",
        "_pause",
        "_rest",
        "_retry",
        "_since",
        "_timer",
        "_waiting",
        "held",
        "on_close",
        "open",
    )

    length: int | None = None

    def __init__(
        self,
        exchange: Exchange,
        heartbeat: float = HEARTBEAT,
        backlog: int = BACKLOG,
        retry: int | None = None,
        headers: Headers = NO_FIELDS,
    ) -> None:
        self._exchange = exchange
        self._pause = heartbeat
        self._most = backlog
        self._retry = retry
        self._waiting: list[bytes] = []
        self._rest = NOTHING
        self.held = 0
        self._since = 0.0
        self._due = exchange.now + heartbeat
        self._timer: Timer | None = None
        self.open = True
        self.on_close: Callable[[], None] = _nothing
        if retry is not None:
            self.put(spell_event(None, retry=retry))
        self._begin(headers)

    @property
    def last_id(self) -> str:
        """The id of the last event that this client has seen; empty if it is here for the first time."""
        return last_event_id(self._exchange.request.headers)

    def send(
        self,
        data: str | None,
        event: str = "",
        id: str | None = None,  # noqa: A002 - the standard's own name
        retry: int | None = None,
    ) -> bool:
        """Send an event, as `spell_event` spells it; whether it is on its way."""
        return self.put(spell_event(data, event, id, retry))

    def comment(self, text: str = "") -> bool:
        """Send what no client looks at; whether it is on its way."""
        return self.put(spell_comment(text))

    def put(self, events: bytes) -> bool:
        """Send what `spell_event` has spelled, one event or several together; whether they are on their way."""
        if not self.open:
            return False
        now = self._exchange.now
        if not self.held:
            self._since = now
        elif self.held >= self._most and now > self._since:  # what one round brings is for its end to send
            self._give_up()
            return False
        self._waiting.append(events)
        self.held += len(events)
        self._due = now + self._pause
        self._exchange.wake()
        return True

    def end(self) -> None:
        """Come to the end, behind what waits. The client comes back, unless it is told not to: by an event of the app's
        own, or by a 204 when it does.
        """
        if self.open:
            self.open = False
            self._exchange.wake()

    # What follows is for the connection.

    def pull(self, limit: int) -> bytes | End | None:
        """What waits, as far as there is room."""
        if not self.held:
            return None if self.open else END
        rest = self._rest or memoryview(self._taken())
        piece, self._rest = bytes(rest[:limit]), rest[limit:]
        self.held -= len(piece)
        self._since = self._exchange.now
        return piece

    @property
    def more(self) -> bool:
        """Whether another pull, right behind one, brings something."""
        return self.held > 0 or not self.open

    def close(self) -> None:
        """Nothing more goes out."""
        self.open = False
        self._drop()
        if self._timer is not None:
            self._timer.cancel()
        self._exchange.on_leave = _nothing
        self.on_close()

    def _begin(self, headers: Headers) -> None:
        exchange = self._exchange
        exchange.on_leave = self._leave
        exchange.respond(Response(200, FIELDS.plus(*headers) if headers else FIELDS), self)
        if not self.open:  # its client is gone already: nobody could have said yet whom to tell
            exchange.at(exchange.now, lambda: self.on_close())
        elif exchange.stopping or exchange.half_closed:
            self._timer = exchange.at(exchange.now, self._leave)  # behind what the app has to say first
        elif self._pause:
            self._timer = exchange.at(self._due, self._beat)

    def _taken(self) -> bytes:
        waiting = self._waiting
        taken = b"".join(waiting) if len(waiting) > 1 else waiting[0]
        waiting.clear()
        return taken

    def _leave(self) -> None:
        if self._exchange.stopping and self._retry is None:
            self.put(spell_event(None, retry=_between(*BACK)))
        self.end()

    def _give_up(self) -> None:
        exchange = self._exchange
        exchange.why = exchange.why or f"events: {self.held} bytes waited for a client that fell behind"
        exchange.note("info", exchange.why)
        self._drop()
        self.end()

    def _drop(self) -> None:
        # Of an event that is cut off a client makes nothing (section 9.2.6: the end dispatches no incomplete event).
        self._waiting.clear()
        self._rest = NOTHING
        self.held = 0

    def _beat(self) -> None:
        # One timer, and a lazy one: each event puts the next beat off, and the timer finds out when it fires.
        now = self._exchange.now
        if self._due <= now:
            self._due = now + self._pause
            if not self.held:
                self.put(SIGN_OF_LIFE)
        if self.open:
            self._timer = self._exchange.at(self._due, self._beat)


class EventHub:
    """Many streams that are told the same. A stream that has ended leaves by itself.

    What is sent is spelled once, and one copy of it waits for all.
    """

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams: WeakSet[EventStream] = WeakSet()

    def join(self, stream: EventStream) -> None:
        """From now on the stream is told too."""
        self._streams.add(stream)

    def leave(self, stream: EventStream) -> None:
        """No longer."""
        self._streams.discard(stream)

    def send(
        self,
        data: str | None,
        event: str = "",
        id: str | None = None,  # noqa: A002 - the standard's own name
        retry: int | None = None,
    ) -> int:
        """Send an event to all, as `spell_event` spells it; answers to how many."""
        return self.put(spell_event(data, event, id, retry))

    def put(self, events: bytes) -> int:
        """Send what `spell_event` has spelled to all; answers to how many."""
        return sum([stream.put(events) for stream in tuple(self._streams)])

    def end(self) -> None:
        """End all streams."""
        for stream in tuple(self._streams):
            stream.end()

    def __len__(self) -> int:
        """How many streams there are that have not ended."""
        return sum([stream.open for stream in self._streams])


NOTHING = memoryview(b"")


def _between(least: int, most: int) -> int:
    return least + int.from_bytes(os.urandom(4), "big") % (most - least + 1)


def _nothing() -> None:
    pass
