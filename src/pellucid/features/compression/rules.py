"""Which answers may be compressed, and what their heads say then (RFC 9110 sections 8.4, 8.8 and 12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pellucid.features.compression.coded import DIGESTS
from pellucid.message import Field, Headers, Request
from pellucid.protocol.grammar import list_members
from pellucid.semantics.conditional import parse_tags
from pellucid.semantics.negotiation import varying
from pellucid.server.exchange import Exchange

WITHOUT_CONTENT = frozenset((204, 205, 206, 304))
"""These have no content, or only a part of one (RFC 9110 section 15)."""

SIGNED = frozenset((*DIGESTS, b"content-range", b"signature"))
"""With any of these a body is a part, or somebody has said which bytes it has."""

OUTDATED = frozenset((b"accept-ranges", b"content-encoding", b"content-length", b"etag", b"vary"))
"""What is said anew of a body that is compressed, or not any more."""


def compressible(types: Iterable[str]) -> Callable[[Headers], bool]:
    """Whether an answer with these fields is worth compressing, and may be. ValueError names what is no type."""
    wanted = re.compile(b"|".join(map(_pattern, types)) or b"(?!)")

    def judge(headers: Headers) -> bool:
        fields = headers.index
        kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        return (
            wanted.fullmatch(kind) is not None
            and kind != b"text/event-stream"  # where each event has to be seen at once, by whatever stands between
            and fields.get(b"content-encoding", b"identity").lower() == b"identity"
            and SIGNED.isdisjoint(fields)
            and fields.get(b"content-length", b"0").isdigit()  # any other is refused by the protocol
            and b"no-transform" not in list_members(fields.get(b"cache-control", b""))
        )

    return judge


def varied(headers: Headers) -> Headers:
    """The fields, with Accept-Encoding among those that the answer depends on."""
    return varying(headers, b"Accept-Encoding")


def encoded(coding: bytes) -> Callable[[Headers], Headers]:
    """What turns the fields of an answer into those of one in this coding. Its tag becomes weak: it means the same, but
    is not the same bytes (RFC 9110 section 8.8.1).
    """

    def changed(headers: Headers) -> Headers:
        return Headers(_encoded(headers, coding))

    return changed


def unchanged(request: Request, headers: Headers) -> Headers:
    """The fields of a 304, which names the content that the client has: by the weak tag, if it was compressed; and
    not by a length, which may have been that of either.
    """
    if b"content-length" in headers:
        headers = headers.without(b"content-length")
    tag = headers.get(b"etag")
    if tag is None or tag.startswith(b"W/"):
        return headers
    known = parse_tags(request.headers.get(b"if-none-match") or b"") or ()
    if b"W/" + tag not in known or tag in known:
        return headers
    return varied(headers.without(b"etag").plus((b"etag", b"W/" + tag)))


def guessable(exchange: Exchange) -> bool:
    """Whether another site may have brought this request about, with what shows who asks: then the length of what is
    compressed would tell that site, guess by guess, what stands in the answer beside its guess (BREACH).

    Browsers say whence a request comes (Fetch Metadata Request Headers), but for old ones; in the clear they do not,
    where whoever could see the length can read the answer.
    """
    fields = exchange.request.headers.index
    site = fields.get(b"sec-fetch-site")
    if site is None:
        return exchange.request.scheme == b"https" and b"cookie" in fields
    return site not in (b"same-origin", b"same-site", b"none") and _shows_who_asks(exchange)


def _shows_who_asks(exchange: Exchange) -> bool:
    # By what browsers send along by themselves: fields, or a certificate.
    fields, secured = exchange.request.headers.index, exchange.secured
    certified = secured is not None and bool(secured.client_chain)
    return b"cookie" in fields or b"authorization" in fields or certified or exchange.user is not None


def _pattern(text: str) -> bytes:
    kind = text.strip().lower()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+|\*[a-z0-9+.-]*", kind):
        raise ValueError(f"--compress-types: {text!r} is no media type: write one such as text/css, text/* or *+json")
    return re.escape(kind).replace(r"\*", ".*").encode()


def _encoded(headers: Headers, coding: bytes) -> Iterator[Field]:
    for field in headers.fields:
        if field[0] not in OUTDATED:
            yield field
    yield b"content-encoding", coding
    tag = headers.get(b"etag")
    if tag is not None:
        yield b"etag", tag if tag.startswith(b"W/") else b"W/" + tag
    vary = varied(headers).get(b"vary")
    assert vary is not None
    yield b"vary", vary
