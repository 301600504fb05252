"""What comes of a WebSocket: whole messages, and what its control frames tell. It knows no frame."""

from __future__ import annotations

from dataclasses import dataclass


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
