"""Clients of WebSockets: each sends a message, reads its echo and sends it again; they know no server.

What they send was spelled and masked beforehand, and of what they read they look at the lengths only, so that one core
of clients is enough for one of a server.
"""

from __future__ import annotations

import selectors
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from load import CONNECTIONS, ROOM, Ask, Failed, Load

HANDSHAKE = """\
GET {path} HTTP/1.1
Host: 127.0.0.1:{port}
Connection: Upgrade
Upgrade: websocket
Origin: http://127.0.0.1:{port}
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
"""
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n"
COMPRESSED = "ws-deflate"
KEY = b"\x37\xfa\x21\x3d"


class Client:
    """One WebSocket. What is sent is compressed without the context of earlier messages, as any client may."""

    def __init__(self, ask: Ask, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        text = HANDSHAKE + (OFFER if ask.scheme == COMPRESSED else "") + "\n"
        self.socket.sendall(text.format(path=ask.path, port=port).replace("\n", "\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        if not head.startswith(b"HTTP/1.1 101 ") or (ask.scheme == COMPRESSED) is not (b"permessage-deflate" in head):
            self.socket.close()
            raise Failed(f"a WebSocket was answered with {head[:200]!r}")
        self._rest = b""
        self._left = 0

    def read_message(self) -> bytes:
        """The next message, which must come in one frame, as it was before it was compressed."""
        first, size = self._read(2)
        if size > 125:
            size = int.from_bytes(self._read(2 if size == 126 else 8))
        payload = b""
        while len(payload) < size:
            payload += self._read(size - len(payload))
        if first & 0x40:
            return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return payload

    def take(self) -> int:
        """How many messages have ended with what has come now."""
        data = self._read(ROOM)
        ended, at = 0, 0
        if self._rest:
            data = self._rest + data
            self._rest = b""
        while at < len(data):
            if not self._left:
                size, start = _length(data, at)
                if not start:
                    self._rest = data[at:]
                    break
                at, self._left = start, size
            step = min(self._left, len(data) - at)
            at += step
            self._left -= step
            ended += not self._left
        return ended

    def _read(self, most: int) -> bytes:
        data = self.socket.recv(most)
        if not data:
            raise Failed("a WebSocket broke off")
        return data


def spelled(ask: Ask) -> bytes:
    """The message as a client sends it: a text if it is ASCII."""
    opcode, payload = (1 if ask.body.isascii() else 2), ask.body
    if ask.scheme == COMPRESSED:
        machine = zlib.compressobj(6, zlib.DEFLATED, -15)
        payload = (machine.compress(payload) + machine.flush(zlib.Z_SYNC_FLUSH))[:-4]
        opcode |= 0x40
    size = len(payload)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + size.to_bytes(2)
    else:
        head += b"\xff" + size.to_bytes(8)
    return head + KEY + bytes(byte ^ KEY[place % 4] for place, byte in enumerate(payload))


def fetch(ask: Ask, port: int) -> tuple[int, bytes]:
    """One message and its echo, as if it were a good answer."""
    client = Client(ask, port)
    with client.socket:
        client.socket.sendall(spelled(ask))
        return 200, client.read_message()


def press(_: object, ask: Ask, port: int, seconds: float) -> Load:
    """Send over 64 WebSockets, on each again once the echo is there."""
    message, done = spelled(ask), 0
    with _connected(ask, port, CONNECTIONS) as (clients, selector):
        started = time.monotonic()
        for client in clients:
            client.socket.sendall(message)
        while (now := time.monotonic()) < started + seconds:
            for key, _ in selector.select(1):
                ended = key.data.take()
                if ended:
                    done += ended
                    key.data.socket.sendall(message)
    return Load(done, done * ask.size, now - started)


def repeat(ask: Ask, port: int, times: int) -> None:
    """So many messages over half as many WebSockets: all of them send, and then all read."""
    message = spelled(ask)
    with _connected(ask, port, CONNECTIONS // 2) as (clients, _):
        for _ in range(times // len(clients)):
            for client in clients:
                client.socket.sendall(message)
            for client in clients:
                while not client.take():
                    pass


@contextmanager
def _connected(ask: Ask, port: int, count: int) -> Iterator[tuple[list[Client], selectors.BaseSelector]]:
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        clients = []
        for _ in range(count):
            client = Client(ask, port)
            stack.enter_context(client.socket)
            selector.register(client.socket, selectors.EVENT_READ, client)
            clients.append(client)
        yield clients, selector


def _length(data: bytes, at: int) -> tuple[int, int]:
    # The length of the frame that begins here, and where its payload does; 0 if that has not come.
    size = data[at + 1] & 0x7F if len(data) > at + 1 else 0
    start = at + (10 if size == 127 else 4 if size == 126 else 2)
    if len(data) < start:
        return 0, 0
    return (size if size < 126 else int.from_bytes(data[at + 2 : start])), start
