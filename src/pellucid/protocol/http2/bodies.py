"""Bodies of requests as they come in: DATA and trailers, within their windows (RFC 9113 section 5.1, 6.1, 8.1)."""

from __future__ import annotations

from pellucid.message import END, End, Field, Refused
from pellucid.protocol.content import too_large
from pellucid.protocol.fields import Broken
from pellucid.protocol.http2.codes import (
    FLOW_CONTROL_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    ConnectionFault,
    StreamFault,
)
from pellucid.protocol.http2.head import parse_trailers
from pellucid.protocol.http2.session import Session
from pellucid.protocol.http2.streams import Incoming, Stream
from pellucid.protocol.limits import Limits

SMALL = 16
"""Less than this in a frame of a body that goes on is counted, in bytes."""


class Bodies:
    """Fills the bodies of the streams that are open."""

    __slots__ = ("_limits", "_session")

    def __init__(self, session: Session, limits: Limits) -> None:
        self._session = session
        self._limits = limits

    def data(self, stream: int, data: bytes, size: int, end: bool) -> None:
        """A part of a body has come; `size` counts its padding too (section 6.1, 6.9)."""
        session = self._session
        if not session.inflow.take(size):
            raise ConnectionFault(FLOW_CONTROL_ERROR, "more bodies than the connection's window (RFC 9113 6.9.1)")
        if len(data) < SMALL and not end:
            self._count_small(data)
        state = session.streams.get(stream)
        if state is None:
            self._data_too_late(stream, size, end)
            return
        incoming = state.incoming
        if incoming is None or incoming.ended:
            session.give_back(stream, size)
            raise StreamFault(stream, STREAM_CLOSED, "DATA behind the end of a request (RFC 9113 5.1)")
        if not incoming.inflow.take(size):
            session.give_back(stream, size)
            raise StreamFault(stream, FLOW_CONTROL_ERROR, "more of a body than its window (RFC 9113 6.9.1)")
        incoming.ended = end
        if size > len(data):
            session.give_back(stream, size - len(data))
        try:
            self._count_data(incoming, len(data), end)
        except Broken as broken:
            session.give_back(stream, len(data))
            self._fail_body(stream, state, incoming, broken)
            return
        if incoming.deaf:
            session.give_back(stream, len(data))
            self._drop(stream, state, incoming, len(data))
            return
        if data:
            incoming.add(data)
        if end:
            incoming.end(END)
        if incoming.readable:
            session.bodies[stream] = state

    def trailers(self, stream: int, fields: tuple[Field, ...], refused: Broken | None, end: bool) -> None:
        """The fields behind a body have come (section 8.1); `refused` is what was wrong with their block."""
        session = self._session
        state = session.streams[stream]
        incoming = state.incoming
        if incoming is None or incoming.ended:
            raise StreamFault(stream, STREAM_CLOSED, "HEADERS behind the end of a request (RFC 9113 5.1)")
        if state.method == "CONNECT":
            raise StreamFault(stream, PROTOCOL_ERROR, "HEADERS in a tunnel (RFC 9113 8.5)")
        if not end:
            raise StreamFault(stream, PROTOCOL_ERROR, "trailers that do not end the request (RFC 9113 8.1)")
        incoming.ended = True
        try:
            if refused is not None:
                raise refused
            trailers = parse_trailers(fields, self._limits)
            self._count_data(incoming, 0, True)
        except Broken as broken:
            self._fail_body(stream, state, incoming, broken)
            return
        if incoming.deaf:
            self._drop(stream, state, incoming, 0)
            return
        incoming.end(End(trailers))
        if incoming.readable:
            session.bodies[stream] = state

    def _count_small(self, data: bytes) -> None:
        # A tunnel may carry many small messages, and each that is answered pays for one.
        session = self._session
        if data:
            session.calm.small_data.spend(session.now(), session.frames)
        else:
            session.calm.empties.spend(session.now())

    def _data_too_late(self, stream: int, size: int, end: bool) -> None:
        # Of a stream that was reset here, what was on its way is dropped; of any other that is closed, it is a fault.
        session = self._session
        left = session.given_up.get(stream)
        session.give_back(0, size)
        if left is None:
            raise ConnectionFault(STREAM_CLOSED, "DATA on a closed stream (RFC 9113 5.1)")
        if size > left:
            raise ConnectionFault(FLOW_CONTROL_ERROR, "more of a body than its window (RFC 9113 6.9.1)")
        if end:
            del session.given_up[stream]
        else:
            session.given_up[stream] = left - size

    def _count_data(self, incoming: Incoming, size: int, end: bool) -> None:
        if incoming.failed:
            return
        if size:
            incoming.received += size
            incoming.continue_owed = False
        most = self._limits.body_size
        if incoming.left is not None:
            incoming.left -= size
            if incoming.left < 0:
                raise Broken(400, "a body that is longer than its Content-Length (RFC 9113 8.1.1)")
            if end and incoming.left:
                raise Broken(400, "a body that is shorter than its Content-Length (RFC 9113 8.1.1)")
        elif most and incoming.received > most and not incoming.tunnel:
            raise too_large(most)

    def _fail_body(self, stream: int, state: Stream, incoming: Incoming, broken: Broken) -> None:
        # RFC 9113 8.1.1. It is told in the order of what came; behind the answer, nobody but the peer is told.
        session = self._session
        if broken.status == 400:
            session.calm.faults.spend(session.now())
        code = PROTOCOL_ERROR if broken.status == 400 else NO_ERROR
        if state.answered:
            session.reset(stream, code)
            return
        if not incoming.failed:
            state.code = code
            incoming.fail(Refused(broken.status, broken.why))
        if incoming.readable:
            session.bodies[stream] = state

    def _drop(self, stream: int, state: Stream, incoming: Incoming, size: int) -> None:
        session = self._session
        incoming.dropped += size
        if not state.answered:
            return
        if incoming.ended:
            session.close(stream)
        elif not incoming.droppable:
            session.reset(stream, NO_ERROR)
