"""Requests that begin: a block of fields opens a stream or ends a body, by the states of RFC 9113 section 5.1."""

from __future__ import annotations

from pellucid.message import END, Field, Refused
from pellucid.protocol.fields import Broken
from pellucid.protocol.http2.blocks import Blocks
from pellucid.protocol.http2.bodies import Bodies
from pellucid.protocol.http2.codes import (
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    ConnectionFault,
    protocol_fault,
)
from pellucid.protocol.http2.frames import reset_frame
from pellucid.protocol.http2.head import Head, parse_head, request_line
from pellucid.protocol.http2.hpack import ListTooLarge
from pellucid.protocol.http2.priority import UNTOLD
from pellucid.protocol.http2.session import Session
from pellucid.protocol.http2.streams import Incoming, Stream
from pellucid.protocol.http2.windows import FIRST_WINDOW
from pellucid.protocol.limits import Limits


class Requests:
    """Opens streams for whole blocks of fields, and ends bodies with them."""

    __slots__ = ("_blocks", "_bodies", "_limits", "_scheme", "_session")

    def __init__(self, session: Session, blocks: Blocks, bodies: Bodies, limits: Limits, scheme: bytes) -> None:
        self._session = session
        self._blocks = blocks
        self._bodies = bodies
        self._limits = limits
        self._scheme = scheme

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
        """A whole block has come: a head, trailers, or either of a stream that was given up."""
        session = self._session
        if stream > session.last:
            self._begin(stream, block, end)
            return
        fields, fault = self._read(block)
        if stream in session.streams:
            self._bodies.trailers(stream, fields, fault, end)
        elif end:
            session.given_up.pop(stream, None)

    def _read(self, block: bytes) -> tuple[tuple[Field, ...], Broken | None]:
        try:
            return self._blocks.decode(block), None
        except ListTooLarge as large:
            self._session.calm.large_heads.spend(self._session.now())
            size = self._limits.head_size
            return large.fields, Broken(431, f"a head of more than {size} bytes: head-size (RFC 6585 5)")

    def _begin(self, stream: int, block: bytes, end: bool) -> None:
        session = self._session
        head = self._blocks.heads.get(block)
        fields, fault = self._read(block) if head is None else ((), None)
        if not self._may_open(stream, end):
            return
        try:
            if fault is not None:
                raise fault
            if head is None:
                head = parse_head(fields, self._limits)
                self._blocks.keep(block, head)
            request = head.request(self._scheme, end)
        except Broken as broken:
            self._refuse(stream, fields, broken, end)
            return
        session.events.append((stream, request))
        state = session.streams[stream] = Stream(head.method, session.initial_window, head.fields.priority)
        if head.tunnel:
            state.incoming = Incoming(None, held=True)
            if end:
                state.incoming.end(END)
        elif not end:
            state.incoming = Incoming(head.fields.length, head.fields.expects_continue)
        session.take_priority(stream, state)
        self._count()

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
            session.give_up(stream, FIRST_WINDOW)
        if session.final is None:
            session.calm.resets.spend(session.now())
            session.output.append(reset_frame(stream, REFUSED_STREAM))
        return False

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
