"""An app that counts in its session, the clients that count with it, and a Redis to keep what they have counted."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from programs import program
from running import PATIENCE

APP = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    session, path = scope["session"], scope["path"]
    if path == "/count":
        session["count"] = session.get("count", 0) + 1
    elif path.startswith("/set/"):
        session[path[5:]] = True
    elif path == "/login":
        session["user"] = "me"
        session.renew()
    elif path == "/logout":
        session.clear()
    body = b"nothing" if path == "/idle" else repr(dict(session)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""

KEY = "a-key-that-is-long-enough-for-a-session"


class Client:
    """A client with a connection of its own and a cookie, which may be somebody else's."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self.cookie = cookie
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of an answer; the cookie that it sets is shown from now on."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        cookie = f"Cookie: other=1; sid={self.cookie}\r\n" if self.cookie else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n".encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3 * PATIENCE)).decode()
        length = 0
        for line in head.split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "content-length":
                length = int(value)
            elif name == "set-cookie":
                self.cookie = value.partition(";")[0].removeprefix("sid=")
        return int(head[9:12]), (await reader.readexactly(length)).decode()

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def ask(port: int, path: str, cookie: str = "") -> tuple[int, str, str]:
    """Status, body, and the cookie that a client has afterwards."""

    async def ask() -> tuple[int, str, str]:
        client = Client(port, cookie)
        try:
            return *await client.get(path), client.cookie
        finally:
            client.close()

    return asyncio.run(ask())


class Redis:
    """`with Redis(folder) as redis`: it listens when the block begins. Nothing of it outlives it."""

    def __init__(self, folder: Path) -> None:
        self._program = program("redis-server", "valkey-server")
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, on the same port each time."""
        self.process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not listen"
                assert self.process.poll() is None, "redis-server has ended"
                time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
