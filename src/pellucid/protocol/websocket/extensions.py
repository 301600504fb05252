"""Lists of tokens and of extensions as RFC 6455 section 9.1 writes them, read strictly; what they mean, others know."""

from __future__ import annotations

import re
from typing import NamedTuple

from pellucid.protocol.fields import Broken
from pellucid.protocol.grammar import is_token

MOST = 64
"""The most members of a list that are looked at, and the most parameters of one of them."""


class Extension(NamedTuple):
    """An extension that a client offers: its name, and its parameters in their order, None for one without a value."""

    name: str
    parameters: tuple[tuple[str, str | None], ...] = ()


# RFC 6455 9.1     extension-param = token [ "=" (token | quoted-string) ]; what is quoted must be a token too.
# RFC 9110 5.6.4   quoted-string, in which a backslash may stand before any character.
_PARAMETER = re.compile(
    rb"""(?P<name> [!#$%&'*+.^_`|~0-9A-Za-z-]+ )
    (?: [ \t]* = [ \t]* (?: (?P<value> [!#$%&'*+.^_`|~0-9A-Za-z-]+ ) | " (?P<quoted> [^",;=\x00-\x20\x7f-\xff]+ ) " ) )?
    """,
    re.VERBOSE,
)


def read_extensions(value: bytes) -> tuple[Extension, ...]:
    """The extensions of a Sec-WebSocket-Extensions field, all its lines put together. Raises Broken."""
    return tuple(_extension(member) for member in _members(value, b",", "Sec-WebSocket-Extensions") if member)


def read_subprotocols(value: bytes) -> tuple[str, ...]:
    """The names of a Sec-WebSocket-Protocol field, in the order of the client's preference. Raises Broken."""
    names = [member for member in _members(value, b",", "Sec-WebSocket-Protocol") if member]
    for name in names:
        if not is_token(name):
            raise Broken(400, "a subprotocol that is no token (RFC 6455 4.1)")
    if len(set(names)) < len(names):
        raise Broken(400, "a subprotocol that is offered twice (RFC 6455 4.1)")
    if not names:
        raise Broken(400, "a Sec-WebSocket-Protocol that names none (RFC 6455 4.3)")
    return tuple(name.decode() for name in names)


def spell_extension(extension: Extension) -> bytes:
    """An extension as it stands in an answer; values are tokens already."""
    parts = [name if value is None else f"{name}={value}" for name, value in extension.parameters]
    return "; ".join([extension.name, *parts]).encode()


def _members(value: bytes, comma: bytes, field: str) -> list[bytes]:
    if value.count(comma) >= MOST:
        raise Broken(400, f"{field} with more than {MOST} members (RFC 9110 17.5)")
    return [member.strip(b" \t") for member in value.split(comma)]


def _extension(member: bytes) -> Extension:
    name, *rest = _members(member, b";", "an extension")
    if not is_token(name):
        raise Broken(400, "an extension whose name is no token (RFC 6455 9.1)")
    return Extension(name.decode(), tuple(_parameter(part) for part in rest))


def _parameter(part: bytes) -> tuple[str, str | None]:
    match = _PARAMETER.fullmatch(part)
    if match is None:
        raise Broken(400, "a parameter of an extension that is malformed (RFC 6455 9.1)")
    name, value, quoted = match.groups()
    if quoted is not None:
        value = re.sub(rb"\\(.)", rb"\1", quoted)
        if not is_token(value):
            raise Broken(400, "a quoted parameter of an extension that is no token (RFC 6455 9.1)")
    return name.decode(), value.decode() if value is not None else None
