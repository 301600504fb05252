"""The one place where header and trailer fields are checked, read from lines and spelled as lines, for any protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pellucid.errors import WrongAnswer
from pellucid.message import Field
from pellucid.protocol.grammar import FIELD_VALUE, LOWER_TOKEN, TOKEN

KEPT = 2048
"""How many lines a cache of lines keeps before it starts again."""

KEPT_LENGTH = 256
"""How long a line is that a cache keeps, in bytes: with KEPT, what peers send takes a megabyte and a half."""

KEPT_HEADS = 4
"""How many whole heads of answers are kept with one set of fields."""

SECRET = frozenset((b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"))
"""Fields that stay in no cache: their values are secrets, and seldom the same twice between clients."""

# RFC 9110 6.5.1: fields that frame, route, authenticate or say how to read the content must not come after it.
NOT_IN_TRAILERS = frozenset(
    b"transfer-encoding content-length host connection keep-alive te trailer upgrade expect max-forwards range "
    b"cache-control authorization proxy-authorization www-authenticate proxy-authenticate set-cookie cookie "
    b"content-encoding content-type content-range date expires location retry-after vary age pragma "
    b"if-match if-none-match if-modified-since if-unmodified-since if-range".split()
)


Key = TypeVar("Key")
Value = TypeVar("Value")


def remember(cache: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Keep a value in a cache of so many; a full one starts again, which costs less than to know the oldest."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value


class Broken(Exception):
    """The peer broke a rule of its protocol. Raised inside an engine only, which turns it into a `Refused` event."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def parse_line(line: bytes) -> Field:
    """A field line as lower-case name and stripped value (RFC 9112 section 5), or Broken with the rule's name."""
    name, colon, value = line.partition(b":")
    if not colon or not name or name.translate(None, TOKEN):
        raise Broken(400, _fault_of_name(line, name, colon))
    value = value.strip(b" \t")
    if value.translate(None, FIELD_VALUE):
        raise _control_character(name)
    return name.lower(), value


def _control_character(name: bytes) -> Broken:
    return Broken(400, f"field {name.decode()}: a control character in the value (RFC 9110 5.5)")


def check_field(name: bytes, value: bytes) -> None:
    """Refuse a field that came as a name and a value, as in HTTP/2, and breaks a rule (RFC 9113 section 8.2.1)."""
    if not name or name.translate(None, LOWER_TOKEN):
        upper = name and not name.translate(None, TOKEN)
        raise Broken(400, "a field name in upper case (RFC 9113 8.2)" if upper else _NO_TOKEN)
    if value.translate(None, FIELD_VALUE):
        raise _control_character(name)
    if value[:1] in WHITE or value[-1:] in WHITE:
        raise Broken(400, f"field {name.decode()}: white space around the value (RFC 9113 8.2.1)")


def _fault_of_name(line: bytes, name: bytes, colon: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a field line that begins with white space: obs-fold (RFC 9112 5.2)"
    if not colon:
        return "a field line without a colon (RFC 9112 5)"
    if name[-1:] in (b" ", b"\t"):
        return "white space before the colon of a field (RFC 9112 5.1)"
    return _NO_TOKEN


_NO_TOKEN = "a field name that is no token (RFC 9110 5.1)"

WHITE = frozenset((b" ", b"\t"))


class ReadLines(dict[bytes, Field]):
    """A bounded cache from a line to its field: keep-alive clients send the same lines again and again.

    `list(map(cache.__getitem__, lines))` reads a whole head, and validates only what was not seen before.
    """

    def __missing__(self, line: bytes) -> Field:
        field = parse_line(line)
        if len(line) <= KEPT_LENGTH and field[0] not in SECRET:
            remember(self, line, field, KEPT)
        return field


class CheckedFields(dict[Field, Field]):
    """A bounded cache of fields that came as names and values: `list(map(cache.__getitem__, fields))` checks them all,
    and looks only at what was not seen before.
    """

    def __missing__(self, field: Field) -> Field:
        name, value = field
        check_field(name, value)
        if len(name) + len(value) <= KEPT_LENGTH and name not in SECRET:
            remember(self, field, field, KEPT)
        return field


class SpelledLines(dict[Field, bytes]):
    """A bounded cache from a field of an answer to its line with CRLF; a field that would break the wire raises."""

    def __missing__(self, field: Field) -> bytes:
        name, value = field
        check_outgoing(name, value)
        line = b"%b: %b\r\n" % (name, value)
        if len(line) <= KEPT_LENGTH and name not in SECRET:
            remember(self, field, line, KEPT)
        return line


def check_outgoing(name: bytes, value: bytes) -> None:
    """Raise WrongAnswer if an app's field must not go out: this is where response splitting ends."""
    if type(name) is not bytes or type(value) is not bytes:
        raise WrongAnswer(f"a field is a pair of bytes, not {type(name).__name__} and {type(value).__name__}")
    if not name or name.translate(None, TOKEN) or name != name.lower():
        raise WrongAnswer(f"the field name {name.decode('latin-1')!r} is no lower-case token (RFC 9110 5.1)")
    if value.translate(None, FIELD_VALUE):
        raise WrongAnswer(f"the field {name.decode()} has a control character in its value (RFC 9110 5.5)")
    if value != value.strip(b" \t"):
        raise WrongAnswer(f"the field {name.decode()} has white space around its value (RFC 9110 5.5)")


def check_outgoing_trailers(fields: Iterable[Field]) -> None:
    """Raise WrongAnswer if one of an app's trailer fields belongs before the content (RFC 9110 section 6.5.1)."""
    for name, _ in fields:
        if name in NOT_IN_TRAILERS:
            raise WrongAnswer(f"{name.decode()} is not allowed in the trailers (RFC 9110 6.5.1)")


def check_trailers(fields: Iterable[Field]) -> None:
    """Refuse trailer fields that belong before the content (RFC 9110 section 6.5.1)."""
    for name, _ in fields:
        if name in NOT_IN_TRAILERS:
            raise Broken(400, f"{name.decode()} is not allowed in the trailers (RFC 9110 6.5.1)")
