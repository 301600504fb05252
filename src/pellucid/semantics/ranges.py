"""Byte ranges (RFC 9110 section 14): from the Range field to what to send of so many bytes; it knows no file."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The first byte, and the one after the last.
Span = tuple[int, int]


def parse_ranges(value: bytes, size: int, most: int = 32) -> tuple[Span, ...] | None:
    """The spans of a content of `size` bytes that a Range field asks for; none of them left means 416; None means 200.

    None, the whole content, is the answer to another unit, to a wrong syntax, to any range of an empty content, and to
    a list of more than `most` ranges: section 14.2 allows to ignore what looks like an attack (section 17.15), and a
    whole answer is right for everyone, where a shortened list is not. It is also cheap: a long list is counted, not
    read.

    Spans that overlap or touch become one, at the place of the first of them; the order is the client's (15.3.7.2).
    """
    unit, equals, ranges = value.partition(b"=")
    if not size or not equals or unit.lower() != b"bytes" or ranges.count(b",") >= most:
        return None
    spans = []
    for part in filter(None, (part.strip(b" \t") for part in ranges.split(b","))):
        span = _span(part, size)
        if span is None:
            return None
        spans.append(span)
    return _merged([span for span in spans if span[0] < span[1]]) if spans else None


def content_range(span: Span, size: int) -> bytes:
    """The Content-Range of one part (RFC 9110 section 14.4)."""
    return b"bytes %d-%d/%d" % (span[0], span[1] - 1, size)


def unsatisfied_range(size: int) -> bytes:
    """The Content-Range of a 416 answer."""
    return b"bytes */%d" % size


def part_heads(spans: Sequence[Span], size: int, media_type: bytes, boundary: bytes) -> list[bytes]:
    """What stands before the bytes of each part of a multipart/byteranges body (RFC 9110 section 14.6).

    The boundary must not occur in the content: hand in one that nobody can guess.
    """
    middle = b"--%b\r\nContent-Type: %b\r\nContent-Range: " % (boundary, media_type)
    heads = [b"\r\n%b%b\r\n\r\n" % (middle, content_range(span, size)) for span in spans]
    # The line break before the first delimiter is a preamble that not every reader expects.
    return [heads[0].removeprefix(b"\r\n"), *heads[1:]]


def closing(boundary: bytes) -> bytes:
    """What stands after the last part."""
    return b"\r\n--%b--\r\n" % boundary


# int-range = first-pos "-" [ last-pos ];  suffix-range = "-" suffix-length
_RANGE = re.compile(rb"([0-9]*)-([0-9]*)")

# No file is longer than 20 digits can say, and Python refuses to read very long numbers (section 14.1.2).
_DIGITS = 20


def _span(part: bytes, size: int) -> Span | None:
    """One range as a span, an empty one if it cannot be satisfied; None if it is not a range."""
    match = _RANGE.fullmatch(part)
    if match is None or part == b"-":
        return None
    first, last = match.groups()
    if not first:
        return (max(0, size - _number(last)), size)
    if not last:
        return (min(_number(first), size), size)
    start, end = _number(first), _number(last)
    if end < start:
        return None
    return (min(start, size), min(end + 1, size))


def _number(digits: bytes) -> int:
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _DIGITS else 10**_DIGITS


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    places: dict[Span, int] = {}
    for start, end in sorted(spans):
        place = spans.index((start, end))
        if places and start <= (last := next(reversed(places)))[1]:
            place = min(place, places.pop(last))
            start, end = last[0], max(last[1], end)
        places[(start, end)] = place
    return tuple(sorted(places, key=places.__getitem__))
