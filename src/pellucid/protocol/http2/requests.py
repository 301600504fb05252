"""What comes on streams: requests that begin, their bodies and trailers, by the states of RFC 9113 section 5.1."""

from __future__ import annotations

from pellucid.message import NO_FIELDS, End, Field, Refused
from pellucid.protocol.content import too_large
from pellucid.protocol.fields import Broken
from pellucid.protocol.http2.blocks import Blocks
from pellucid.protocol.http2.codes import (
    FLOW_CONTROL_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    ConnectionFault,
    StreamFault,
    protocol_fault,
)
from pellucid.protocol.http2.frames import reset_frame
from pellucid.protocol.http2.head import Head, parse_head, parse_trailers, request_line
from pellucid.protocol.http2.hpack import ListTooLarge
from pellucid.protocol.http2.priority import UNTOLD
from pellucid.protocol.http2.session import Session
from pellucid.protocol.http2.streams import Incoming, Stream
from pellucid.protocol.http2.windows import STREAM_WINDOW
from pellucid.protocol.limits import Limits

SMALL = 16
"""Less than this in a frame of a body that goes on is counted, in bytes."""


class Requests:
    """Opens streams, and fills their bodies."""

    __slots__ = ("_blocks", "_limits", "_scheme", "_session")

    def __init__(self, session: Session, blocks: Blocks, limits: Limits, scheme: bytes) -> None:
        self._session = session
        self._blocks = blocks
        self._limits = limits
        self._scheme = scheme

    # The head

    def open_plain(self, stream: int, head: Head) -> None:
        """A request without a body begins in words that came before."""
        session = self._session
        if not self._may_open(stream, True):
            return
        session.events.append((stream, head.request(self._scheme, True)))
        session.streams[stream] = Stream(head.method, session.initial_window, head.fields.priority)
        self._count()

    def check_headers(self, stream: int) -> None:
        """Refuse a block on a stream that cannot have one, before it is read (RFC 9113 section 5.1)."""
        session = self._session
        if not stream & 1:
            raise protocol_fault("HEADERS on a stream with an even number (RFC 9113 5.1.1)")
        if stream <= session.last and stream not in session.streams and stream not in session.given_up:
            if session.was_skipped(stream):
                raise protocol_fault("a stream with a lower number than the last (RFC 9113 5.1.1)")
            raise ConnectionFault(STREAM_CLOSED, "HEADERS on a closed stream (RFC 9113 5.1)")

    def headers(self, stream: int, block: bytes, end: bool) -> None:
        """A whole block has come: a head, or trailers."""
        session = self._session
        fields: tuple[Field, ...] = ()
        refused: Broken | None = None
        head = self._blocks.heads.get(block)
        if head is None:
            try:
                fields = self._blocks.decode(block)
            except ListTooLarge as large:
                session.calm.large_heads.spend(session.now())
                fields = large.fields
                size = self._limits.head_size
                refused = Broken(431, f"a head of more than {size} bytes: head-size (RFC 6585 5)")
        if stream > session.last:
            if self._may_open(stream, end):
                self._open(stream, block, head, fields, refused, end)
        elif stream in session.streams:
            if head is not None:
                fields = self._blocks.decode(block)
            self._trailers(stream, fields, refused, end)
        elif end:
            session.given_up.pop(stream, None)

    def _may_open(self, stream: int, end: bool) -> bool:
        session = self._session
        if not stream & 1:
            raise protocol_fault("HEADERS on a stream with an even number (RFC 9113 5.1.1)")
        following = session.last + 2 if session.last else 1
        if stream != following:
            session.skipped.append(range(following, stream, 2))
        session.last = stream
        if session.final is None and not session.crowded:
            return True
        if not end:
            session.give_up(stream, STREAM_WINDOW)
        if session.final is None:
            session.calm.resets.spend(session.now())
            session.output.append(reset_frame(stream, REFUSED_STREAM))
        return False

    def _open(
        self, stream: int, block: bytes, head: Head | None, fields: tuple[Field, ...], refused: Broken | None, end: bool
    ) -> None:
        session = self._session
        try:
            if refused is not None:
                raise refused
            if head is None:
                head = parse_head(fields, self._limits)
                self._blocks.keep(block, head)
            session.events.append((stream, head.request(self._scheme, end)))
        except Broken as broken:
            self._refuse(stream, fields, broken, end)
            return
        state = session.streams[stream] = Stream(head.method, session.initial_window, head.fields.priority)
        if head.tunnel:
            state.incoming = Incoming(None, held=True)
            if end:
                state.incoming.end(End())
        elif not end:
            state.incoming = Incoming(head.fields.length, head.fields.expects_continue)
        session.take_priority(stream, state)
        self._count()

    def _refuse(self, stream: int, fields: tuple[Field, ...], broken: Broken, end: bool) -> None:
        # It is answered like any other request, and behind the answer the peer is told that it was at fault.
        session = self._session
        session.calm.faults.spend(session.now())
        line = request_line(fields)
        session.events.append((stream, Refused(broken.status, broken.why, line)))
        state = Stream("HEAD" if line.startswith(b"HEAD ") else "", session.initial_window, UNTOLD)
        session.streams[stream] = state
        state.code = PROTOCOL_ERROR if broken.status == 400 else NO_ERROR
        if not end:
            state.incoming = Incoming(None)
            state.incoming.deaf = state.incoming.failed = True
        self._count()

    def _count(self) -> None:
        session = self._session
        session.served += 1
        if session.served == self._limits.requests:
            session.drain()

    # The body

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
            incoming.end(End(NO_FIELDS))
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

    def _trailers(self, stream: int, fields: tuple[Field, ...], refused: Broken | None, end: bool) -> None:
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
