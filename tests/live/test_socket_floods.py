"""WebSockets that mean harm, are slow, or have apps that do wrong: bounded, told of, and harmless to the others."""

import signal
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from launching import hosted
from running import Running

from protocol.websocket.framing import sent

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

APP = """
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    path = scope["path"]
    if path == "/refuse":
        return
    if path == "/fall":
        raise RuntimeError("the app has fallen")
    await send({"type": "websocket.accept"})
    if path == "/pour":
        while True:
            await send({"type": "websocket.send", "bytes": bytes(100_000)})
    if path == "/raise":
        raise RuntimeError("the app has fallen")
    if path == "/deaf":
        import asyncio
        await asyncio.Event().wait()
    while path != "/return" and (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
"""

TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89
BEGUN, CONTINUED, COMPRESSED = 0x01, 0x00, 0xC2

MB = 1 << 20


class Client:
    """A WebSocket by hand."""

    def __init__(self, server: Running, path: str = "/", offer: str = "") -> None:
        self.socket = server.connect()
        extensions = f"Sec-WebSocket-Extensions: {offer}\r\n" if offer else ""
        head = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extensions}"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        self.reader = self.socket.makefile("rb")
        self.status = int(self.reader.readline().split()[1])
        while self.reader.readline() not in (b"\r\n", b""):
            pass

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.socket.close()

    def send(self, first: int, payload: bytes = b"") -> None:
        """One frame."""
        self.socket.sendall(sent(first, payload))

    def read(self) -> tuple[int, bytes]:
        """The next frame; (0, b"") at the end."""
        head = self.reader.read(2)
        if not head:
            return 0, b""
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.reader.read(2 if size == 126 else 8))
        return head[0], self.reader.read(size)

    def closed_with(self) -> int:
        """The code of the Close that comes next, behind which nothing comes."""
        first, payload = self.read()
        assert first == CLOSE, (first, payload[:100])
        self.send(CLOSE, payload[:2])
        assert self.read() == (0, b"")
        return int.from_bytes(payload[:2])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "sockets.py").write_text(APP)
    with hosted("sockets:app", tmp_path, "--websocket-close-time", "1", "--grace", "2") as server:
        yield server


def echoes(client: Client) -> None:
    """It is well."""
    client.send(TEXT, b"still there?")
    assert client.read() == (TEXT, b"still there?")


def memory(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def poured(client: Client, data: bytes, times: int) -> threading.Thread:
    """Send without reading, as far as it goes."""

    def pour() -> None:
        try:
            for _ in range(times):
                client.socket.sendall(data)
        except OSError:
            pass  # held back for so long that the client was closed

    thread = threading.Thread(target=pour)
    thread.start()
    return thread


def test_a_flood_of_pings_is_answered_as_far_as_it_is_read_and_takes_no_memory(server: Running) -> None:
    with Client(server) as good, Client(server) as bad:
        echoes(good)
        before = memory(server)
        thread = poured(bad, sent(PING, b"x" * 100) * 1000, 300)
        for _ in range(50):
            echoes(good)
        thread.join(5)
        assert memory(server) - before < 4 * MB
        bad.socket.shutdown(socket.SHUT_RDWR)
        thread.join()
        echoes(good)


def test_a_million_tiny_fragments_end_with_1009(server: Running) -> None:
    with Client(server) as good, Client(server) as bad:
        echoes(good)
        before = memory(server)
        bad.send(BEGUN, b"x")
        thread = poured(bad, sent(CONTINUED, b"x") * 1000, 1000)
        echoes(good)
        first, payload = bad.read()
        assert (first, int.from_bytes(payload[:2])) == (CLOSE, 1009)
        bad.socket.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert memory(server) - before < 4 * MB
        echoes(good)


def test_a_bomb_is_not_inflated(server: Running) -> None:
    machine = zlib.compressobj(1, zlib.DEFLATED, -15)
    bomb = b"".join(machine.compress(bytes(MB)) for _ in range(256)) + machine.flush(zlib.Z_SYNC_FLUSH)
    with Client(server) as good, Client(server, offer="permessage-deflate") as bad:
        echoes(good)
        before = memory(server)
        thread = poured(bad, sent(COMPRESSED, bomb[:-4]), 1)
        echoes(good)
        first, payload = bad.read()
        assert (first, int.from_bytes(payload[:2])) == (CLOSE, 1009)
        bad.socket.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert memory(server) - before < 24 * MB
        echoes(good)


@pytest.mark.parametrize("path", ["/pour", "/deaf"])
def test_a_client_that_reads_nothing_or_an_app_that_does_not_holds_the_other_back(server: Running, path: str) -> None:
    with Client(server) as good, Client(server, path) as bad:
        echoes(good)
        before = memory(server)
        thread = poured(bad, sent(BINARY, bytes(1000)) * 100, 300)
        for _ in range(50):
            echoes(good)
        thread.join(2)
        assert memory(server) - before < 4 * MB
        bad.socket.shutdown(socket.SHUT_RDWR)
        thread.join()
        echoes(good)


def test_a_client_that_says_no_more_without_a_goodbye_has_left(server: Running) -> None:
    with Client(server) as client:
        echoes(client)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read() == (0, b"")


@pytest.mark.parametrize(("path", "code"), [("/return", 1000), ("/raise", 1011)])
def test_an_app_that_ends_closes(server: Running, path: str, code: int) -> None:
    with Client(server, path) as client:
        assert client.status == 101
        assert client.closed_with() == code


@pytest.mark.parametrize("path", ["/refuse", "/fall"])
def test_an_app_that_ends_before_it_has_accepted_is_answered_for(server: Running, path: str) -> None:
    with Client(server, path) as client:
        assert client.status == 500


def test_at_the_end_each_is_told_even_if_it_does_not_answer(server: Running) -> None:
    with Client(server) as good, Client(server) as mute, Client(server, "/deaf") as deaf:
        echoes(good)
        server.send(signal.SIGTERM)
        assert good.closed_with() == 1001
        for each in (mute, deaf):
            assert each.read() == (CLOSE, b"\x03\xe9")
        deaf.send(CLOSE, b"\x03\xe9")
        with suppress(ConnectionResetError):
            assert mute.read() == (0, b"")
        status, _, errors = server.ended()
    assert status == 0
    assert "failed" not in errors


def test_a_server_that_gives_way_says_that_it_comes_back(tmp_path: Path) -> None:
    (tmp_path / "sockets.py").write_text(APP)
    with hosted("sockets:app", tmp_path, "--workers", "2") as server, Client(server) as client:
        echoes(client)
        server.send(signal.SIGHUP)
        assert client.closed_with() == 1012
        with Client(server) as again:
            echoes(again)
