"""Frames as clients send them, and what becomes of bytes: whole, byte by byte and in random pieces it is the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pellucid.protocol.websocket.codes import PROTOCOL_ERROR
from pellucid.protocol.websocket.deflate import Deflate, Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Event, Phase
from pellucid.protocol.websocket.frames import FIN, TEXT, frame, masked_frame
from pellucid.protocol.websocket.limits import WebSocketLimits
from protocol.battery import splits

KEY = b"\x37\xfa\x21\x3d"
"""The masking key of the examples in RFC 6455 section 5.7."""

MIRRORED = Deflation(12, 12)
PLAIN = WebSocketLimits()


def sent(first: int, payload: bytes = b"", mask: bytes = KEY) -> bytes:
    """A frame from a client, of which FIN, the bits and the opcode are given as one byte."""
    return masked_frame(first, payload, mask)


def text(payload: bytes | str, mask: bytes = KEY) -> bytes:
    """A text message from a client, in one frame."""
    return sent(FIN | TEXT, payload.encode() if isinstance(payload, str) else payload, mask)


def said(socket: WebSocket) -> bytes:
    """What an engine has to say."""
    return b"".join(socket.take_output())


def limits(**some: Any) -> WebSocketLimits:
    """Limits, of which some are named without what all their names begin with."""
    return WebSocketLimits(**{f"websocket_{name}": value for name, value in some.items()})


def server(most: WebSocketLimits = PLAIN, deflation: Deflation | None = None, threshold: int = 1) -> WebSocket:
    """A server's side, with compression where it was agreed on."""
    return WebSocket(most, Deflate(deflation, 6, threshold) if deflation is not None else None)


def client(most: WebSocketLimits = PLAIN, deflation: Deflation | None = None, threshold: int = 1) -> WebSocket:
    """A client's side; `deflation` is the server's view of it."""
    deflate = None
    if deflation is not None:
        mirrored = Deflation(
            deflation.received_bits, deflation.sent_bits, deflation.received_takeover, deflation.sent_takeover
        )
        deflate = Deflate(mirrored, 6, threshold)
    return WebSocket(most, deflate, lambda: KEY)


@dataclass
class Course:
    """What became of some bytes: the events, what the engine said in answer, and how it ended."""

    events: list[Event] = field(default_factory=list)
    output: bytes = b""
    phase: Phase = Phase.OPEN

    @property
    def closed(self) -> Closed | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Closed) else None


def course(pieces: Iterable[bytes], socket: WebSocket, eof: bool = False) -> Course:
    """What becomes of bytes that arrive in these pieces, in the hands of somebody who asks as long as there is more."""
    found = Course()
    for piece in pieces:
        socket.receive(piece)
        _drain(socket, found)
    if eof:
        socket.receive_eof()
        _drain(socket, found)
    found.phase = socket.phase
    return found


def _drain(socket: WebSocket, found: Course) -> None:
    while (event := socket.next_event()) is not None:
        assert found.closed is None, "an event behind Closed"
        found.events.append(event)
        if isinstance(event, Closed):
            socket.part()
    assert not socket.pending
    assert socket.closed is (found.closed is not None)
    found.output += said(socket)


def every_way(data: bytes, most: WebSocketLimits = PLAIN, deflation: Deflation | None = None) -> Course:
    """What becomes of the data, having made sure that it is the same however they arrive and whatever follows."""
    whole = course([data], server(most, deflation))
    for pieces in splits(data):
        other = course(pieces, server(most, deflation))
        assert other == whole, f"split into {pieces[:5]}…"
    _check_trail(data, whole, most, deflation)
    if len(data) < 300:
        for end in range(len(data)):
            ended = course([data[:end]], server(most, deflation), eof=True)
            assert ended.closed is not None, f"the end behind {data[:end]!r} is not noticed"
    return whole


def _check_trail(data: bytes, whole: Course, most: WebSocketLimits, deflation: Deflation | None) -> None:
    trailed = course([data + text("trail")], server(most, deflation))
    if whole.closed is not None:
        assert trailed == whole, "something was read behind the end"
    else:
        assert trailed.events[: len(whole.events)] == whole.events


def refuse(
    data: bytes,
    why: str,
    code: int = PROTOCOL_ERROR,
    most: WebSocketLimits = PLAIN,
    deflation: Deflation | None = None,
) -> Course:
    """Refused with this code and reason, whatever the split; the peer is told, and nothing behind it is read."""
    found = every_way(data, most, deflation)
    assert found.closed is not None, found.events
    assert (found.closed.code, found.closed.fault) == (code, True)
    assert why in found.closed.reason
    close = frame(0x88, code.to_bytes(2, "big") + found.closed.reason.encode())
    assert found.output.endswith(close)
    assert found.phase is Phase.CLOSED
    return found
