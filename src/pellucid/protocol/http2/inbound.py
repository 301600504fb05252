"""What comes from the peer: frames are taken apart, checked against the state that they meet, and change it."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.blocks import Blocks
from pellucid.protocol.http2.bodies import Bodies
from pellucid.protocol.http2.codes import (
    FRAME_SIZE_ERROR,
    SETTINGS_TIMEOUT,
    ConnectionFault,
    StreamFault,
    protocol_fault,
)
from pellucid.protocol.http2.control import Control
from pellucid.protocol.http2.requests import Requests
from pellucid.protocol.http2.session import Session
from pellucid.protocol.limits import Limits

WHOLE = frames.END_HEADERS | frames.END_STREAM
"""The flags of a request in one frame, without a body."""

ACK_TIME = 10.0
"""By when the peer must have answered SETTINGS, in seconds."""


class Inbound:
    """Takes bytes and changes the session by what they say; whatever they are, it raises nothing.

    `rest` is the beginning of a frame that is not whole yet, `greeted` whether the peer has said hello.
    """

    __slots__ = ("_blocks", "_bodies", "_control", "_due", "_late", "_requests", "_session", "greeted", "rest")

    def __init__(self, session: Session, limits: Limits, scheme: bytes) -> None:
        self._session = session
        self._blocks = Blocks(limits.head_size)
        self._bodies = Bodies(session, limits)
        self._requests = Requests(session, self._blocks, self._bodies, limits, scheme)
        self._control = Control(session)
        self.greeted = False
        self._due = session.now() + ACK_TIME
        self._late = False
        self.rest = b""

    @property
    def between(self) -> bool:
        """Whether no frame and no block of fields waits for its rest."""
        return not self.rest and self._blocks.open is None

    @property
    def whole_blocks(self) -> bool:
        """Whether the preface has come, and no block of fields waits for its rest."""
        return self.greeted and self._blocks.open is None and self.rest[3:4] != b"\x01"

    @property
    def resting(self) -> bool:
        """Whether the peer has said hello, knows what was said to it, and is in the middle of nothing."""
        return self.greeted and self._control.acknowledged and not self.rest and self._blocks.open is None

    def receive(self, data: bytes) -> None:
        """Take bytes."""
        if self._session.finished:
            return
        if self.rest:
            data = self.rest + data
        try:
            self.rest = data[self._take_frames(data) :]
            if not self._control.acknowledged:
                self._check_acknowledged()
        except ConnectionFault as fault:
            self.rest = b""
            self._blocks.open = None
            self._session.fail(fault.code, fault.why)

    def _take_frames(self, data: bytes) -> int:
        # Answers how many bytes were used. This is the loop that costs: a request that came before in the same words
        # is one look into a dictionary.
        at = 0 if self.greeted else self._greet(data)
        end = len(data) - frames.HEAD_SIZE
        unpack, requests, blocks, session = frames.HEAD.unpack_from, self._requests, self._blocks, self._session
        heads = blocks.heads
        while 0 <= at <= end:
            high, size, kind, flags, stream = unpack(data, at)
            if high or size > frames.LARGEST:
                raise ConnectionFault(FRAME_SIZE_ERROR, f"a frame of more than {frames.LARGEST} bytes (RFC 9113 4.2)")
            start = at + 9
            at = start + size
            if at > end + 9:
                return start - 9
            payload = data[start:at]
            if kind == 1 and flags == WHOLE and session.last < stream <= frames.STREAM_BITS and blocks.open is None:
                head = heads.get(payload)
                if head is not None and head.plain:
                    requests.open_plain(stream, head)
                    continue
            self._take(kind, flags, stream & frames.STREAM_BITS, payload)
            if session.finished:
                return len(data)
        return max(at, 0)

    def _check_acknowledged(self) -> None:
        # Section 6.5.3. It may be this end that was late, and the answer be among what was not read yet: so it is
        # looked for twice.
        now = self._session.now()
        if now > self._due:
            if self._late:
                raise ConnectionFault(SETTINGS_TIMEOUT, f"no answer to SETTINGS within {ACK_TIME:g} s (RFC 9113 6.5.3)")
            self._late = True
            self._due = now + 1

    def _greet(self, data: bytes) -> int:
        # Section 3.4: the preface, and SETTINGS behind it. Answers where the frames begin, -1 while that is not known.
        known = len(frames.PREFACE) + 9
        if not data.startswith(frames.PREFACE[: len(data)]):
            raise protocol_fault("no preface of HTTP/2 (RFC 9113 3.4)")
        if len(data) < known:
            return -1
        if data[known - 6] != frames.SETTINGS or data[known - 5] & frames.ACK:
            raise protocol_fault("no SETTINGS behind the preface (RFC 9113 3.4)")
        self.greeted = True
        return len(frames.PREFACE)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if self._blocks.open is not None and kind != frames.CONTINUATION:
            raise protocol_fault("a frame inside of a block of fields (RFC 9113 4.3)")
        take = _HANDLERS.get(kind)
        if take is None:
            self._control.unknown()
            return
        session = self._session
        try:
            if kind in _OF_STREAMS:
                self._check_stream(kind, stream)
            take(self, flags, stream, payload)
        except StreamFault as fault:
            session.calm.faults.spend(session.now())
            if fault.stream in session.streams:
                session.lose(fault.stream, fault.why)
                session.reset(fault.stream, fault.code)

    def _check_stream(self, kind: int, stream: int) -> None:
        if not stream:
            raise protocol_fault(f"{_OF_STREAMS[kind]} on stream 0 (RFC 9113 6)")
        if kind in (frames.HEADERS, frames.PRIORITY, frames.CONTINUATION):
            return
        if stream > self._session.last or not stream & 1:
            raise protocol_fault(f"{_OF_STREAMS[kind]} on an idle stream (RFC 9113 5.1)")

    # Frames of streams

    def _data(self, flags: int, stream: int, payload: bytes) -> None:
        self._bodies.data(stream, frames.unpadded(payload, flags), len(payload), bool(flags & frames.END_STREAM))

    def _headers(self, flags: int, stream: int, payload: bytes) -> None:
        part = frames.unpadded(payload, flags)
        if flags & frames.HAS_PRIORITY:
            part = frames.dependency(part, stream)
        self._requests.check_headers(stream)
        if flags & frames.END_HEADERS:
            self._requests.headers(stream, part, bool(flags & frames.END_STREAM))
        else:
            self._blocks.begin(stream, flags, part)

    def _continuation(self, flags: int, stream: int, payload: bytes) -> None:
        session, blocks = self._session, self._blocks
        block = blocks.go_on(stream, payload, session.calm, session.now())
        if flags & frames.END_HEADERS:
            self._requests.headers(stream, blocks.close(block), bool(block.flags & frames.END_STREAM))

    def _priority(self, flags: int, stream: int, payload: bytes) -> None:
        self._control.priority(stream, payload)

    def _rst_stream(self, flags: int, stream: int, payload: bytes) -> None:
        self._control.rst_stream(stream, payload)

    def _window_update(self, flags: int, stream: int, payload: bytes) -> None:
        if stream and (stream > self._session.last or not stream & 1):
            raise protocol_fault("WINDOW_UPDATE on an idle stream (RFC 9113 5.1)")
        self._control.window_update(stream, payload)

    # Frames of the connection

    def _settings(self, flags: int, stream: int, payload: bytes) -> None:
        _check_connection(stream, "SETTINGS")
        self._control.settings(bool(flags & frames.ACK), payload)

    def _ping(self, flags: int, stream: int, payload: bytes) -> None:
        _check_connection(stream, "PING")
        self._control.ping(bool(flags & frames.ACK), payload)

    def _goaway(self, flags: int, stream: int, payload: bytes) -> None:
        _check_connection(stream, "GOAWAY")
        self._control.goaway(payload)

    def _priority_update(self, flags: int, stream: int, payload: bytes) -> None:
        _check_connection(stream, "PRIORITY_UPDATE")
        self._control.priority_update(payload)

    def _push_promise(self, flags: int, stream: int, payload: bytes) -> None:
        raise protocol_fault("PUSH_PROMISE from a client (RFC 9113 8.4)")


_OF_STREAMS = {
    frames.DATA: "DATA",
    frames.HEADERS: "HEADERS",
    frames.PRIORITY: "PRIORITY",
    frames.RST_STREAM: "RST_STREAM",
    frames.CONTINUATION: "CONTINUATION",
}

_HANDLERS: dict[int, Callable[[Inbound, int, int, bytes], None]] = {
    frames.DATA: Inbound._data,
    frames.HEADERS: Inbound._headers,
    frames.PRIORITY: Inbound._priority,
    frames.RST_STREAM: Inbound._rst_stream,
    frames.SETTINGS: Inbound._settings,
    frames.PUSH_PROMISE: Inbound._push_promise,
    frames.PING: Inbound._ping,
    frames.GOAWAY: Inbound._goaway,
    frames.WINDOW_UPDATE: Inbound._window_update,
    frames.CONTINUATION: Inbound._continuation,
    frames.PRIORITY_UPDATE: Inbound._priority_update,
}


def _check_connection(stream: int, name: str) -> None:
    if stream:
        raise protocol_fault(f"{name} on a stream (RFC 9113 6)")
