"""How much of HTTP/2 a connection may ask for, beyond the limits that every protocol has."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class Http2Limits:
    """What HTTP/2 has to itself. Zero stands for no limit."""

    http2: bool = setting(True, "Speak HTTP/2 with those who ask for it, over TLS and by prior knowledge in the clear.")
