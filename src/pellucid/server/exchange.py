"""One request and its answer, whatever protocol carried it: all that an app sees. It queues and wakes, never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context
from functools import partial
from typing import Protocol

from pellucid.errors import WrongAnswer
from pellucid.message import NO_FIELDS, Data, End, Request, Response
from pellucid.net.reactor import Timer
from pellucid.net.secured import Secured
from pellucid.piece import Body, close
from pellucid.semantics.trace import UNTRACED
from pellucid.server.held import Held
from pellucid.session import Session
from pellucid.user import User

WINDOW = 68 << 10
"""How much of a request's body waits in memory for the app, in bytes: what one receive brings goes through whole."""

HALF = WINDOW // 2
"""How much of it must have been read before the client is given room for as much again, in bytes."""


class Carrier(Protocol):
    """What an exchange knows of the connection that carries it."""

    @property
    def peer(self) -> str:
        """The address of the client, without its port; empty where the link has none."""

    @property
    def peer_port(self) -> int:
        """The client's port, 0 where there is none."""

    @property
    def local(self) -> str:
        """The address that the client came to, as host:port or a path."""

    @property
    def secured(self) -> Secured | None:
        """What TLS has settled on the connection; None where it is not spoken."""

    @property
    def now(self) -> float:
        """Monotonic seconds, the same for all that happens in one round of the loop."""

    @property
    def late(self) -> bool:
        """Whether this round of the loop has lasted so long that what can wait should."""

    def new_id(self) -> str:
        """A name for a request that no other one has."""

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call at a moment of the loop's clock, the same that `now` tells."""

    def wake(self, exchange: Exchange) -> None:
        """Something of this exchange waits to be collected."""

    def wake_soon(self, exchange: Exchange) -> None:
        """The same, with what else the loop has to do next."""

    def push(self, exchange: Exchange, piece: bytes) -> bool:
        """Send a piece at once, if there is room for it and nothing in its way."""

    def note(self, level: str, text: str) -> None:
        """Say something to the person who runs the server; the level is one of logging's, in lower case."""

    def complain(self, exchange: Exchange, why: str) -> None:
        """The peer broke a rule in its tunnel."""

    def inform(self, exchange: Exchange, response: Response) -> None:
        """An informational answer goes out ahead of the final one."""

    def credit(self, exchange: Exchange, count: int) -> None:
        """The exchange has room for this many more bytes of its request's body."""

    def abort(self, exchange: Exchange, why: str) -> None:
        """Give the exchange up so that the client cannot take what it got for the whole."""

    def go_on(self, exchange: Exchange, call: Callable[[], None]) -> None:
        """Call, as if the request had come now: what is raised is answered as an app's fault is. Not at all where the
        exchange has ended or was answered meanwhile.
        """


def _nothing() -> None:
    pass


