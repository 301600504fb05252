"""What the engine of a WebSocket tells: messages, what control frames say, and how far it is. It knows no frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer asked whether we are there; it is answered already."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer is there: an answer to a `ping` with the same data, or unasked (RFC 6455 section 5.5.3)."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing more comes: the last event. The code and reason are the peer's, 1005 if it named none, 1006 if it left
    without a Close. Where it broke a rule (`fault`), they are what it was told (RFC 6455 section 7.1.5 to 7.1.7).
    """

    code: int
    reason: str = ""
    fault: bool = False


Event = str | bytes | Ping | Pong | Closed
"""A whole message is its text or its bytes, since most events are messages; the rest have a class of their own."""


class Phase(Enum):
    """Where a WebSocket is between its handshake and its end (RFC 6455 section 7)."""

    OPEN = "messages go both ways"
    CLOSING = "we have said Close, and the peer has not answered yet"
    CLOSED = "nothing more comes, and what is to be sent is all there is"


OPEN, CLOSING, CLOSED = Phase
