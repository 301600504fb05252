"""How much of HTTP/2 a connection may ask for, beyond the limits that every protocol has."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class Http2Limits:
    """What HTTP/2 has to itself. Zero stands for no limit."""

    http2: bool = setting(True, "Speak HTTP/2 with those who ask for it, over TLS and by prior knowledge in the clear.")
    h2_streams: int = setting(
        100, "The most requests of one HTTP/2 connection at a time; more are refused, so that the client asks again."
    )
    h2_resets: int = setting(
        50,
        "How many requests of one HTTP/2 connection may be given up or refused per second, after ten times as many at "
        "once; more end it.",
    )
    h2_pings: int = setting(
        50,
        "How many PINGs of one HTTP/2 connection are answered per second beyond one for each part of an answer, after "
        "ten times as many at once; more end it.",
    )
