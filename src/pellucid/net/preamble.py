"""The PROXY protocol's preamble, versions 1 and 2, from bytes to who the client is: pure, without any I/O.

What HAProxy's "The PROXY protocol", sections 2.1 and 2.2, says; the section numbers below are that document's.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""How version 2 begins (2.2): twelve bytes that no HTTP, and hardly any other protocol, begins with."""

LONGEST_LINE = 107
"""The longest preamble of version 1, with its CRLF (2.1)."""

LARGEST = 4096
"""The largest preamble of version 2, in bytes; the protocol would let extensions grow to 64 KiB."""


class Preamble(NamedTuple):
    """What it said: its `size` in bytes, and the two ends of the client's connection, empty where none are told."""

    size: int
    address: str = ""
    port: int = 0
    local: str = ""
    told: bool = False
    """Whether it tells of a client; else the proxy speaks for itself, as in a check of health."""


class NoPreamble(Exception):
    """These bytes do not begin with a preamble; says why."""


def parse_preamble(data: bytes) -> Preamble | None:
    """The preamble at the beginning of these bytes, None while it is not whole. Raises NoPreamble."""
    if data[:1] == b"P":
        return _version_1(data)
    if data.startswith(SIGNATURE):
        return _version_2(data)
    if SIGNATURE.startswith(data):
        return None
    raise NoPreamble("no preamble of the PROXY protocol (2)")


# 2.1   "PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP port SP port CRLF, one space each, ports without
#       leading zeros; or "PROXY UNKNOWN" and anything up to CRLF
_LINE = re.compile(
    rb"PROXY (?:TCP(?P<kind>[46]) (?P<source>[0-9A-Fa-f.:]+) (?P<destination>[0-9A-Fa-f.:]+)"
    rb" (?P<port>0|[1-9][0-9]{0,4}) (?P<local>0|[1-9][0-9]{0,4})|UNKNOWN(?: [^\r\n]*)?)"
)


def _version_1(data: bytes) -> Preamble | None:
    line, end, _ = data[:LONGEST_LINE].partition(b"\r\n")
    if not end:
        if len(data) >= LONGEST_LINE:
            raise NoPreamble(f"a line of the PROXY protocol of more than {LONGEST_LINE} bytes (2.1)")
        if not b"PROXY ".startswith(data[:6]):
            raise NoPreamble("no preamble of the PROXY protocol (2.1)")
        return None
    match = _LINE.fullmatch(line)
    if match is None:
        raise NoPreamble("a line of the PROXY protocol that cannot be read (2.1)")
    size = len(line) + 2
    if not match["kind"]:
        return Preamble(size)
    port, local_port = int(match["port"]), int(match["local"])
    try:
        source, destination = ip_address(match["source"].decode()), ip_address(match["destination"].decode())
    except ValueError:
        raise NoPreamble("an address in a line of the PROXY protocol that is none (2.1)") from None
    if not source.version == destination.version == int(match["kind"]) or max(port, local_port) > 65535:
        raise NoPreamble("an address in a line of the PROXY protocol that is none of its kind (2.1)")
    return Preamble(size, str(source), port, _spelled(destination, local_port), told=True)


# 2.2   The high nibble is the version and the low one the command; then family and protocol, and the length.
_LOCAL, _PROXY = 0x20, 0x21
_STREAMS: dict[int, tuple[type[IPv4Address | IPv6Address], int]] = {0x11: (IPv4Address, 4), 0x21: (IPv6Address, 16)}
_UNIX_STREAM, _UNIX_SIZE = 0x31, 216
_FIXED = 16


def _version_2(data: bytes) -> Preamble | None:
    if len(data) > 12 and data[12] not in (_LOCAL, _PROXY):
        raise NoPreamble("a version or a command of the PROXY protocol that is not known (2.2)")
    if len(data) < _FIXED:
        return None
    command, kind, length = data[12], data[13], int.from_bytes(data[14:16])
    size = _FIXED + length
    if size > LARGEST:
        raise NoPreamble(f"a preamble of the PROXY protocol of more than {LARGEST} bytes")
    if len(data) < size:
        return None
    if command == _LOCAL or kind == 0:
        return Preamble(size)  # 2.2: what else it holds is to be overlooked
    if kind == _UNIX_STREAM and length >= _UNIX_SIZE:
        return Preamble(size, local="unix:", told=True)  # 2.2: such a client has no address; its path is its own affair
    if kind not in _STREAMS:
        raise NoPreamble("a preamble of the PROXY protocol that tells of no stream (2.2)")
    address, width = _STREAMS[kind]
    if length < 2 * width + 4:
        raise NoPreamble("a preamble of the PROXY protocol that is shorter than its addresses (2.2)")
    at = _FIXED + 2 * width
    source, destination = address(data[_FIXED : _FIXED + width]), address(data[_FIXED + width : at])
    port, local_port = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
    return Preamble(size, str(source), port, _spelled(destination, local_port), told=True)


def _spelled(address: IPv4Address | IPv6Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
