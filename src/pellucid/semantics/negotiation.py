"""Which of several representations a client prefers (RFC 9110 section 12.5); it knows names, not what stands behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pellucid.message import Headers
from pellucid.semantics.lists import split_list

# More members than any client sends; what stands behind them is not looked at.
MOST_MEMBERS = 64

# A longer value is read anew each time, so that the caches below stay small in bytes too.
LONGEST_KEPT = 512


def varying(headers: Headers, name: bytes) -> Headers:
    """The fields of an answer that depends on this field of its request too (RFC 9110 section 12.5.5)."""
    vary = headers.get(b"vary")
    if vary is None:
        return headers.plus((b"vary", name))
    named = split_list(vary.lower())
    if b"*" in named or name.lower() in named:
        return headers
    return headers.without(b"vary").plus((b"vary", vary + b", " + name))


def choose_coding(value: bytes | None, offered: Sequence[bytes]) -> bytes | None:
    """The content coding to answer in, by an Accept-Encoding field; None for the content as it is (section 12.5.3).

    `offered` is in the server's order, which decides between equal weights; lower case. Without the field, which
    would allow any coding, the answer is None: such a client is old or simple. None is the answer also where
    everything is excluded, since an answer in no coding is worth more than a 406.
    """
    if not value or not offered:
        return None
    weights = (_kept_coding_weights if len(value) <= LONGEST_KEPT else _coding_weights)(value)
    rest = weights.get(b"*", 0)
    best, best_weight = None, weights.get(b"identity", 0)
    for coding in offered:
        weight = weights.get(coding, rest)
        # At the same weight a coding is better than none: it is there because it is smaller.
        if weight and (weight > best_weight or (best is None and weight == best_weight)):
            best, best_weight = coding, weight
    return best


def choose_type(value: bytes | None, offered: Sequence[bytes]) -> bytes | None:
    """The media type to answer in, by an Accept field; None where no offered one is acceptable (section 12.5.1).

    `offered` is in the server's order, which decides between equal weights; lower case, without parameters. The most
    specific range that matches a type gives its weight. A range with a parameter of its own (`text/html;level=1`, not
    `charset`) asks for more than is offered and matches nothing.
    """
    if not offered:
        return None
    if value is None or not value.strip(b" \t"):
        return offered[0]
    weights = (_kept_type_weights if len(value) <= LONGEST_KEPT else _type_weights)(value)
    best, best_weight = None, 0
    for kind in offered:
        major = kind.partition(b"/")[0]
        weight = weights.get(kind)
        if weight is None:
            weight = weights.get(major + b"/*")
        if weight is None:
            weight = weights.get(b"*/*", 0)
        if weight > best_weight:
            best, best_weight = kind, weight
    return best


# weight = OWS ";" OWS "q=" qvalue;  qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
_QVALUE = re.compile(rb"(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def _thousandths(qvalue: bytes) -> int | None:
    """A weight as a whole number of 0 to 1000, so that equal weights are equal; None for what is no qvalue."""
    if not _QVALUE.fullmatch(qvalue):
        return None
    whole, _, fraction = qvalue.partition(b".")
    return int(whole) * 1000 + int(fraction.ljust(3, b"0"))


def _members(value: bytes) -> list[tuple[bytes, list[bytes], int]]:
    """Name, parameters and weight of each member, the unreadable ones left out: what is not clear is not wanted."""
    members = []
    for member in split_list(value)[:MOST_MEMBERS]:
        name, *parameters = split_list(member.lower(), b";") or [b""]
        weight: int | None = 1000
        for position, parameter in enumerate(parameters):
            if parameter.startswith(b"q="):
                weight = _thousandths(parameter[2:])
                # What follows the weight was an extension once, and means nothing now (section 12.5.1).
                parameters = parameters[:position]
                break
        if weight is not None:
            members.append((name, parameters, weight))
    return members


def _coding_weights(value: bytes) -> dict[bytes, int]:
    weights: dict[bytes, int] = {}
    for name, parameters, weight in _members(value):
        if not parameters:
            # x-gzip is another name for gzip (section 8.4.1.3).
            weights.setdefault(b"gzip" if name == b"x-gzip" else name, weight)
    return weights


def _type_weights(value: bytes) -> dict[bytes, int]:
    weights: dict[bytes, int] = {}
    for name, parameters, weight in _members(value):
        if all(parameter.startswith(b"charset=") for parameter in parameters):
            weights.setdefault(name, weight)
    return weights


# A browser sends the same two values with every request.
_kept_coding_weights = lru_cache(256)(_coding_weights)
_kept_type_weights = lru_cache(256)(_type_weights)
