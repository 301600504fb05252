"""HTTP/2 as a pure machine (RFC 9113): Inbound takes what comes, Outbound says what goes, a Session is between."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pellucid.message import NO_FIELDS, Data, End, Event, Headers, Refused, Reset, Response
from pellucid.piece import Piece
from pellucid.protocol.engine import Phase
from pellucid.protocol.http2.codes import (
    ENHANCE_YOUR_CALM,
    INTERNAL_ERROR,
    NO_ERROR,
    SETTINGS_TIMEOUT,
)
from pellucid.protocol.http2.frames import joined, settings_frame, window_frame
from pellucid.protocol.http2.inbound import Inbound
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.http2.outbound import Outbound
from pellucid.protocol.http2.session import Session
from pellucid.protocol.http2.settings import own_settings
from pellucid.protocol.http2.windows import FIRST_WINDOW
from pellucid.protocol.limits import Limits


class Http2:
    """One connection's HTTP/2 on the server's side. `date` gives the Date line as HTTP/1 spells it, `now` the seconds
    by which rates are counted: the clocks are outside. `scheme` is that of the connection.
    """

    __slots__ = ("_inbound", "_outbound", "_session")

    multiplexed = True
    broken = False  # RST_STREAM tells that an answer is not complete

    def __init__(
        self,
        limits: Limits,
        own: Http2Limits,
        date: Callable[[], bytes],
        now: Callable[[], float],
        scheme: bytes = b"http",
    ) -> None:
        session = self._session = Session(own, now)
        self._inbound = Inbound(session, limits, scheme)
        self._outbound = Outbound(session, date)
        hello = settings_frame(own_settings(own.h2_streams, limits.head_size))
        session.output.append(hello + window_frame(0, session.inflow.left - FIRST_WINDOW))

    # Questions

    @property
    def served(self) -> int:
        """How many requests it has given out."""
        return self._session.served

    @property
    def finished(self) -> bool:
        """Whether nothing more will be said."""
        return self._session.finished

    @property
    def unread(self) -> bool:
        """Whether the peer may still be sending what nobody will read: dropped, or the end would overtake what was said
        before it.
        """
        return self._session.finished and not self._session.eof

    @property
    def output(self) -> list[Piece]:
        """What is to be sent, in order."""
        return self._session.output

    @property
    def phase(self) -> Phase:
        """What the peer is to do next, as far as anything waits for that."""
        session = self._session
        if session.finished:
            return Phase.OVER
        if not self._inbound.whole_blocks:
            return Phase.HEAD
        running = [stream for stream in session.streams.values() if not stream.answered]
        if not running:
            rests = self._inbound.resting and not session.streams
            return Phase.IDLE if rests else Phase.HEAD
        if all(stream.tunnel for stream in running):
            return Phase.TUNNEL
        if any(stream.incoming is not None and stream.receiving and stream.incoming.credit > 0 for stream in running):
            return Phase.BODY
        return Phase.ANSWER

    @property
    def pending(self) -> bool:
        """Whether `next_event` may have something to tell, or the peer is in the middle of something."""
        session = self._session
        if session.events or session.bodies or session.finished:
            return not session.finished or bool(session.events)
        return bool(session.lingering or session.draining or not self._inbound.resting)

    @property
    def hungry(self) -> bool:
        """Whether more bytes are of use: bodies are held back by their windows, so all else is."""
        session = self._session
        return not (session.finished or session.eof)

    def room(self, stream: int) -> int:
        """How much of an answer's body the peer has room for."""
        return self._outbound.room(stream)

    def in_order(self, streams: Iterable[int]) -> Iterable[int]:
        """The more urgent first, of those the older, and incremental ones in turn (RFC 9218 section 10)."""
        session = self._session
        if not session.mixed and not session.turns:
            return sorted(streams)
        return sorted(streams, key=session.rank)

    # From the peer

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._inbound.receive(data)

    def receive_eof(self) -> None:
        """The peer sends no more; what is whole is still answered."""
        session = self._session
        session.eof = True
        for number, stream in list(session.streams.items()):
            if stream.receiving:
                session.lose(number, "the connection ended inside a request's body (RFC 9113 8.1)")
                session.reset(number, NO_ERROR)
        session.close_down()

    def next_event(self) -> tuple[int, Event] | None:
        """The next event, each of them once."""
        session = self._session
        if session.events:
            item = session.events.popleft()
            if type(item[1]) is Reset:
                session.leaving.discard(item[0])
                if session.final is not None and not session.finished:
                    session.finish_if_done()
            return item
        bodies = session.bodies
        while bodies:
            number, stream = next(iter(bodies.items()))
            event = stream.incoming.next() if stream.incoming is not None else None
            if stream.incoming is None or not stream.incoming.readable:
                del bodies[number]
            if event is not None:
                if type(event) is Data:
                    session.give_back(number, len(event.data))
                elif type(event) is End and not stream.receiving:
                    stream.incoming = None
                return number, event
        return None

    def refuse(self, status: int, why: str, stream: int = 0) -> None:
        """Refuse the body of a request, which is answered then; or, with 0, what the peer is at with the connection."""
        session = self._session
        if session.finished:
            return
        if stream:
            state = session.streams.get(stream)
            if state is not None and state.incoming is not None and not state.answered:
                session.drop_body(stream, state)
                state.incoming.fail(Refused(status, why))
                session.bodies[stream] = state
        elif self._inbound.resting and session.lingering:
            for number in tuple(session.lingering):
                session.reset(number, NO_ERROR)
        else:
            silent = self._inbound.between and self._inbound.greeted and not self._inbound.resting
            session.fail(SETTINGS_TIMEOUT if silent else ENHANCE_YOUR_CALM, why)

    # From the app

    def credit(self, stream: int, count: int, answered: bool = False) -> None:
        """The app asks for the body: the moment for 100 Continue (RFC 9110 section 10.1.1)."""
        session = self._session
        state = session.streams.get(stream)
        incoming = state.incoming if state is not None else None
        if state is None or incoming is None:
            return
        incoming.credit += count
        if state.owed and not answered:
            if incoming.held:  # who reads before the answer waits for the end of an empty body, not for a tunnel
                session.give_back(stream, incoming.forgo())
            elif incoming.continue_owed and not incoming.received and not incoming.ended:
                self._outbound.inform(stream, 100, NO_FIELDS)
            incoming.continue_owed = False
        if incoming.readable:
            session.bodies[stream] = state

    def send_response(
        self, stream: int, response: Response, body: bytes | None, length: int | None = None
    ) -> bool | None:
        """Give the answer's head, and with `body` all of it."""
        return self._outbound.send_response(stream, response, body, length)

    def send_data(self, stream: int, piece: Piece) -> None:
        """Give the next piece of the answer's body."""
        self._outbound.send_data(stream, piece)

    def send_end(self, stream: int, trailers: Headers) -> None:
        """Give the end of the answer."""
        self._outbound.send_end(stream, trailers)

    def reset(self, stream: int) -> None:
        """Give up an answer."""
        session = self._session
        state = session.streams.get(stream)
        if state is not None:
            session.reset(stream, state.code or INTERNAL_ERROR)

    def end(self, why: str) -> None:
        """The connection is over."""
        session = self._session
        if not session.finished:
            session.say_goodbye(ENHANCE_YOUR_CALM if why else NO_ERROR, why)

    def drain(self) -> None:
        """Make an end: what the peer has begun by then is still answered."""
        self._session.drain()

    def take_output(self) -> list[Piece]:
        """What is to be sent; neighbouring bytes are one piece, so that one turn is one send."""
        output, self._session.output = self._session.output, []
        if len(output) < 2:
            return output
        return joined(output)
