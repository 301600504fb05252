"""Priorities (RFC 9218): how urgent an answer is, whether a part of it is of use, in the words of a field."""

from __future__ import annotations

import re
from typing import NamedTuple


class Priority(NamedTuple):
    """How urgent an answer is, from 0 for most to 7, and whether it is used as it comes (section 4)."""

    urgency: int = 3
    incremental: bool = False


USUAL = Priority()

UNTOLD = Priority(incremental=True)
"""That of an answer of whose urgency nothing was said: a large one must not keep a small one waiting."""

QUANTUM = 65536
"""How much an incremental answer gives before another one has its turn, in bytes."""

LONGEST = 256
"""How much of a priority is read, in bytes: it holds two short parameters, and some that nobody knows yet."""

_URGENCIES = tuple(b"%d" % urgency for urgency in range(8))

# RFC 9651 3.2: a dictionary; its members stand between commas, and their parameters do not count.
_MEMBER = re.compile(rb"[ \t]*([a-z*][a-z0-9_.*-]*)(?:=([^;,]*))?(?:;[^,]*)?[ \t]*")


def read_priority(value: bytes) -> Priority:
    """The priority in a field or frame. What is not understood is overlooked, as section 4 asks."""
    urgency, incremental = USUAL
    for member in value[:LONGEST].split(b","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            continue
        key, given = match[1], match[2] and match[2].rstrip(b" \t")
        if key == b"u" and given in _URGENCIES:
            urgency = int(given)
        elif key == b"i" and given in (None, b"?1", b"?0"):
            incremental = given != b"?0"
    return Priority(urgency, incremental)
