"""A WebSocket over an exchange, whatever carries that; it knows no app, and no interface that apps are written for."""

from __future__ import annotations

from typing import Protocol

from pellucid.message import END, NO_FIELDS, End, Headers, Request
from pellucid.net.reactor import Timer
from pellucid.protocol.websocket.codes import ABNORMAL, GOING_AWAY, NORMAL, SERVICE_RESTART
from pellucid.protocol.websocket.deflate import Deflate, Deflation, agree
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Phase, Ping
from pellucid.protocol.websocket.extensions import Extension
from pellucid.protocol.websocket.handshake import Offer, accept, asks, judge
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal

ROOM = 65536
"""How many bytes of messages wait here before whoever sends should wait; the last message comes on top."""

WEIGHT = 64
"""What a message that waits counts for besides its bytes."""


class Listener(Protocol):
    """Who is told of what comes."""

    def received(self, message: str | bytes) -> None:
        """A whole message has come."""

    def closed(self, code: int, reason: str) -> None:
        """Nothing more comes, and nothing that is sent arrives any more; called once. The code is one of RFC 6455
        section 7.4: the client's, 1006 if it left without one, or what it was told.
        """

    def has_room(self) -> None:
        """What made it `full` has left."""


def wanted(request: Request) -> bool:
    """Whether a request is for a WebSocket."""
    return bool(request.upgrade) and asks(request)


def offered(exchange: Exchange) -> Offer | None:
    """What the client offers whose request is for a WebSocket; None if it breaks a rule, and then it is refused."""
    offer = judge(exchange.request)
    if isinstance(offer, Offer):
        return offer
    exchange.why = offer.why
    exchange.respond(*refusal(offer.response.status, offer.why, *offer.response.headers))
    return None


