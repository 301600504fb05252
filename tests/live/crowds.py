"""Many clients at once, each no more than a socket, and what they cost the server."""

import resource
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from running import PATIENCE, Running

OPTIONS = ("--access-log", "off", "--connections", "0", "--connections-per-address", "0")
"""What a server is started with that serves a crowd."""

HANDSHAKE = """\
GET /{} HTTP/1.1\r
Host: localhost\r
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Extensions: permessage-deflate\r
\r
"""


@contextmanager
def room_for(sockets: int) -> Iterator[None]:
    """As many descriptors as that takes, and some, here and in the servers that are started."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < sockets + 200:
        pytest.skip(f"the system allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, sockets + 200), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd(stack: ExitStack, server: Running, many: int, path: str) -> list[socket.socket]:
    """So many clients that have asked for this."""
    return _asking(stack, server, many, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")


def sockets(stack: ExitStack, server: Running, many: int, path: str = "") -> list[socket.socket]:
    """So many clients whose WebSockets were accepted."""
    clients = _asking(stack, server, many, HANDSHAKE.format(path))
    assert all(got.startswith(b"HTTP/1.1 101 ") for got in gather(clients, lambda got: got.endswith(b"\r\n\r\n")))
    return clients


def gather(clients: list[socket.socket], over: Callable[[bytes], bool]) -> list[bytes]:
    """What each of them gets, until it is all there."""
    got = dict.fromkeys(clients, b"")
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ, client)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            assert ready, f"{len(selector.get_map())} wait in vain"
            for key, _ in ready:
                data = key.data.recv(65536)
                got[key.data] += data
                assert data, got[key.data]
                if over(got[key.data]):
                    selector.unregister(key.data)
    return list(got.values())


def memory(server: Running) -> int:
    """What the server holds, in KB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def _asking(stack: ExitStack, server: Running, many: int, request: str) -> list[socket.socket]:
    clients = []
    for _ in range(many):
        client = stack.enter_context(server.connect())
        client.sendall(request.encode())
        clients.append(client)
    return clients
