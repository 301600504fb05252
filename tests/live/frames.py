"""HTTP/2 by hand: frames and header blocks as bytes, for clients that say what no library would (RFC 9113, 7541)."""

import socket
import ssl
import struct
from collections.abc import Iterator
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, _, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = range(1, 6)

NO_ERROR, PROTOCOL_ERROR, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 0x0, 0x1, 0x8, 0x9, 0xB

HUGE = 2**31 - 1


class Frame(NamedTuple):
    """One that came."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self) -> int:
        """Why, in a GOAWAY or a RST_STREAM."""
        return int.from_bytes(self.payload[4:8] if self.kind == GOAWAY else self.payload[:4])


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """Any frame (RFC 9113 4.1)."""
    return len(payload).to_bytes(3) + struct.pack(">BBL", kind, flags, stream) + payload


def headers(stream: int, block: bytes, flags: int = END_STREAM | END_HEADERS) -> bytes:
    """A request, whole unless the flags say otherwise."""
    return frame(HEADERS, flags, stream, block)


def settings(*pairs: tuple[int, int]) -> bytes:
    """Settings and their values."""
    return frame(SETTINGS, payload=b"".join(struct.pack(">HL", *pair) for pair in pairs))


def reset(stream: int, code: int = CANCEL) -> bytes:
    """The client gives a stream up."""
    return frame(RST_STREAM, 0, stream, code.to_bytes(4))


def window(stream: int, count: int) -> bytes:
    """Room for so many bytes more."""
    return frame(WINDOW_UPDATE, 0, stream, count.to_bytes(4))


def priority(stream: int, parent: int) -> bytes:
    """The priorities of RFC 7540, which nobody uses any more."""
    return frame(PRIORITY, 0, stream, struct.pack(">LB", parent, 15))


def literal(name: bytes, value: bytes, kept: bool = False) -> bytes:
    """A field with both its name and its value spelled, to be kept in the dynamic table or not (RFC 7541 6.2)."""
    return (b"\x40" if kept else b"\x00") + _integer(len(name), 7) + name + _integer(len(value), 7) + value


def request(path: bytes = b"/", method: bytes = b"GET", scheme: bytes = b"http", more: bytes = b"") -> bytes:
    """The header block of a request, with more of it behind."""
    fields = literal(b":method", method) + literal(b":scheme", scheme) + literal(b":path", path)
    return fields + literal(b":authority", b"localhost") + more


def streams() -> Iterator[int]:
    """The numbers of a client's streams."""
    return iter(range(1, 2**31, 2))


def connected(port: int, secured: bool, timeout: float) -> socket.socket:
    """A connection that has said that it speaks HTTP/2, by ALPN or not yet at all."""
    plain = socket.create_connection(("127.0.0.1", port), timeout)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not secured:
        return plain
    context = trusting("h2")
    return context.wrap_socket(plain, server_hostname="localhost")


def trusting(*protocols: str) -> ssl.SSLContext:
    """A client's context that believes every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    return context


class Frames:
    """Bytes that come, to frames."""

    def __init__(self) -> None:
        self._left = b""

    def take(self, data: bytes) -> list[Frame]:
        """The frames that are whole now."""
        data = self._left + data
        found, at = [], 0
        while len(data) - at >= 9 and len(data) - at >= 9 + (size := int.from_bytes(data[at : at + 3])):
            kind, flags, stream = struct.unpack_from(">BBL", data, at + 3)
            found.append(Frame(kind, flags, stream & HUGE, data[at + 9 : at + 9 + size]))
            at += 9 + size
        self._left = data[at:]
        return found


def _integer(value: int, bits: int) -> bytes:
    # RFC 7541 5.1.
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    value -= most
    words = bytes([most])
    while value >= 128:
        words += bytes([value % 128 + 128])
        value //= 128
    return words + bytes([value])
