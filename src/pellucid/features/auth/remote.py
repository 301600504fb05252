"""What another service is asked at, and what it answers: a URL is judged, and an answer read within bounds."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

PORTION = 65536


class InTime(io.RawIOBase):
    """What comes from a socket within its timeout, counted once from now on, and not anew with each piece: or a head
    that comes in drips would keep a thread for hours. TimeoutError after that.
    """

    def __init__(self, end: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._end = end
        self._raw = end.makefile("rb", buffering=0)
        self._clock = clock
        self._timeout = end.gettimeout() or 0.0
        self._until = clock() + self._timeout

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As any raw stream."""
        left = self._until - self._clock()
        if left <= 0:
            raise TimeoutError("its answer takes too long")
        self._end.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._end.settimeout(self._timeout)

    def close(self) -> None:
        """The socket is not closed by that if somebody else has it."""
        self._raw.close()
        super().close()


class Answer(http.client.HTTPResponse):
    """An answer that comes within the timeout of its socket, head and all."""

    def __init__(self, sock: socket.socket, *told: Any, **more: Any) -> None:
        super().__init__(sock, *told, **more)
        self.fp.close()
        self.fp = io.BufferedReader(InTime(sock))


class Plain(http.client.HTTPConnection):
    """A connection whose answers come in time."""

    response_class = Answer


class Secure(http.client.HTTPSConnection):
    """The same by TLS, with a check of the certificate, by the authorities that this machine trusts."""

    response_class = Answer


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
