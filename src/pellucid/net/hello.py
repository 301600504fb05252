"""What a TLS client says first, as far as a server must know it beforehand: pure, from bytes to a host and protocols.

OpenSSL reads the same bytes, and judges them; here is only read what Python's `ssl` cannot be asked. It would call back
with the host's name, but writes to standard error if that is not ASCII, which any client can send. Section numbers
are those of RFC 9846 where no other document is named.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

LONGEST = 65536
"""How many bytes a client may send until its handshake is done. Most need less than two thousand."""

MOST = 64
"""How many records it may be spread over: what comes drop by drop is read from its beginning with each drop."""

_RECORD = 5  # the size of a record's head (5.1)
_LARGEST = 16384  # of what is in a record (5.1)
_BEGINNING = b"\x16\3"  # how each of them begins
_CLIENT_HELLO = 1
_SERVER_NAME, _GROUPS, _ALPN, _KEY_SHARE = 0, 10, 16, 51
_CURVES = frozenset((23, 24, 25, 29, 30))  # 4.2.7
_FINITE = 1  # the first byte of the groups of RFC 7919


_two_numbers = struct.Struct(">HH").unpack_from


class Hello(NamedTuple):
    """The host in lower case, empty where none can be meant, and the protocols that are offered, none of them where the
    client does not care. `finite` says that it wants keys of finite fields, which cost far more than those of curves.
    """

    server_name: str = ""
    protocols: tuple[bytes, ...] = ()
    finite: bool = False


class NoHello(Exception):
    """These bytes do not begin a TLS handshake; says why."""


def parse_hello(data: bytes) -> Hello | None:
    """The hello at the beginning of these bytes, None while it is not whole. Raises NoHello."""
    message = _first_message(data)
    if message is None:
        return None
    try:
        return _read(message)
    except (IndexError, struct.error):
        return Hello()  # OpenSSL finds the fault too, and answers with the right alert


def _first_message(data: bytes) -> bytes | None:
    # 5.1: a message may be spread over several records.
    message = b""
    at = 0
    for _ in range(MOST):
        head = data[at : at + _RECORD]
        if not _BEGINNING.startswith(head[:2]):
            raise NoHello("no TLS handshake")
        if len(head) < _RECORD:
            return None
        size = head[3] << 8 | head[4]
        if not 0 < size <= _LARGEST:
            raise NoHello("no TLS handshake")
        message += data[at + _RECORD : at + _RECORD + size]
        if message and message[0] != _CLIENT_HELLO:
            raise NoHello("no TLS handshake")
        if len(message) >= 4 and len(message) >= (end := 4 + int.from_bytes(message[1:4])):
            return message[4:end]
        at += _RECORD + size
    raise NoHello(f"the first words of TLS in more than {MOST} records")


def _read(message: bytes) -> Hello:
    # 4.1.2: version and random, session, cipher suites, compression methods, extensions
    at = 34
    at += 1 + message[at]
    at += 2 + _two(message, at)
    at += 1 + message[at]
    at += 2
    found: dict[int, bytes] = {}
    while at < len(message):
        kind, size = _two_numbers(message, at)
        found[kind] = message[at + 4 : at + 4 + size]
        at += 4 + size
    return Hello(
        _host(found.get(_SERVER_NAME, b"")),
        _offered(found.get(_ALPN, b"")),
        _finite(found.get(_KEY_SHARE, b""), found.get(_GROUPS, b"")),
    )


def _two(message: bytes, at: int) -> int:
    return message[at] << 8 | message[at + 1]


def _host(content: bytes) -> str:
    # RFC 6066 3: a list, of which only the first, a host's name, has ever meant anything.
    name = content[5:]
    if not name or content[2] or len(name) != _two(content, 3) or not name.isascii():
        return ""
    text = name.decode("ascii").lower()
    return text if len(text) <= 255 and text.isprintable() and " " not in text else ""


def _offered(content: bytes) -> tuple[bytes, ...]:
    # RFC 7301 3.1
    names: list[bytes] = []
    at = 2
    while at < len(content):
        names.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return tuple(names)


def _finite(keys: bytes, groups: bytes) -> bool:
    # What OpenSSL would choose: the first key that it can use (4.2.8), else the best group that both have (4.2.7).
    at = 2
    while at < len(keys):
        group = _two(keys, at)
        if group in _CURVES:
            return False
        if group >> 8 == _FINITE:
            return True
        at += 4 + _two(keys, at + 2)
    named = {_two(groups, at) for at in range(2, len(groups) - 1, 2)}
    return any(group >> 8 == _FINITE for group in named) and not _CURVES & named
