"""A WebSocket as an app of exchanges has it: messages by callbacks. It knows neither frames nor what carries them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CoroutineType

from pellucid.errors import WrongAnswer
from pellucid.message import NO_FIELDS, Headers
from pellucid.protocol.websocket.codes import INTERNAL_ERROR, NORMAL
from pellucid.protocol.websocket.handshake import Offer
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.server.socket import Socket, offered, wanted
from pellucid.tracebacks import in_one_line, traceback_of

DEFAULTS = WebSocketLimits()


class WebSocket:
    """A WebSocket that was accepted with `WebSocket.accept(exchange)`; all of it happens in the loop's thread.

    `on_message` is called with each message, a str or bytes, and `on_close` once, with a code and a reason, when
    nothing more comes: those of the client, 1006 if it left without any, or what it was told. `on_room` is called when
    what made the WebSocket `full` has left. None is called before the app has returned from `accept`'s exchange.

    A callback that raises is noted, and closes the WebSocket with 1011.
    """

    __slots__ = ("__weakref__", "_socket", "exchange", "on_close", "on_message", "on_room", "subprotocol")

    @staticmethod
    def asked(exchange: Exchange) -> bool:
        """Whether the client asks for a WebSocket: by Upgrade, or by CONNECT over HTTP/2 (RFC 8441)."""
        return wanted(exchange.request)

    @classmethod
    def accept(
        cls,
        exchange: Exchange,
        subprotocols: Sequence[str] = (),
        headers: Headers = NO_FIELDS,
        limits: WebSocketLimits = DEFAULTS,
    ) -> WebSocket | None:
        """Answer an exchange with a WebSocket. None if its client has not asked for one, or not as it must: it has
        its answer then, a 4xx.

        Of the client's `subprotocols` the first is taken that is among these. `headers` go into the answer. Raises
        WrongAnswer for fields that are the handshake's own.
        """
        if not wanted(exchange.request):
            _ask_for_upgrade(exchange)
            return None
        offer = offered(exchange)
        return cls(exchange, offer, subprotocols, headers, limits) if offer is not None else None

    def __init__(
        self, exchange: Exchange, offer: Offer, subprotocols: Sequence[str], headers: Headers, limits: WebSocketLimits
    ) -> None:
        self.exchange = exchange
        self.subprotocol = next((name for name in offer.subprotocols if name in subprotocols), None)
        self.on_message: Callable[[str | bytes], object] = _ignore
        self.on_close: Callable[[int, str], object] = _ignore
        self.on_room: Callable[[], object] = _ignore
        self._socket = Socket(exchange, offer, limits, self, self.subprotocol, headers)
        exchange.at(exchange.now, self._socket.begin)  # the app has yet to say whom to call

    @property
    def open(self) -> bool:
        """Whether what is sent goes anywhere: nobody has begun to close it."""
        return self._socket.open and not self.exchange.gone

    @property
    def full(self) -> bool:
        """Whether 64 KiB wait for a client that does not take them; `send` takes more, and it is kept in memory."""
        return self._socket.full

    def send(self, message: str | bytes) -> bool:
        """Send a text or a binary message; whether it is on its way. Raises WrongAnswer for text that is no UTF-8, and
        for what is neither a str nor bytes.
        """
        if not isinstance(message, str | bytes):
            raise WrongAnswer(f"a message is a str or bytes, not {message!r:.80}")
        if not self.open:
            return False
        self._socket.send(message)
        return True

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye, behind all that was sent. Raises WrongAnswer for a code that may not be sent (RFC 6455 7.4)."""
        if not self.exchange.gone:
            self._socket.end(code, reason)

    def pause(self) -> None:
        """Take no more messages for now; the client is held back."""
        self._socket.pause()

    def resume(self) -> None:
        """Go on with it."""
        self._socket.resume()

    # What follows is for the connection.

    def received(self, message: str | bytes) -> None:
        """A message has come."""
        try:
            _check_plain(self.on_message(message))
        except BaseException as error:
            self._failed(error)

    def closed(self, code: int, reason: str) -> None:
        """Nothing more comes."""
        try:
            _check_plain(self.on_close(code, reason))
        except BaseException as error:
            self._failed(error)
        self.on_message = self.on_close = self.on_room = _ignore  # what an app has bound would keep it alive

    def has_room(self) -> None:
        """What made it full has left."""
        try:
            _check_plain(self.on_room())
        except BaseException as error:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):  # nothing else is meant for the process
            raise error
        exchange = self.exchange
        exchange.note("error", f"the app failed\n{traceback_of(error)}")
        exchange.why = exchange.why or in_one_line(error)
        self.close(INTERNAL_ERROR)


def _ask_for_upgrade(exchange: Exchange) -> None:
    # RFC 9113 8.2.2: HTTP/2 has no Upgrade, which 426 may not come without.
    why = "here is a WebSocket, and nothing else (RFC 6455 4.1)"
    over_http1 = exchange.request.version[0] == "1"
    exchange.respond(*(refusal(426, why, (b"upgrade", b"websocket")) if over_http1 else refusal(400, why)))


def _check_plain(given: object) -> None:
    # What `async def` gives would be awaited by nobody, and do nothing without a word.
    if type(given) is CoroutineType:
        given.close()
        raise WrongAnswer("a callback of a WebSocket is a plain function, and not `async def`")


def _ignore(*facts: object) -> None:
    pass
