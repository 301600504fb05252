"""A content and a request to the answer: preconditions, ranges, heads and bodies; it knows no path and no cache."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pellucid.apps.static.representation import SMALL, UNCHANGED, Representation
from pellucid.apps.static.source import FileSource, LengthOnly, Part
from pellucid.message import Field, Headers, Request, Response
from pellucid.piece import Body
from pellucid.semantics.conditional import FIELDS, precondition, range_applies
from pellucid.semantics.ranges import Span, closing, content_range, parse_ranges, part_heads, unsatisfied_range

# A request with any of these is not answered with the ready 200.
CONDITIONAL_OR_RANGE = frozenset((*FIELDS, b"range"))


@dataclass(frozen=True, slots=True)
class Refuse:
    """In the place of an answer: the status of the error to answer with, and the fields that belong to it."""

    status: int
    fields: tuple[Field, ...] = ()


def answer_file(
    request: Request, content: Representation, root: int, most_ranges: int, now: int
) -> tuple[Response, Body] | Refuse:
    """The answer to a GET or HEAD of this content, refused with 412 or 416 if the request wants another or too much.

    `root` is the descriptor of the folder from which the content's path leads; `now` the second that it is. FileChanged
    if the file is another by now, OSError if it cannot be read.
    """
    fields = request.headers.index
    status = precondition(request.method, fields, content.tag, content.modified, now)
    if status == 304:
        return content.unchanged, LengthOnly(content.size)
    if status is not None:
        return Refuse(status)
    wanted = fields.get(b"range") if request.method == "GET" else None
    if wanted is not None and range_applies(fields.get(b"if-range"), content.tag, content.modified, now):
        spans = parse_ranges(wanted, content.size, most_ranges)
        # Several ranges of a coded content are not given: of a multipart, Content-Encoding would say that all of it is
        # coded, heads and delimiters too. The whole is right instead (RFC 9110 section 14.2).
        if spans is not None and not (content.coding and len(spans) > 1):
            return _partial(content, spans, root)
    return content.response, _body(content, [(0, content.size)], root, sent=request.method == "GET")


def answer_made(request: Request, response: Response, body: bytes, now: int) -> tuple[Response, Body] | Refuse:
    """The same for an answer that was made for the request and has a tag, but stands in no file."""
    status = precondition(request.method, request.headers.index, response.headers.get(b"etag"), None, now)
    if status == 304:
        kept = [field for field in response.headers if field[0] in UNCHANGED]
        return Response(304, Headers(kept)), LengthOnly(len(body))
    return (response, body) if status is None else Refuse(status)


def _partial(content: Representation, spans: tuple[Span, ...], root: int) -> tuple[Response, Body] | Refuse:
    if not spans:
        return Refuse(416, ((b"content-range", unsatisfied_range(content.size)),))
    if len(spans) == 1:
        headers = content.response.headers.plus((b"content-range", content_range(spans[0], content.size)))
        return Response(206, headers), _body(content, [*spans], root)
    # Nobody can have put into a file what is drawn now.
    boundary = os.urandom(12).hex().encode()
    heads = part_heads(spans, content.size, content.content_type, boundary)
    parts: list[Part] = [part for pair in zip(heads, spans, strict=True) for part in pair]
    parts.append(closing(boundary))
    headers = content.response.headers.without(b"content-type")
    headers = headers.plus((b"content-type", b"multipart/byteranges; boundary=" + boundary))
    return Response(206, headers), _body(content, parts, root)


def _body(content: Representation, parts: list[Part], root: int, *, sent: bool = True) -> Body:
    if content.size <= SMALL:
        data = content.read(root)
        if parts == [(0, content.size)]:
            return data
        return b"".join([part if isinstance(part, bytes) else data[slice(*part)] for part in parts])
    file = content.open(root)
    if sent:
        return FileSource(file, parts)
    # Opened all the same: HEAD tells of a file that cannot be read what GET does.
    file.release()
    return LengthOnly(content.size)
