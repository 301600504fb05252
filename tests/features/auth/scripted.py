"""A service that answers by a script, at the other end of connections in memory: no port is opened."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest


@dataclass
class Scripted:
    """For each connection in turn, what is sent for each request on it, before it is closed; `heads` are the requests.
    An answer that is None is none: the connection rests until its other end is closed. Behind the last answer of a
    connection that is `kept` it is left open.
    """

    script: Sequence[Sequence[bytes | None]]
    kept: bool = False
    heads: list[bytes] = field(default_factory=list)
    opened: list[tuple[str, int]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _ends: list[socket.socket] = field(default_factory=list)

    def connect(self, address: tuple[str, int], *told: object, **more: object) -> socket.socket:
        """In the place of socket.create_connection."""
        number = len(self.opened)
        self.opened.append(address)
        if number >= len(self.script):
            raise ConnectionRefusedError(111, "Connection refused")
        pair, far = socket.socketpair()
        near = _Near(fileno=pair.detach())
        near.settimeout(5)
        far.settimeout(5)
        thread = threading.Thread(target=self._serve, args=(far, self.script[number]))
        thread.start()
        self._threads.append(thread)
        self._ends.append(far)
        return near

    def close(self) -> None:
        """Wait for its end."""
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(5)
        for end in self._ends:
            end.close()

    def done(self) -> None:
        """Wait until all that was scripted for the connections so far was sent."""
        for thread in self._threads:
            thread.join(5)

    def say(self, unasked: bytes) -> None:
        """Send something more on the last connection, behind its script."""
        self.done()
        self._ends[-1].sendall(unasked)

    def _serve(self, end: socket.socket, answers: Sequence[bytes | None]) -> None:
        try:
            for answer in answers:
                self.heads.append(_head(end))
                if answer is None:
                    end.recv(1)
                else:
                    end.sendall(answer)
            if not self.kept:
                end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other end is gone


class _Near(socket.socket):
    def setsockopt(self, *told: object) -> None:
        pass  # what is said of TCP is not for this one


def _head(end: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = end.recv(1)
        if not part:
            raise OSError("closed")
        head += part
    return head


def scripted(monkeypatch: pytest.MonkeyPatch, *script: Sequence[bytes | None], kept: bool = False) -> Scripted:
    """A service in the place of the network."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    service = Scripted(script, kept)
    monkeypatch.setattr(socket, "create_connection", service.connect)
    return service


def answer(status: int, body: bytes = b"", *fields: bytes) -> bytes:
    """An answer of HTTP/1.1."""
    lines = [b"HTTP/1.1 %d Said" % status, b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
