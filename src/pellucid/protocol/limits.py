"""How much a request may hold before an engine refuses it, whatever the protocol."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting

UNBOUNDED = 1 << 62
"""Stands for no limit where numbers are compared."""

REFUSED_LINE = 256
"""How much of the line of a request that is refused is told, in bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes that an engine checks. Zero stands for no limit."""

    request_line: int = setting(
        8192, "The longest request line (RFC 9112 section 3 asks for 8000); a longer one gets 414.", unit="bytes"
    )
    field_count: int = setting(100, "The most header fields of a request, and the most trailers; more get 431.")
    head_size: int = setting(
        32768, "The largest head of a request, or its trailers; a larger one gets 431.", unit="bytes"
    )
    body_size: int = setting(64 << 20, "The largest body of a request; a larger one gets 413.", unit="bytes")
    requests: int = setting(0, "How many requests one connection may carry; the last answer says Connection: close.")
