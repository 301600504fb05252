"""One request as an ASGI app sees it: what it receives, what it sends, and what becomes of its mistakes."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Protocol

from pellucid.apps.asgi.faults import ClientDisconnected, by_disconnection
from pellucid.apps.asgi.files import slice_of_file, slice_of_path
from pellucid.apps.asgi.heads import Fields, head_of, headers_of, trailers_of
from pellucid.apps.asgi.stream import Stream
from pellucid.apps.asgi.types import AsgiApp, Message, Scope
from pellucid.errors import WrongAnswer
from pellucid.message import Field, Headers, Response
from pellucid.piece import Piece, discard
from pellucid.protocol.grammar import list_members
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.tracebacks import in_one_line, traceback_of

SPREE = 1 << 20
"""After how many bytes an app that never has to wait lets others have their turn; each piece counts for 1 KiB more."""


class Stage(Enum):
    """What the app has told of its answer."""

    DUE = "nothing"
    HELD = "its head"
    BODY = "some of its body"
    TRAILERS = "all but the trailers that it announced"
    OVER = "all"


DUE, HELD, BODY, TRAILERS, OVER = Stage

KINDS = frozenset(
    "http.response." + kind for kind in ("start", "body", "pathsend", "zerocopysend", "early_hint", "trailers", "debug")
)
LEFT = "the client hung up"
BODILESS = frozenset((204, 205, 304))


class Owner(Protocol):
    """What a conversation knows of those around it."""

    loop: asyncio.AbstractEventLoop

    running: set[Conversation]
    """Those whose app has not returned: what runs must be held by somebody."""

    def hold(self, conversation: Conversation) -> None:
        """Only the head of an answer was told: call `let_go` when its task has given way."""

    def tell(self, exchange: Exchange, what: str) -> None:
        """Say what an app has done wrong."""


class Conversation:
    """One call of an app, with `receive` and `send`; nothing waits but in these. `task` is that in which it runs."""

    __slots__ = (
        "_dismissed",
        "_exchange",
        "_fields",
        "_given",
        "_owner",
        "_response",
        "_spree",
        "_stage",
        "_stream",
        "_tail",
        "_trailers",
        "_unread",
        "_waiting",
        "task",
    )

    _response: Response
    _fields: Fields
    _trailers: bool

    def __init__(self, exchange: Exchange, owner: Owner) -> None:
        self._exchange = exchange
        self._owner = owner
        self._stage = DUE
        self._unread = True
        self._dismissed = False
        self._stream: Stream | None = None
        self._given = 0
        self._spree = 0
        self._tail: tuple[Field, ...] = ()
        self._waiting: list[asyncio.Future[None]] | None = None
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
                self._unfinished()
        # Those who know each other would keep each other alive until a collection.
        self._stream = None
        self._exchange.on_gone = _nothing
        if self._waiting is not None:
            self._exchange.on_body = self._exchange.on_leave = _nothing
        self._owner.running.discard(self)

    # What comes in

    async def receive(self) -> Message:
        """The next part of the request's body, and then the end: as soon as the client leaves, or is answered."""
        exchange = self._exchange
        if self._unread and exchange.request.complete and not exchange.gone:
            self._unread = False
            return {"type": "http.request", "body": b"", "more_body": False}
        while not (self._stage is OVER or exchange.gone or self._unwanted):
            if self._unread and (message := self._read()) is not None:
                return message
            if exchange.half_closed or (exchange.stopping and self._endless):
                self._dismissed = True
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

    @property
    def _unwanted(self) -> bool:
        # The answer has no body that could go out, as one to HEAD; what the app gives of it is dropped.
        return self._stream is not None and self._stream.closed

    @property
    def _endless(self) -> bool:
        return self._stage is not DUE and self._fields.endless

    # What goes out

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
        elif kind == "http.response.body" and self._stage is HELD and not (message.get("more_body") or self._trailers):
            body = message.get("body", b"")
            self._answer(body if type(body) is bytes else _bytes_of(body))
        else:
            await self._send_on(kind, message)

    def _start(self, message: Message) -> None:
        if self._stage is not DUE:
            raise WrongAnswer("http.response.start twice")
        self._response, self._fields = head_of(message)
        self._trailers = bool(message.get("trailers"))
        self._stage = HELD
        if self._fields.length is None:
            self._owner.hold(self)

    def _answer(self, body: bytes) -> None:
        # The usual answer is one piece, which needs no stream.
        length = self._fields.length
        if length is not None and length != len(body):
            self._check(len(body), whole=True)
        if self._dismissed and self._doubtful:
            self._abandon()
            return
        self._exchange.respond(self._response, body)
        self._stage = OVER  # not before: if a feature fails, there is no answer yet
        if self._waiting:
            self._wake()

    async def _send_on(self, kind: str, message: Message) -> None:
        stage = self._stage
        if kind == "http.response.body" and stage in (HELD, BODY):
            await self._give(_bytes_of(message.get("body", b"")), bool(message.get("more_body")))
        elif kind == "http.response.zerocopysend" and stage in (HELD, BODY):
            await self._give(slice_of_file(message), bool(message.get("more_body")))
        elif kind == "http.response.pathsend" and stage is HELD:
            await self._give(slice_of_path(message), more=False)
        elif kind == "http.response.trailers" and stage is TRAILERS:
            self._end_with(message)
        elif kind == "http.response.early_hint" and stage in (DUE, HELD, BODY):
            self._hint(message)
        elif kind == "http.response.debug" and stage is DUE:
            pass  # it is for tests that run an app without a server
        elif kind in KINDS:
            raise WrongAnswer(f"{kind} out of its order: the app has told {stage.value} of its answer")
        else:
            raise WrongAnswer(f"a message of an unknown type: {kind!r:.100}")

    @property
    def _doubtful(self) -> bool:
        # An app that was told of the client's end may end its answer where it stands, and frameworks do. If the client
        # still reads, and no length proves the answer whole, a last chunk would make a part of it look like all of it.
        bodiless = self._exchange.request.method == "HEAD" or self._response.status in BODILESS
        return self._fields.length is None and self._exchange.half_closed and not bodiless

    def _hint(self, message: Message) -> None:
        links = message.get("links", ())
        if isinstance(links, bytes | str):
            raise WrongAnswer("the links of http.response.early_hint are several, each of them bytes")
        self._exchange.inform(Response(103, headers_of((b"link", link) for link in links)))

    async def _give(self, piece: Piece, more: bool) -> None:
        size = len(piece)
        try:
            self._check(size, whole=not more)
        except WrongAnswer:
            discard([piece])
            raise
        if not more and self._dismissed and self._doubtful:
            discard([piece])
            self._abandon()
            return
        stream = self._stream
        begins = stream is None
        if stream is None:
            known = None if more or self._trailers else size
            stream = self._stream = Stream(known, self._moved)
        stream.put(piece)
        if not (more or self._trailers_wanted):
            stream.finish()
        if begins:
            self._exchange.respond(self._response, stream)
        else:
            self._exchange.wake()
        self._stage = BODY if more else TRAILERS if self._trailers else OVER
        if more:
            await self._room(stream, size)
        else:
            self._wake()

    def _check(self, size: int, whole: bool) -> None:
        # Checked here too, though the engine does: so the mistake is told where it was made.
        length = self._fields.length
        self._given += size
        if length is None or self._exchange.request.method == "HEAD" or self._response.status in BODILESS:
            return
        if self._given > length or (whole and self._given < length):
            what = "" if whole else " or more"
            raise WrongAnswer(f"a body of {self._given} bytes{what} with a Content-Length of {length} (RFC 9110 8.6)")

    async def _room(self, stream: Stream, size: int) -> None:
        if stream.closed and (self._fields.endless or self._given > SPREE):
            raise ClientDisconnected("nobody wants more of this body")
        self._spree += size + 1024
        if stream.full:
            self._spree = 0
            while stream.full and not self._exchange.gone:
                await self._wait()
            if self._exchange.gone:
                raise ClientDisconnected("the client is gone")
        elif self._spree > SPREE:
            self._spree = 0
            await asyncio.sleep(0)

    @property
    def _trailers_wanted(self) -> bool:
        # RFC 9110 6.5.1, and the extension: they go to clients that say so.
        return self._trailers and b"trailers" in list_members(self._exchange.request.headers.get(b"te", b"") or b"")

    def _end_with(self, message: Message) -> None:
        self._tail += trailers_of(message.get("headers", ())).fields
        if not message.get("more_trailers"):
            self._stage = OVER
            assert self._stream is not None
            self._stream.finish(Headers(self._tail))
            self._exchange.wake()
            self._wake()

    def let_go(self) -> None:
        """Send the head ahead of its body, which takes its time. Raises nothing."""
        if self._stage is HELD and not self._exchange.gone:
            self._stream = Stream(None, self._moved)
            try:
                self._exchange.respond(self._response, self._stream)
                self._stage = BODY
            except BaseException as error:
                self._failed(error)

    # What both wait for

    async def _wait(self) -> None:
        future: asyncio.Future[None] = self._owner.loop.create_future()
        if self._waiting is None:
            self._waiting = []
            self._exchange.on_body = self._exchange.on_leave = self._wake
        self._waiting.append(future)
        try:
            await future
        finally:
            if future in self._waiting:
                self._waiting.remove(future)

    def _wake(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _moved(self) -> None:
        if self._waiting and self._stream is not None and not self._stream.full:
            self._wake()

    def _gone(self) -> None:
        # A client that goes away cancels nothing; a request that took longer than it may does.
        if self._exchange.expired and self.task is not None:
            self.task.cancel()
        self._wake()

    # What goes wrong

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            quiet = self._exchange.gone or self._stage is OVER  # the server has cancelled it
        else:
            quiet = by_disconnection(error)
        if not quiet:
            self._owner.tell(self._exchange, f"the app failed\n{traceback_of(error)}")
        self._give_up(in_one_line(error))

    def _unfinished(self) -> None:
        if self._dismissed:  # then an app may return as it is
            self._let_off()
        elif not self._exchange.gone:
            what = f"the app returned before the end of its answer: it had told {self._stage.value}"
            self._owner.tell(self._exchange, what)
            self._give_up(what)

    def _let_off(self) -> None:
        if self._stage is BODY and self._endless and not self._exchange.half_closed and self._stream is not None:
            self._stage = OVER
            self._stream.finish()  # the server's end is a good end of a stream of events
            self._exchange.wake()
        else:
            self._abandon()

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
