"""Preconditions (RFC 9110 section 13): what the client has against what there is; it knows no file and no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pellucid.semantics.dates import parse_date

# The four fields that `precondition` looks at; an answer to a request with none of them needs no look.
FIELDS = (b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since")


def precondition(
    method: str, fields: Mapping[bytes, bytes], tag: bytes | None, modified: int | None, now: int
) -> int | None:
    """None to go on with the method, else the status to answer with: 304 or 412, in the order of section 13.2.2.

    `tag` is the entity tag of the current representation as its ETag field says it, None where there is no
    representation yet; `modified` its last modification in seconds since 1970, None if it is not known. Asked only if
    the answer without preconditions would be a 2xx (section 13.2.1). If-Range is `range_applies`.
    """
    reading = method in ("GET", "HEAD")
    if (match := fields.get(b"if-match")) is not None:
        if not _strongly_listed(match, tag):
            return 412
    elif _changed_since(fields.get(b"if-unmodified-since"), modified, now):
        return 412
    if (none_match := fields.get(b"if-none-match")) is not None:
        if _weakly_listed(none_match, tag, unreadable=not reading):
            return 304 if reading else 412
    elif reading and _unchanged_since(fields.get(b"if-modified-since"), modified, now):
        return 304
    return None


def range_applies(value: bytes | None, tag: bytes | None, modified: int | None, now: int) -> bool:
    """Whether a Range may be answered under this If-Range (RFC 9110 section 13.1.5); a missing field allows it.

    Tags are compared strongly, dates exactly. A date of the present second is no strong validator (section 8.8.2.2):
    the file could change once more within it.
    """
    if value is None:
        return True
    if b'"' in value[:3]:
        return value == tag and not value.startswith(b"W/")
    return modified is not None and modified < now and parse_date(value, now) == modified


def parse_tags(value: bytes) -> list[bytes] | None:
    """The entity tags of a list as they stand, W/ included; None if the list is not well-formed (section 8.8.3)."""
    if not _TAG_LIST.fullmatch(value):
        return None
    return _TAG.findall(value)


# entity-tag = [ weak ] opaque-tag;  opaque-tag = DQUOTE *etagc DQUOTE, where a comma and a backslash are ordinary.
_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
# #element = [ element ] *( OWS "," OWS [ element ] )  (RFC 9110 section 5.6.1.2); possessive, so it never goes back.
_TAG_LIST = re.compile(rb'[ \t,]*+(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"[ \t]*+(?:,[ \t,]*+|\Z))*+')


def _strongly_listed(value: bytes, tag: bytes | None) -> bool:
    if value == b"*":
        return tag is not None
    return tag is not None and not tag.startswith(b"W/") and tag in (parse_tags(value) or ())


def _weakly_listed(value: bytes, tag: bytes | None, *, unreadable: bool) -> bool:
    """Whether the tag is in the list; `unreadable` is the answer for a list that is not one.

    A reader is then given the content; a writer, who said "only if it is not what I know", is refused.
    """
    if value == b"*":
        return tag is not None
    tags = parse_tags(value)
    if tags is None:
        return unreadable
    return tag is not None and tag.removeprefix(b"W/") in [each.removeprefix(b"W/") for each in tags]


def _changed_since(value: bytes | None, modified: int | None, now: int) -> bool:
    since = None if value is None else parse_date(value, now)
    return since is not None and modified is not None and modified > since


def _unchanged_since(value: bytes | None, modified: int | None, now: int) -> bool:
    since = None if value is None else parse_date(value, now)
    return since is not None and modified is not None and modified <= since
