"""One WebSocket as an ASGI app sees it: what it receives, what it sends, and what becomes of its mistakes."""

from __future__ import annotations

import asyncio
from typing import Any

from pellucid.apps.asgi.conversation import Conversation, Owner
from pellucid.apps.asgi.faults import ClientDisconnected, by_disconnection
from pellucid.apps.asgi.heads import headers_of
from pellucid.apps.asgi.socket_stages import DENYING, OFFERED, OPEN, OVER, check_socket_order
from pellucid.apps.asgi.types import AsgiApp, Message, Scope
from pellucid.apps.asgi.waiters import Waiters
from pellucid.errors import WrongAnswer
from pellucid.protocol.websocket.codes import ABNORMAL, INTERNAL_ERROR, NORMAL
from pellucid.protocol.websocket.handshake import Offer
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.server.socket import Socket
from pellucid.tracebacks import in_one_line, traceback_of

ROOM = 65536
MOST_MESSAGES = 64
"""How many bytes, and how many messages, wait for the app before the client is held back; the last comes on top."""

NOTHING = Offer(b"")
"""What stands for an offer that was taken, and is needed no more."""


class SocketConversation:
    """One call of an app, with `receive` and `send`; nothing waits but in these. `task` is that in which it runs.

    What it remembers, and what that decides:

    - `_stage`: what the app has done. So, which message may come next, and what is done for an app that ends.
    - `_connected`: `websocket.connect` was received, which comes first.
    - `_socket`: what the app has accepted, and `_denial` the answer that it gives in its place.
    - `_messages`, of so many bytes (`_held`): what has come and the app has not received.
    - `_end`: the code and reason of `websocket.disconnect`, which comes behind all messages.
    - `_replies`: the app has all messages. So, whether what it sends now is an answer that should leave promptly, or
      the first of several.
    """

    __slots__ = (
        "_connected",
        "_denial",
        "_end",
        "_exchange",
        "_held",
        "_limits",
        "_messages",
        "_offer",
        "_owner",
        "_replies",
        "_socket",
        "_stage",
        "_waiters",
        "task",
    )

    def __init__(self, exchange: Exchange, offer: Offer, limits: WebSocketLimits, owner: Owner) -> None:
        self._exchange = exchange
        self._offer = offer
        self._limits = limits
        self._owner = owner
        self._stage = OFFERED
        self._connected = False
        self._socket: Socket | None = None
        self._denial: Conversation | None = None
        self._messages: list[str | bytes] = []
        self._held = 0
        self._end: tuple[int, str] | None = None
        self._replies = False
        self._waiters = Waiters(owner.loop)
        self.task: asyncio.Task[None] | None = None
        exchange.on_gone = self._gone

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Call the app, and see that the WebSocket is closed, or refused, in the end. Raises nothing."""
        try:
            await app(scope, self.receive, self.send)
        except BaseException as error:  # SystemExit too: no app ends the server
            self._ended(error)
        else:
            self._ended(None)
        self._owner.running.discard(self)

    # Receiving

    async def receive(self) -> Message:
        """The next message: `websocket.connect`, what the client sends, and the end."""
        messages = self._messages
        if messages and (len(messages) >= MOST_MESSAGES or self._held >= ROOM):
            await asyncio.sleep(0)  # whoever floods an app that never waits does not keep the others waiting
        while not messages:
            if not self._connected:
                self._connected = True
                return {"type": "websocket.connect"}
            if self._socket is not None and self._socket.busy:
                self._socket.caught_up()
            if self._end is not None:
                code, reason = self._end
                return {"type": "websocket.disconnect", "code": code, "reason": reason}
            await self._waiters.wait()
        message = messages.pop(0)
        self._held -= len(message)
        self._replies = not messages
        if not messages:
            socket = self._socket  # which may have come while this waited
            if socket is not None and socket.paused:
                socket.resume()
        if type(message) is str:
            return {"type": "websocket.receive", "text": message}
        return {"type": "websocket.receive", "bytes": message}

    # Sending

    async def send(self, message: Message) -> None:
        """Take a message. Raises ClientDisconnected once the client is gone, and WrongAnswer for what breaks a rule."""
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            raise WrongAnswer(f"a message is a dict with a type, not {message!r:.100}") from None
        if kind != "websocket.send" or self._stage is not OPEN:
            await self._send_other(kind, message)
            return
        socket = self._socket
        if self._end is not None or socket is None:
            raise ClientDisconnected("the client is gone")
        text = message.get("text")
        content = text if type(text) is str and message.get("bytes") is None else _content_of(message)
        promptly, self._replies = self._replies, False
        socket.send(content, promptly)
        if socket.held and socket.full:
            await self._room(socket)

    async def _room(self, socket: Socket) -> None:
        while socket.full:
            await self._waiters.wait()
            if self._end is not None:
                raise ClientDisconnected("the client is gone")

    async def _send_other(self, kind: object, message: Message) -> None:
        check_socket_order(kind, self._stage)
        if self._stage is not DENYING and (self._end is not None or self._exchange.gone):
            raise ClientDisconnected("the client is gone")
        if kind == "websocket.accept":
            self._accept(message)
        elif kind == "websocket.close":
            self._close(message)
        else:
            await self._deny(message)

    def _accept(self, message: Message) -> None:
        subprotocol = message.get("subprotocol")
        if not (subprotocol is None or isinstance(subprotocol, str)):
            raise WrongAnswer(f"the subprotocol of websocket.accept is a str, not {subprotocol!r:.100}")
        headers = headers_of(message.get("headers") or ())
        self._socket = Socket(self._exchange, self._offer, self._limits, self, subprotocol, headers)
        self._offer = NOTHING
        self._stage = OPEN
        self._socket.begin()

    def _close(self, message: Message) -> None:
        code, reason = message.get("code"), message.get("reason") or ""
        code = NORMAL if code is None else code
        if not isinstance(code, int) or not isinstance(reason, str):
            raise WrongAnswer(f"websocket.close has an int for its code and a str for its reason, not {code!r:.100}")
        if self._socket is not None:
            self._socket.end(int(code), reason)
        else:
            self._exchange.respond(*refusal(403))
            code, reason = ABNORMAL, ""
        self._stage = OVER
        self.closed(int(code), reason)

    async def _deny(self, message: Message) -> None:
        if self._denial is None:
            status = message.get("status")
            if isinstance(status, int) and status < 300:  # over HTTP/2 it would open the WebSocket (RFC 8441 5)
                raise WrongAnswer(f"{status} denies nothing: the status of websocket.http.response.start is 300 to 599")
            self._denial = Conversation(self._exchange, self._owner)
            self._denial.task = self.task
            self.closed(ABNORMAL, "")
            self._stage = DENYING
        await self._denial.send({**message, "type": message["type"].removeprefix("websocket.")})

    # From the socket

    def received(self, message: str | bytes) -> None:
        """A message has come."""
        socket = self._socket
        assert socket is not None  # it is where the message comes from
        self._messages.append(message)
        self._held += len(message)
        socket.busy = True
        if self._held >= ROOM or len(self._messages) >= MOST_MESSAGES:
            socket.pause()
        self._waiters.wake()

    def closed(self, code: int, reason: str) -> None:
        """Nothing more comes."""
        if self._end is None:
            self._end = code, reason
            self._waiters.wake()

    def has_room(self) -> None:
        """More can be sent."""
        self._waiters.wake()

    def _gone(self) -> None:
        # Before it was accepted; later it is the socket that hears of it.
        if self._exchange.expired and self.task is not None:
            self.task.cancel()
        self.closed(ABNORMAL, self._exchange.why)

    # Ending, where the app does not

    def _ended(self, error: BaseException | None) -> None:
        if self._denial is not None:
            self._denial.end(error)
        elif error is not None:
            self._failed(error)
        elif self._stage is OPEN and self._socket is not None:
            self._socket.end()
        elif self._stage is OFFERED and self._end is None:
            what = "the app returned before it accepted or denied the WebSocket; websocket.close denies it"
            self._owner.tell(self._exchange, what)
            self._refuse(what)
        # Those who know each other would keep each other alive until a collection; a socket lets go by itself.
        if self._socket is None:
            self._exchange.on_gone = _nothing
        self._messages.clear()
        self._socket = None

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            quiet = self._exchange.gone or self._end is not None  # the server has cancelled it
        else:
            quiet = by_disconnection(error)
        if not quiet:
            self._owner.tell(self._exchange, f"the app failed\n{traceback_of(error)}")
        if self._socket is not None:
            self._exchange.why = self._exchange.why or in_one_line(error)
            self._socket.end(INTERNAL_ERROR)
        elif self._stage is OFFERED:
            self._refuse(in_one_line(error))

    def _refuse(self, why: str) -> None:
        exchange = self._exchange
        if not exchange.gone:
            exchange.why = why
            try:
                exchange.respond(*refusal(500))
            except BaseException as error:  # a feature has failed
                self._owner.tell(exchange, f"no answer could be given\n{traceback_of(error)}")
                exchange.abort(why)


def _content_of(message: Message) -> str | bytes:
    text: Any = message.get("text")
    data: Any = message.get("bytes")
    if data is None and isinstance(text, str):
        return text
    if text is None and isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    told = {name: value for name, value in message.items() if name != "type" and value is not None}
    raise WrongAnswer(f"websocket.send has either a text, which is a str, or bytes, and not {told!r:.100}")


def _nothing() -> None:
    pass
