"""The head of an ASGI app's answer, from its message to what is sent; those that come again are checked only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pellucid.apps.asgi.types import Message
from pellucid.errors import WrongAnswer
from pellucid.message import Field, Headers, Response
from pellucid.protocol.content import declared_length
from pellucid.protocol.fields import SECRET, check_outgoing, check_outgoing_trailers, remember

MOST_FIELDS = 1000
MOST_BYTES = 1 << 18
"""How many header fields an answer may have, and how many bytes they may be long in all: clients refuse far fewer."""

KEPT = 512
KEPT_BYTES = 2048
"""How many lists of fields are kept, and how long one of them may be in all, in bytes."""


class Fields(NamedTuple):
    """The fields of an answer; the length that they declare for its body, None for none; and whether it is a stream of
    events, which has no end of its own.
    """

    headers: Headers
    length: int | None
    endless: bool


def head_of(message: Message) -> tuple[Response, Fields]:
    """The head that an `http.response.start` tells. WrongAnswer says what is wrong with it."""
    status = message.get("status")
    if type(status) is not int:
        status = _status(status)
    if not 200 <= status <= 599:
        raise WrongAnswer(f"{status} is no status of an answer: it is 200 to 599 (RFC 9110 15)")
    headers = message.get("headers", ())
    try:
        fields = _kept.get(tuple(headers))
    except TypeError:  # no iterable, or pairs that are lists: both are looked at one by one
        fields = None
    if fields is None:
        fields = _fields_of(headers)
    return Response(status, fields.headers), fields


def headers_of(pairs: Iterable[Any]) -> Headers:
    """Header or trailer fields as an app gives them. Names become lower-case, values lose the space around them, and
    WrongAnswer says what else is wrong.
    """
    try:
        given = list(pairs)
    except TypeError:
        raise WrongAnswer(f"headers are an iterable of pairs of bytes, not {type(pairs).__name__}") from None
    if len(given) > MOST_FIELDS:
        raise WrongAnswer(f"{len(given)} header fields: an answer has at most {MOST_FIELDS}")
    fields = [_field(pair) for pair in given]
    if sum(len(name) + len(value) for name, value in fields) > MOST_BYTES:
        raise WrongAnswer(f"header fields of more than {MOST_BYTES} bytes in all")
    return Headers(fields)


def trailers_of(pairs: Iterable[Any]) -> Headers:
    """As `headers_of`, of fields that may come after the body (RFC 9110 section 6.5.1)."""
    trailers = headers_of(pairs)
    check_outgoing_trailers(trailers)
    return trailers


def _fields_of(pairs: Iterable[Any]) -> Fields:
    # An app may say transfer-encoding, and the specification has it ignored: framing is the protocol's.
    headers = headers_of(pairs).without(b"transfer-encoding")
    declared = declared_length(headers.get(b"content-length"))
    endless = (headers.get(b"content-type") or b"").lower().startswith(b"text/event-stream")
    fields = Fields(headers, None if declared is None else int(declared), endless)
    key = headers.fields
    if not SECRET.intersection(headers.index) and sum(len(name) + len(value) for name, value in key) <= KEPT_BYTES:
        remember(_kept, key, fields, KEPT)
    return fields


def _status(status: object) -> int:
    if isinstance(status, int) and not isinstance(status, bool):  # http.HTTPStatus is one
        return int(status)
    raise WrongAnswer(f"the status of an answer is an int, not {status!r}")


def _field(pair: Any) -> Field:
    try:
        name, value = pair
    except (TypeError, ValueError):
        raise WrongAnswer(f"a header is a pair of bytes, not {pair!r:.100}") from None
    if not (isinstance(name, bytes | bytearray) and isinstance(value, bytes | bytearray)):
        raise WrongAnswer(f"a header is a pair of bytes, not {type(name).__name__} and {type(value).__name__}")
    name, value = bytes(name).lower(), bytes(value).strip(b" \t")
    check_outgoing(name, value)
    return name, value


_kept: dict[tuple[Field, ...], Fields] = {}
