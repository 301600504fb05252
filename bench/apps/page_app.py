"""ASGI applications that answer with a page, compressed by themselves or by the server."""

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
