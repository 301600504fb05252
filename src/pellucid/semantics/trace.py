"""Which trace a request belongs to: the traceparent field of W3C Trace Context, section 3.2."""

from __future__ import annotations

import re
from typing import NamedTuple


class Trace(NamedTuple):
    """A trace and one span of it, in lower-case hexadecimal; empty where there is none."""

    trace_id: str
    span_id: str


UNTRACED = Trace("", "")

# 3.2.2   version "-" trace-id "-" parent-id "-" trace-flags, all in lower-case hexadecimal; version ff is none, and ids
#         of zeros are none. 3.2.4: a later version may go on after a dash.
_TRACEPARENT = re.compile(
    rb"(?:00|(?P<later>(?!00|ff)[0-9a-f]{2}))-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-[0-9a-f]{2}"
    rb"(?(later)(?:-.*)?)"
)


def parse_traceparent(value: bytes | None) -> Trace:
    """The trace that a traceparent names and the caller's span in it, or UNTRACED where it is not valid."""
    match = _TRACEPARENT.fullmatch(value) if value else None
    return Trace(match["trace"].decode(), match["span"].decode()) if match else UNTRACED
