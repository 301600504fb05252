"""What another service is asked at, and what it answers: a URL is judged, and an answer read within bounds."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

PORTION = 65536


def split_url(url: str) -> SplitResult:
    """The parts of an http or https URL; ValueError, with no password in it, where that is none that can be asked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no URL: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with a name or a password in it cannot be asked")
    plain = url.isascii() and url.isprintable() and " " not in url
    if not host or parts.scheme not in ("https", "http") or not plain:
        raise ValueError(f"{url!r} is no URL such as https://service.example/path")
    return parts


def read_answer(answer: http.client.HTTPResponse, largest: int, deadline: float, clock: Callable[[], float]) -> bytes:
    """The whole body. OSError where it is larger than so many bytes, not there in time, or breaks off."""
    parts: list[bytes] = []
    left = largest
    while part := answer.read1(PORTION):
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise OSError(f"its answer is larger than {largest >> 10} KiB")
        if clock() > deadline:
            raise TimeoutError("its answer takes too long")
    if answer.length:  # of which http.client says nothing
        raise OSError("its answer breaks off")
    return b"".join(parts)