class Socket:
    """A WebSocket that has been accepted, and the source of the answer that carries it.

    From `begin` on messages go to its listener as they come. While it is `paused` none do, and the client is held back
    with at most 68 KiB and the message under way in memory; its pings wait too. A client of which nothing has come for
    one to two times websocket-ping-interval is pinged, and given up if it stays silent. When the server stops, it is
    closed with 1001, or 1012 if another server takes its place.

    A listener that answers later says that it is `busy`: the client's end then waits until it has `caught_up`, so that
    what came before still has its answer.

    `held` is how many bytes wait here to be pulled, `_rest` what of a piece there was no room for. `_silent` is whether
    nothing has come since the timer was set, and `_asked` whether the client was pinged then. `_last` is the client's
    end while it waits. `_later` is whether more has come than one round of the loop has time for, so that it goes on in
    the next: a flood of tiny messages, or some that are large once they are inflated, would keep all others waiting.
    """

    __slots__ = (
        "_asked",
        "_engine",
        "_exchange",
        "_last",
        "_later",
        "_limits",
        "_listener",
        "_rest",
        "_silent",
        "_timer",
        "busy",
        "held",
        "paused",
    )

    length: int | None = None

    def __init__(
        self,
        exchange: Exchange,
        offer: Offer,
        limits: WebSocketLimits,
        listener: Listener,
        subprotocol: str | None = None,
        headers: Headers = NO_FIELDS,
    ) -> None:
        """Accept. Raises WrongAnswer for a subprotocol that was not offered, and for fields that may not be set."""
        deflation, extension = _agree(offer, limits)
        response = accept(offer, subprotocol, extension, headers)
        deflate = None
        if deflation is not None:
            deflate = Deflate(deflation, limits.websocket_level, limits.websocket_threshold)
        self.paused = self.busy = self._later = False
        self.held = 0
        self._exchange = exchange
        self._limits = limits
        self._listener: Listener = NOBODY  # a listener that could not be accepted for is told by what this raises
        self._engine = WebSocket(limits, deflate)
        self._last: Closed | None = None
        self._rest: memoryview | bytes = b""
        self._silent = True
        self._asked = False
        self._timer: Timer | None = None
        exchange.respond(response, self)
        self._listener = listener

    def begin(self) -> None:
        """Let what comes come, now that the listener is ready."""
        exchange = self._exchange
        if exchange.gone or self._engine.closed:
            self._lost()
            return
        exchange.on_body = self._arrived
        exchange.on_leave = self._leave
        exchange.on_gone = self._lost
        exchange.request.headers.forget()  # half a kilobyte that nobody asks for while it is open
        if exchange.response is not None:
            exchange.response.headers.forget()
        if self.open:
            self._set_timer(self._limits.websocket_ping_interval)
        self._leave()
        self._read_on()

    @property
    def open(self) -> bool:
        """Whether nobody has begun to close it."""
        return self._engine.phase is Phase.OPEN

    @property
    def full(self) -> bool:
        """Whether whoever sends should wait for `has_room`."""
        return self.held >= ROOM

    def send(self, message: str | bytes, promptly: bool = True) -> None:
        """Send a text or binary message. One that is sent when it is not `open` any more does not arrive.

        What need not go out `promptly` goes with what follows in this round of the loop. Raises WrongAnswer for a text
        that is no UTF-8.
        """
        if type(message) is bytes:
            self._engine.send_binary(message)
        else:
            self._engine.send_text(message)
        if promptly and not self.held:
            pieces = self._engine.take_output()
            piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if not piece or self._exchange.push(piece):
                return
            self._engine.put_back(piece)
        self.held += len(message) + WEIGHT
        if promptly:
            self._exchange.wake()
        else:
            self._exchange.wake_soon()

    def end(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye; the client has websocket-close-time to do so too. Raises WrongAnswer for a code that may not be
        sent.
        """
        begins = self.open
        self._engine.close(code, reason)
        if self._last is not None:
            self._finish(self._last)
        elif begins:
            self._set_timer(self._limits.websocket_close_time)
            self._exchange.wake()
            self.resume()  # what the client still says is dropped, up to its goodbye

    def pause(self) -> None:
        """Deliver no more messages for now."""
        self.paused = self.open

    def resume(self) -> None:
        """Go on with it."""
        if self.paused:
            self.paused = False
            self._silent = False
            self._deliver()
            self._read_on()

    def caught_up(self) -> None:
        """The listener has dealt with all that came."""
        self.busy = False
        if self._last is not None:
            self._finish(self._last)

    # What comes in

    def _arrived(self) -> None:
        # Each part that comes is told of, so one look is enough.
        if not (self.paused or self._later):
            data = self._exchange.read()
            if data is not None:
                self._take(data)

    def _read_on(self) -> None:
        while not (self.paused or self._later):
            data = self._exchange.read()
            if data is None:
                break
            self._take(data)
            if not data:
                break

    def _take(self, data: bytes) -> None:
        self._silent = False
        if data:
            self._engine.receive(data)
        else:
            self._engine.receive_eof()
        self._deliver()

    def _deliver(self) -> None:
        engine = self._engine
        while engine.pending and not self.paused:
            event = engine.next_event()
            if type(event) is str or type(event) is bytes:
                self._listener.received(event)
            elif type(event) is Closed:
                self._closed(event)
            elif type(event) is Ping:
                self._exchange.wake()  # it is answered already
            if engine.pending and self._exchange.late:
                self._put_off()
                break

    def _put_off(self) -> None:
        if not self._later:
            self._later = True
            self._exchange.at(self._exchange.now, self._go_on)

    def _go_on(self) -> None:
        self._later = False
        self._deliver()
        self._read_on()

    # What goes out

    def pull(self, limit: int) -> bytes | End | None:
        """All that there is, as one piece, as far as there is room."""
        whole: memoryview | bytes = self._rest
        if not whole:
            pieces = self._engine.take_output()
            if not pieces:
                return END if self._engine.closed else None
            whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        held = self.held
        if len(whole) > limit:
            self._rest = memoryview(whole)[limit:]  # a view: a large message is not copied for each of its parts
            self.held = len(self._rest)
            whole = whole[:limit]
        else:
            self._rest = b""
            self.held = 0
        if held >= ROOM > self.held:
            self._listener.has_room()
        return whole if type(whole) is bytes else bytes(whole)

    @property
    def more(self) -> bool:
        """Whether another pull, right behind one, brings something."""
        engine = self._engine
        return bool(self._rest) or engine.unsaid or engine.closed

    def close(self) -> None:
        """The exchange is over, be it with another answer than this one, because something went wrong."""
        exchange = self._exchange
        exchange.on_body = exchange.on_leave = exchange.on_gone = _nothing  # or they would keep each other alive
        self._rest = b""
        self._engine.drop()
        self._lost()

    # Silence, and the ends

    def _set_timer(self, seconds: float) -> None:
        self._cancel_timer()
        self._silent = True
        if seconds:
            self._timer = self._exchange.at(self._exchange.now + seconds, self._on_time)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_time(self) -> None:
        limits = self._limits
        timeout = limits.websocket_ping_timeout
        if self._last is not None:
            self._finish(self._last)
        elif not self.open:
            self._give_up(f"websocket-close-time: no goodbye within {limits.websocket_close_time:g} s")
        elif self._silent and not self.paused and self._asked and timeout and not self.held:
            self._give_up(f"websocket-ping-timeout: no answer to a ping within {timeout:g} s")
        elif self._silent and not self.paused:
            self._engine.ping()
            self.held += WEIGHT  # while that waits behind other messages, no answer to it is due
            self._asked = True
            self._exchange.wake()
            self._set_timer(timeout or limits.websocket_ping_interval)
        else:
            self._asked = False
            self._set_timer(limits.websocket_ping_interval)

    def _give_up(self, why: str) -> None:
        self._exchange.note("debug", why)  # for whoever writes no access log, where it stands too
        self._exchange.abort(why)

    def _closed(self, event: Closed) -> None:
        if event.fault:
            self._exchange.complain(event.reason)
        if self.busy and self.open:
            self._last = event
            self._set_timer(self._limits.websocket_close_time)
        else:
            self._finish(event)

    def _finish(self, event: Closed) -> None:
        self._last = None
        self._engine.part()
        self._tell_closed(event.code, event.reason)
        self._exchange.wake()

    def _leave(self) -> None:
        # The end of a client that sends no more is told behind what it has sent.
        exchange = self._exchange
        if not exchange.stopping:
            return
        if self._last is not None:
            self._finish(self._last)
        elif self.open:
            code = SERVICE_RESTART if exchange.replaced else GOING_AWAY
            listener, self._listener = self._listener, NOBODY
            self.end(code)
            listener.closed(code, "")

    def _lost(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            self._tell_closed(last.code, last.reason)
        else:
            self._tell_closed(ABNORMAL, self._exchange.why)

    def _tell_closed(self, code: int, reason: str) -> None:
        self._cancel_timer()
        listener, self._listener = self._listener, NOBODY
        listener.closed(code, reason)


class _Nobody:
    # Who listens where nothing more is to be told.

    def received(self, message: str | bytes) -> None:
        pass

    def closed(self, code: int, reason: str) -> None:
        pass

    def has_room(self) -> None:
        pass


NOBODY = _Nobody()


def _agree(offer: Offer, limits: WebSocketLimits) -> tuple[Deflation, Extension] | tuple[None, None]:
    agreed = None
    if limits.websocket_compression and offer.extensions:
        agreed = agree(offer.extensions, limits.websocket_window, limits.websocket_takeover)
    return agreed if agreed is not None else (None, None)


def _nothing() -> None:
    pass
