"""Frames that carry no message: SETTINGS, PING, GOAWAY, WINDOW_UPDATE, RST_STREAM, priorities (RFC 9113 section 6)."""

from __future__ import annotations

from pellucid.protocol.http2 import settings
from pellucid.protocol.http2.codes import (
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    NAMES,
    PROTOCOL_ERROR,
    ConnectionFault,
    StreamFault,
    protocol_fault,
)
from pellucid.protocol.http2.frames import ACK, SETTINGS_ACK, STREAM_BITS, dependency, ping_frame, word
from pellucid.protocol.http2.priority import read_priority
from pellucid.protocol.http2.session import LEAVING, Session
from pellucid.protocol.http2.windows import LARGEST_WINDOW


class Control:
    """Acts on the session by what these frames say. `acknowledged`: the peer knows what it was told in SETTINGS."""

    __slots__ = ("_session", "acknowledged")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.acknowledged = False

    def settings(self, ack: bool, payload: bytes) -> None:
        """The peer tells of itself, or that it has read what this end told (section 6.5)."""
        session = self._session
        session.calm.settings.spend(session.now())
        if ack:
            if payload:
                raise ConnectionFault(FRAME_SIZE_ERROR, "an answer to SETTINGS that is not empty (RFC 9113 6.5)")
            self.acknowledged = True
            return
        if len(payload) > 6 * settings.MOST and not len(payload) % 6:
            raise ConnectionFault(
                ENHANCE_YOUR_CALM, f"h2-settings: more than {settings.MOST} values in one SETTINGS (RFC 9113 10.5)"
            )
        for key, value in settings.read_settings(payload):
            if key == settings.INITIAL_WINDOW_SIZE:
                self._resize(value)
            elif key == settings.HEADER_TABLE_SIZE and value < settings.USUAL_TABLE:
                session.resized = True
        session.output.append(SETTINGS_ACK)

    def _resize(self, window: int) -> None:
        # Section 6.9.2: what was told of new streams changes those that are open too, and may leave less than nothing.
        session = self._session
        change = window - session.initial_window
        session.initial_window = window
        for stream in session.streams.values():
            stream.window += change
            if stream.window > LARGEST_WINDOW:
                raise ConnectionFault(FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes (RFC 9113 6.9.2)")

    def ping(self, ack: bool, payload: bytes) -> None:
        """The peer asks whether anybody is there, or answers (section 6.7)."""
        session = self._session
        if len(payload) != 8:
            raise ConnectionFault(FRAME_SIZE_ERROR, "a PING that is not of 8 bytes (RFC 9113 6.7)")
        session.calm.pings.spend(session.now(), session.served + session.frames)
        if not ack:
            session.output.append(ping_frame(payload, ACK))
        elif session.draining and payload == LEAVING:
            session.close_down()

    def goaway(self, payload: bytes) -> None:
        """The peer is about to leave: it knows best when (section 6.8)."""
        if len(payload) < 8:
            raise ConnectionFault(FRAME_SIZE_ERROR, "a GOAWAY of less than 8 bytes (RFC 9113 6.8)")
        self.unknown()

    def unknown(self) -> None:
        """A frame that means nothing here (section 5.5)."""
        session = self._session
        session.calm.others.spend(session.now())

    def window_update(self, stream: int, payload: bytes) -> None:
        """The peer has room for more (section 6.9)."""
        session = self._session
        increment = word(payload, "a WINDOW_UPDATE") & STREAM_BITS
        session.calm.windows.spend(session.now(), 4 * (session.served + session.frames))
        if not stream:
            if not increment:
                raise protocol_fault("a WINDOW_UPDATE by 0 (RFC 9113 6.9)")
            session.window += increment
            if session.window > LARGEST_WINDOW:
                raise ConnectionFault(FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes (RFC 9113 6.9.1)")
            return
        state = session.streams.get(stream)
        if state is None:
            return  # section 5.1: it was sent before the peer knew that the stream has ended
        if not increment:
            raise StreamFault(stream, PROTOCOL_ERROR, "a WINDOW_UPDATE by 0 (RFC 9113 6.9)")
        state.window += increment
        if state.window > LARGEST_WINDOW:
            raise StreamFault(stream, FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes (RFC 9113 6.9.1)")

    def rst_stream(self, stream: int, payload: bytes) -> None:
        """The peer gives a stream up (section 6.4)."""
        session = self._session
        code = word(payload, "a RST_STREAM")
        session.calm.resets.spend(session.now())
        session.given_up.pop(stream, None)
        state = session.streams.get(stream)
        if state is not None:
            session.lose(stream, f"the client gave it up: {NAMES.get(code, code)}")
            session.drop_body(stream, state)
            session.close(stream)

    def priority(self, stream: int, payload: bytes) -> None:
        """The priorities of RFC 7540 mean nothing any more (section 5.3.2)."""
        session = self._session
        session.calm.priorities.spend(session.now())
        if len(payload) == 5:
            dependency(payload, stream)
        elif stream in session.streams:
            raise StreamFault(stream, FRAME_SIZE_ERROR, "a PRIORITY that is not of 5 bytes (RFC 9113 6.3)")
        else:
            raise ConnectionFault(FRAME_SIZE_ERROR, "a PRIORITY that is not of 5 bytes (RFC 9113 6.3)")

    def priority_update(self, payload: bytes) -> None:
        """How urgent an answer is, said anew, or before its request (RFC 9218 section 7.1)."""
        session = self._session
        session.calm.priorities.spend(session.now())
        if len(payload) < 4:
            raise ConnectionFault(FRAME_SIZE_ERROR, "a PRIORITY_UPDATE of less than 4 bytes (RFC 9218 7.1)")
        stream = int.from_bytes(payload[:4], "big") & STREAM_BITS
        if not stream & 1:
            raise protocol_fault("a PRIORITY_UPDATE of a stream that no client opens (RFC 9218 7.1)")
        session.prioritize(stream, read_priority(payload[4:]))
