"""The head of an answer, from what an app gives to start_response; it knows no request and no server."""

from __future__ import annotations

from typing import Any

from pellucid.errors import WrongAnswer
from pellucid.message import Field, Headers, Response
from pellucid.protocol.fields import SECRET, check_outgoing, remember

KEPT = 256
"""How many heads are kept read before the cache starts again."""

KEPT_LENGTH = 1024
"""How long a head may be that is kept, in characters."""

# PEP 3333, "Other HTTP Features": these are the server's own, and an app that gives one is wrong.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer trailers "
    b"transfer-encoding upgrade".split()
)

# With one exception: many apps that stream were taught to say one of these, and they ask for nothing that is not so.
HARMLESS = ((b"connection", b"close"), (b"connection", b"keep-alive"))

_heads: dict[tuple[Any, ...], tuple[int, Headers]] = {}


def read_head(status: Any, headers: Any) -> Response:
    """A status such as "200 OK" and a list of (name, value) as a head. Raises WrongAnswer for what PEP 3333 forbids.

    The words of the status are not sent: those of the RFC are. An app tends to give the same heads again and again.
    """
    try:
        key = (status, *headers)
        kept = _heads.get(key)
    except TypeError:  # what it is will be said below
        key, kept = (), None
    if kept is None:
        kept = read_status(status), Headers(read_fields(headers))
        fields = kept[1].fields
        if SECRET.isdisjoint(kept[1].index) and sum(len(name) + len(value) for name, value in fields) <= KEPT_LENGTH:
            remember(_heads, key, kept, KEPT)
    return Response(*kept)


def read_status(status: Any) -> int:
    """The number at the head of a status. It must be a final one: informational answers are not an app's."""
    if not isinstance(status, str):
        raise WrongAnswer(f"the status is {_kind(status)}, not a str such as '200 OK' (PEP 3333)")
    code = status[:3]
    if not (len(code) == 3 and code.isascii() and code.isdigit() and status[3:4] in ("", " ")):
        raise WrongAnswer(f"the status {status!r} is not of the form '200 OK' (PEP 3333)")
    if not status.isprintable():
        raise WrongAnswer(f"a control character in the status {status!r} (PEP 3333)")
    if not "200" <= code <= "599":
        raise WrongAnswer(f"the status {status!r} is no final one (RFC 9110 15)")
    return int(code)


def read_fields(headers: Any) -> list[Field]:
    """The fields of a list of (name, value), as the wire has them."""
    if not isinstance(headers, list | tuple):
        raise WrongAnswer(f"the headers are {_kind(headers)}, not a list of (name, value) (PEP 3333)")
    return [read_field(item) for item in headers]


def read_field(item: Any) -> Field:
    """A field, its name in lower case and its value stripped. Raises WrongAnswer for what must not go out."""
    if not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], str)):
        raise WrongAnswer(f"the header {item!r} is not a tuple of two str (PEP 3333)")
    try:
        field = item[0].encode("latin-1").lower(), item[1].encode("latin-1").strip(b" \t")
    except UnicodeEncodeError:
        raise WrongAnswer(f"the header {item!r} has characters beyond latin-1 (PEP 3333)") from None
    check_outgoing(*field)
    if field[0] in HOP_BY_HOP and (field[0], field[1].lower()) not in HARMLESS:
        raise WrongAnswer(f"the header {item[0]} is the server's own: it is hop-by-hop (PEP 3333, RFC 9110 7.6.1)")
    return field


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
