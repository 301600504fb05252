"""One request as an ASGI app sees it: what it receives, what it sends, and what becomes of its mistakes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from pellucid.apps.asgi.faults import ClientDisconnected, by_disconnection
from pellucid.apps.asgi.files import slice_of_file, slice_of_path
from pellucid.apps.asgi.heads import Fields, head_of, headers_of, trailers_of
from pellucid.apps.asgi.parts import SPREE, Parts, check_length
from pellucid.apps.asgi.stages import BODY, DUE, HELD, OVER, TRAILERS, check_order
from pellucid.apps.asgi.types import AsgiApp, Message, Running, Scope
from pellucid.apps.asgi.waiters import Waiters
from pellucid.errors import WrongAnswer
from pellucid.message import NO_FIELDS, Response
from pellucid.piece import Piece, discard
from pellucid.protocol.grammar import list_members
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.tracebacks import in_one_line, traceback_of

LEFT = "the client hung up"
BODILESS = frozenset((204, 205, 304))
UNTOLD = Fields(NO_FIELDS, None, False)


class Owner(Protocol):
    """What a conversation knows of those around it."""

    loop: asyncio.AbstractEventLoop

    running: set[Running]
    """Those whose app has not returned: what runs must be held by somebody."""

    def hold(self, conversation: Conversation) -> None:
        """Only the head of an answer was told: call `let_go` when its task has given way."""

    def tell(self, exchange: Exchange, what: str) -> None:
        """Say what an app has done wrong."""


class Conversation:
    """One call of an app, with `receive` and `send`; nothing waits but in these. `task` is that in which it runs.

    What it remembers, and what that decides:

    - `_stage`: how much of the answer was told. So, which message may come next, and whether a failure can still be
      answered with 500 or has to cut the connection.
    - `_response` and `_fields`: the head that was told, the first from HELD on.
    - `_parts`: the body, if it is not one piece, which needs none. So, where the next piece goes.
    - `_unread`: the end of the request's body was not received yet. So, whether `receive` reads or only waits.
    - `_told_of_end`: `receive` has told of an end while the client may still be reading. So, whether an app that
      returns amid its answer may do so, and whether its last part is trusted to be the last.
    """

    __slots__ = (
        "_exchange",
        "_fields",
        "_owner",
        "_parts",
        "_response",
        "_stage",
        "_told_of_end",
        "_unread",
        "_waiters",
        "task",
    )

    _response: Response

    def __init__(self, exchange: Exchange, owner: Owner) -> None:
        self._exchange = exchange
        self._owner = owner
        self._stage = DUE
        self._fields = UNTOLD
        self._parts: Parts | None = None
        self._unread = True
        self._told_of_end = False
        self._waiters: Waiters | None = None
        self.task: asyncio.Task[None] | None = None
        exchange.on_gone = self._gone

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Call the app, and see that the exchange has an answer in the end. Raises nothing."""
        try:
            await app(scope, self.receive, self.send)
        except BaseException as error:  # SystemExit too: no app ends the server
            self._failed(error)
        else:
            if self._stage is not OVER:
                self._returned_early()
        # Those who know each other would keep each other alive until a collection.
        self._parts = None
        self._exchange.on_gone = _nothing
        self._owner.running.discard(self)

    def end(self, error: BaseException | None) -> None:
        """The same, where the app was called by somebody else: it has failed, or returned."""
        if error is not None:
            self._failed(error)
        elif self._stage is not OVER:
            self._returned_early()
        self._parts = None
        self._exchange.on_gone = _nothing

    # Receiving

    async def receive(self) -> Message:
        """The next part of the request's body, and then the end: as soon as the client leaves, or is answered."""
        exchange = self._exchange
        if self._unread and exchange.request.complete and not exchange.gone:
            self._unread = False
            return {"type": "http.request", "body": b"", "more_body": False}
        while not (self._stage is OVER or exchange.gone or (self._parts is not None and self._parts.dropped)):
            if self._unread and (message := self._read()) is not None:
                return message
            if exchange.half_closed or (exchange.stopping and self._fields.endless):
                self._told_of_end = True
                break
            await self._wait()
        return {"type": "http.disconnect"}

    def _read(self) -> Message | None:
        exchange = self._exchange
        body = exchange.read()
        if body is None:
            return None
        more = exchange.read() if body else b""  # asked again, it tells whether that was all
        self._unread = more != b""
        return {"type": "http.request", "body": body + more if more else body, "more_body": self._unread}

    # Sending

    async def send(self, message: Message) -> None:
        """Take a message. Raises ClientDisconnected once the client is gone, and WrongAnswer for what breaks a rule."""
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            raise WrongAnswer(f"a message is a dict with a type, not {message!r:.100}") from None
        if self._exchange.gone:
            raise ClientDisconnected("the client is gone")
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body" and self._stage is HELD and not (message.get("more_body") or self._parts):
            body = message.get("body", b"")
            self._answer_whole(body if type(body) is bytes else _bytes_of(body))
        else:
            await self._send_on(kind, message)

    def _start(self, message: Message) -> None:
        if self._stage is not DUE:
            raise WrongAnswer("http.response.start twice")
        self._response, self._fields = head_of(message)
        if message.get("trailers"):
            self._parts = self._make_parts(trailers=True)
        self._stage = HELD
        if self._fields.length is None:
            self._owner.hold(self)

    def _answer_whole(self, body: bytes) -> None:
        # The usual answer: one piece, which needs no stream.
        length = self._fields.length
        if length is not None and length != len(body) and not self._bodiless:
            check_length(len(body), length, last=True)
        if self._told_of_end and self._may_be_cut_short:
            self._abandon()
            return
        self._exchange.respond(self._response, body)
        self._stage = OVER  # not before: if a feature fails, there is no answer yet
        if self._waiters is not None:
            self._waiters.wake()

    async def _send_on(self, kind: object, message: Message) -> None:
        check_order(kind, self._stage)
        if kind == "http.response.body":
            await self._give(_bytes_of(message.get("body", b"")), bool(message.get("more_body")))
        elif kind == "http.response.zerocopysend":
            await self._give(slice_of_file(message), bool(message.get("more_body")))
        elif kind == "http.response.pathsend":
            await self._give(slice_of_path(message), more=False)
        elif kind == "http.response.trailers":
            self._end_with(message)
        elif kind == "http.response.early_hint":
            self._hint(message)
        # http.response.debug is for tests that run an app without a server

    async def _give(self, piece: Piece, more: bool) -> None:
        size = len(piece)
        parts = self._parts or self._make_parts()
        try:
            parts.check(size, last=not more)
        except WrongAnswer:
            discard([piece])
            raise
        if not more and self._told_of_end and self._may_be_cut_short:
            discard([piece])
            self._abandon()
            return
        self._parts = parts
        parts.put(piece)
        if not (more or (parts.trailers and self._trailers_wanted)):
            parts.stream.finish()
        if self._stage is HELD:
            parts.stream.length = None if more or parts.trailers else size
            self._begin(parts)
        else:
            self._exchange.wake()
        self._stage = BODY if more else TRAILERS if parts.trailers else OVER
        if more:
            await self._room(parts)
        else:
            self._wake()

    def _begin(self, parts: Parts) -> None:
        try:
            self._exchange.respond(self._response, parts.stream)
        except BaseException:
            self._parts = None  # a feature has failed and the stream is closed: what the app tries now begins anew
            raise

    async def _room(self, parts: Parts) -> None:
        if parts.in_vain:
            raise ClientDisconnected("nobody wants more of this body")
        if parts.stream.full:
            parts.spree = 0
            while parts.stream.full and not self._exchange.gone:
                await self._wait()
            if self._exchange.gone:
                raise ClientDisconnected("the client is gone")
        elif parts.spree > SPREE:
            parts.spree = 0
            await asyncio.sleep(0)

    def _end_with(self, message: Message) -> None:
        assert self._parts is not None  # made with the head that announced trailers
        last = not message.get("more_trailers")
        self._parts.put_trailers(trailers_of(message.get("headers", ())), last)
        if last:
            self._stage = OVER
            self._exchange.wake()
            self._wake()

    def _hint(self, message: Message) -> None:
        links = message.get("links", ())
        if isinstance(links, bytes | str):
            raise WrongAnswer("the links of http.response.early_hint are several, each of them bytes")
        self._exchange.inform(Response(103, headers_of((b"link", link) for link in links)))

    def let_go(self) -> None:
        """Send the head ahead of its body, which takes its time. Raises nothing."""
        if self._stage is HELD and not self._exchange.gone:
            parts = self._parts = self._parts or self._make_parts()
            try:
                self._begin(parts)
                self._stage = BODY
            except BaseException as error:
                self._failed(error)

    def _make_parts(self, trailers: bool = False) -> Parts:
        length = None if self._bodiless else self._fields.length
        return Parts(length, self._fields.endless, trailers, self._moved)

    @property
    def _bodiless(self) -> bool:
        # Such an answer may declare the length of a body that it does not have (RFC 9110 8.6).
        return self._exchange.request.method == "HEAD" or self._response.status in BODILESS

    @property
    def _may_be_cut_short(self) -> bool:
        # An app that was told of the client's end may end its answer where it stands, and frameworks do. If the client
        # still reads, and no length proves the answer whole, a last chunk would make a part of it look like all of it.
        return self._fields.length is None and self._exchange.half_closed and not self._bodiless

    @property
    def _trailers_wanted(self) -> bool:
        # RFC 9110 6.5.1, and the extension: they go to clients that say so.
        return b"trailers" in list_members(self._exchange.request.headers.get(b"te", b"") or b"")

    # What both wait for

    async def _wait(self) -> None:
        if self._waiters is None:
            self._waiters = Waiters(self._owner.loop)
            self._exchange.on_body = self._exchange.on_leave = self._waiters.wake
        await self._waiters.wait()

    def _wake(self) -> None:
        if self._waiters is not None:
            self._waiters.wake()

    def _moved(self) -> None:
        if self._parts is not None and not self._parts.stream.full:
            self._wake()

    def _gone(self) -> None:
        # A client that goes away cancels nothing; a request that took longer than it may does.
        if self._exchange.expired and self.task is not None:
            self.task.cancel()
        self._wake()

    # Ending, where the app does not

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            quiet = self._exchange.gone or self._stage is OVER  # the server has cancelled it
        else:
            quiet = by_disconnection(error)
        if not quiet:
            self._owner.tell(self._exchange, f"the app failed\n{traceback_of(error)}")
        self._give_up(in_one_line(error))

    def _returned_early(self) -> None:
        exchange = self._exchange
        if self._told_of_end:  # then an app may return as it is
            if self._stage is BODY and self._fields.endless and not exchange.half_closed and self._parts is not None:
                self._stage = OVER
                self._parts.stream.finish()  # the server's end is a good end of a stream of events
                exchange.wake()
            else:
                self._abandon()
        elif not exchange.gone:
            what = f"the app returned before the end of its answer: it had told {self._stage.value}"
            self._owner.tell(exchange, what)
            self._give_up(what)

    def _abandon(self) -> None:
        if self._stage is not OVER and not self._exchange.gone:
            self._stage = OVER
            self._exchange.abort(LEFT)

    def _give_up(self, why: str) -> None:
        exchange, stage = self._exchange, self._stage
        self._stage = OVER
        if exchange.gone or stage is OVER:
            return
        exchange.why = why
        if stage is DUE or stage is HELD:
            try:
                exchange.respond(*refusal(500))
            except BaseException as error:  # a feature has failed
                self._owner.tell(exchange, f"no answer could be given\n{traceback_of(error)}")
                exchange.abort(why)
        else:
            exchange.abort(why)


def _bytes_of(body: object) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise WrongAnswer(f"the body of a message is bytes, not {type(body).__name__}")


def _nothing() -> None:
    pass
