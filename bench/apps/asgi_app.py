"""The ASGI applications that all servers run alike; what one of them was not made for, it does not know."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TEXT = (Path(__file__).parents[2] / "MANUAL.md").read_bytes()[: 74 << 10]
PIECE = b"x" * (64 << 10)
PIECES = 16


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Say hello, whatever was asked."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


async def remembered(scope: Scope, receive: Receive, send: Send) -> None:
    """Say hello to whom is remembered, where sessions are kept."""
    session = scope.get("session")
    if session is not None and "user" not in session:
        session["user"] = {"name": "somebody", "groups": ["readers", "writers"], "since": 1_800_000_000}
    await hello(scope, receive, send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body that was sent, once it is there whole."""
    assert scope["type"] == "http"
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with 1 MiB in pieces of 64 KiB whose sum is not told beforehand."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page of 74 KB of text, to be compressed by whoever will."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(TEXT))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": TEXT})


async def compressed(scope: Scope, receive: Receive, send: Send) -> None:
    """The same, compressed by the application itself."""
    assert scope["type"] == "http"
    body = coded()
    headers = [(b"content-type", b"text/plain"), (b"content-encoding", b"zstd"), (b"vary", b"accept-encoding")]
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def coded() -> bytes:
    """The page as the library makes it at its own level."""
    data: bytes = library().compress(TEXT)
    return data


@cache
def library() -> Any:
    """What compresses by Zstandard, imported where it is wanted."""
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


async def messages(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer each message of a WebSocket with itself."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