class Exchange:
    """One request and the answer to it.

    An app calls `respond` once, at once or later. It reads the request's body with `read`, and is told by `on_body`
    when more of it can be read, by `on_leave` when the client or the server wishes to come to an end, and by `on_gone`
    when the client is no longer there. All this happens in the loop's thread; another one says `reactor.post`.
    """

    # One is made for each request, so what an exchange begins with stands here and is not set for each of them.
    finished = 0.0
    """When it ended, in the seconds of the loop's clock; set for those who watch the ends."""
    answers: tuple[Answer, ...] = ()
    """What features do to the answer, in their order."""
    held = False
    """Whether the answer was given, and a feature holds it."""
    user: User | None = None
    """Who asks, where a feature has found that out."""
    identified = False
    """Whether one has tried to: then nobody in particular asks if there is no user."""
    session: Session | None = None
    """What a feature keeps for this client from request to request."""
    response: Response | None = None
    body: Body = b""
    body_sent = 0
    """How many bytes of the answer's body were given out; of one that is cut, fewer may have arrived."""
    started = False
    """Whether the head of the answer is on its way: then it cannot be replaced any more."""
    gone = False
    """Whether the client is no longer there."""
    half_closed = False
    """Whether the client has said that it sends no more; it may still wait for the answer (RFC 9112 section 9.6)."""
    stopping = False
    """Whether the server was told to stop: what has no end of its own should come to one."""
    replaced = False
    """Whether it stops because another one takes its place, which is there for clients that come again."""
    expired = False
    """Whether it took longer than the request-timeout, and was answered for that."""
    mount = b""
    """The prefix of the path under which the app is to be found, as it stands there; no slash at its end."""
    context: Context | None = None
    """The context in which the app is to run, if somebody has made one."""
    trace = UNTRACED
    """The trace and the span that stand for it, where somebody traces."""
    why = ""
    """Why it was refused or cut short, empty if all is well."""
    line = b""
    """The request line, as far as it came, of a request that was refused before it could be read."""
    on_body: Callable[[], None] = staticmethod(_nothing)  # static, or it would be called with the exchange
    on_leave: Callable[[], None] = staticmethod(_nothing)
    on_gone: Callable[[], None] = staticmethod(_nothing)
    trailers = NO_FIELDS
    """The trailer fields of the request's body, after its end."""
    error_pages: Callable[[Response, Body], tuple[Response, Body]] | None = None
    """What makes a page of a plain error, where a feature has such pages."""
    _arrived: list[bytes] | None = None
    _room = WINDOW
    _reading = False
    _request_id = ""
    _peer: str | None = None
    _peer_port = 0

    def __init__(self, request: Request, carrier: Carrier, stream: int, now: float) -> None:
        self.request = request
        self.carrier = carrier
        self.stream = stream
        self.begun = now
        self._ended = request.complete

    @property
    def request_id(self) -> str:
        """A name for this request that no other one has; made when it is first asked for."""
        if not self._request_id:
            self._request_id = self.carrier.new_id()
        return self._request_id

    @request_id.setter
    def request_id(self, name: str) -> None:
        self._request_id = name

    @property
    def name(self) -> str:
        """What the log calls it where something went wrong: its id, its method and its path."""
        return f"{self.request_id} {self.request.method} {self.request.path.decode('latin-1')}"

    @property
    def peer(self) -> str:
        """The client's address without its port, empty where there is none; whoever trusts a proxy may change it."""
        return self.carrier.peer if self._peer is None else self._peer

    @peer.setter
    def peer(self, address: str) -> None:
        self._peer = address

    @property
    def peer_port(self) -> int:
        """The client's port, 0 where there is none or it is not known."""
        return self.carrier.peer_port if self._peer is None else self._peer_port

    @peer_port.setter
    def peer_port(self, port: int) -> None:
        self._peer_port = port

    @property
    def local(self) -> str:
        """The address that the client came to, as host:port or a path."""
        return self.carrier.local

    @property
    def secured(self) -> Secured | None:
        """What TLS has settled on the connection; None where it is not spoken, or a proxy speaks it."""
        return self.carrier.secured

    @property
    def now(self) -> float:
        """Monotonic seconds, the same for all requests of one round of the loop."""
        return self.carrier.now

    @property
    def late(self) -> bool:
        """Whether this round of the loop has lasted so long that what can wait should: other clients wait too."""
        return self.carrier.late

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call at a moment of the clock that `now` tells, in seconds, or soon after it; the timer can be cancelled. It
        outlives the exchange: see `on_gone`.
        """
        return self.carrier.at(when, callback)

    @property
    def answered(self) -> bool:
        """Whether `respond` was called."""
        return self.response is not None or self.held

    @property
    def status(self) -> int:
        """The status of the answer, 0 while there is none."""
        return self.response.status if self.response is not None else 0

    @property
    def tunnel(self) -> bool:
        """Whether its answer opens a tunnel, whose ends may be silent as long as they like (RFC 9110 7.8, 9.3.6)."""
        status = self.status
        return status == 101 or (200 <= status < 300 and self.request.method == "CONNECT")

    def respond(self, response: Response, body: Body = b"") -> None:
        """Give the answer: its head, and its body whole or as a source to be pulled. Once only, else WrongAnswer."""
        if self.gone or self.response is not None or self.held:
            close(body)
            if self.gone:
                return
            raise WrongAnswer("this exchange was answered already")
        if not isinstance(response, Response):
            close(body)
            raise WrongAnswer(f"{response!r} is no Response")
        if self.answers:
            changed = self._changed(iter(self.answers), response, body)
            if changed is None:
                return
            response, body = changed
        self.response = response
        self.body = body
        self.carrier.wake(self)

    def inform(self, response: Response) -> None:
        """Send an informational answer ahead of the final one, such as 103 early hints (RFC 8297), else WrongAnswer."""
        if not 100 <= response.status < 200 or response.status == 101:
            raise WrongAnswer(f"{response.status} is not informational (RFC 9110 15.2)")
        if self.response is None and not self.gone:
            self.carrier.inform(self, response)

    def wake(self) -> None:
        """Tell that the source has something again, after it answered a pull with None."""
        if not self.gone:
            self.carrier.wake(self)

    def wake_soon(self) -> None:
        """The same, where more is soon to follow: it goes out together with that."""
        if not self.gone:
            self.carrier.wake_soon(self)

    def push(self, piece: bytes) -> bool:
        """Send a piece of the answer at once, behind its head and what was pulled, if nothing moves, as in a task of a
        loop around this one, and there is room; whether it was sent. Else it is to be pulled.
        """
        return self.started and self.carrier.push(self, piece)

    def note(self, level: str, what: str) -> None:
        """Say something about this request to the person who runs the server; levels are `debug` to `error`."""
        self.carrier.note(level, f"{self.name}: {what}")

    def complain(self, why: str) -> None:
        """Tell which rule the client broke inside of its tunnel: it is noted, counted, and the reason of its end."""
        self.why = self.why or why
        self.carrier.complain(self, why)

    def abort(self, why: str) -> None:
        """Give up: the client sees that what it got is not the whole answer. `why` is for the log."""
        if not self.gone:
            self.carrier.abort(self, why)

    def read(self) -> bytes | None:
        """What has arrived of the request's body: bytes, b"" at its end, or None if there is nothing yet; or
        nothing ever, if the client is `gone` before it has sent all.

        The first call asks for the body: a client that waits for 100-continue gets it now, and `on_body` is called
        whenever there is more to read. From outside of the loop's round, as from a task of a loop around it, what has
        come with the request is answered at once. At most WINDOW bytes wait here; what is not read holds the client
        back. An app that is going to open a tunnel answers first: who reads before the answer waits for the end of
        the request.
        """
        room = self._room
        if room >= HALF and not (self._ended or self.gone):  # not for each small part: there is room for more yet
            self._room = 0
            self._reading = True  # what comes in answer to this call is returned by it, and needs no word of its own
            try:
                self.carrier.credit(self, room)
            finally:
                self._reading = False
        arrived = self._arrived
        if arrived is None:
            return b"" if self._ended else None
        self._arrived = None
        return arrived[0] if len(arrived) == 1 else b"".join(arrived)

    # What follows is for the connection.

    def take(self, event: Data | End) -> None:
        """A part of the request's body has come."""
        if type(event) is Data:
            data = event.data
            if self._arrived is None:
                self._arrived = [data]
            else:
                self._arrived.append(data)
            self._room += len(data)
        elif type(event) is End:
            self._ended = True
            self.trailers = event.trailers
        if not self._reading:
            self.on_body()

    def lose(self, why: str) -> None:
        """The client, or the way to it, is gone."""
        if not self.gone:
            self.gone = True
            self.why = self.why or why
            self.on_gone()

    def leave(self) -> None:
        """The client, or the server, wishes to come to an end."""
        if not self.gone:
            self.on_leave()

    def close_body(self) -> None:
        """Close the source, once."""
        body, self.body = self.body, b""
        close(body)

    # Features

    def _changed(self, answers: Iterator[Answer], response: Response, body: Body) -> tuple[Response, Body] | None:
        # None where one of the features holds it.
        try:
            for answer in answers:
                given = answer(self, response, body)
                if isinstance(given, Held):
                    self.held = True
                    self.body = body  # so that it is closed with the exchange
                    given.then(partial(self._released, answers, response, body))
                    return None
                response, body = given
        except BaseException:
            close(body)
            raise
        return response, body

    def _released(
        self, answers: Iterator[Answer], response: Response, body: Body, other: Response | None, its_body: Body
    ) -> None:
        self.held = False
        self.body = b""
        if other is not None:
            if its_body is not body:  # where only the head is another, the body is that which was held
                close(body)
            response, body = other, its_body
        changed = self._changed(answers, response, body)
        if changed is not None:
            self.response, self.body = changed
            self.carrier.wake(self)


Answer = Callable[[Exchange, Response, Body], tuple[Response, Body] | Held]
"""What a feature does to an answer."""


App = Callable[[Exchange], None]
