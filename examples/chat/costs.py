"""What each way to carry a chat has cost so far, in requests, messages and bytes; it knows no carrier."""

from __future__ import annotations

from pellucid import Headers, Request, Response

# What a request line has besides the method and the target; and what the server says of an answer by itself.
REQUEST_LINE = len(" ") + len(" HTTP/1.1\r\n")
SERVERS_OWN = len("HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 100\r\n")

CHUNK = len("10\r\n") + len("\r\n")
"""What a piece of an answer without a length has around it."""


class Cost:
    """What one carrier has cost, in bytes as HTTP/1.1 spells them; HTTP/2 makes heads some ten times smaller."""

    __slots__ = ("brought", "messages", "open", "requests", "sent")

    def __init__(self) -> None:
        self.open = 0
        """How many clients listen now, or wait for an answer."""
        self.requests = 0
        self.messages = 0
        """How many messages it has brought to clients."""
        self.brought = 0
        """Bytes from clients."""
        self.sent = 0
        """Bytes to clients."""

    def ask(self, request: Request) -> None:
        """A client has asked."""
        self.requests += 1
        self.brought += len(request.method) + len(request.target) + REQUEST_LINE + _size(request.headers)

    def answer(self, response: Response, body: bytes = b"") -> None:
        """It was answered."""
        self.sent += SERVERS_OWN + _size(response.headers) + len(body)

    @property
    def shown(self) -> dict[str, int]:
        """For the page."""
        return {name: getattr(self, name) for name in sorted(self.__slots__)}


def frame(payload: int, masked: bool = False) -> int:
    """How long a WebSocket's frame with so many bytes is (RFC 6455 section 5.2)."""
    return 2 + (2 if payload > 125 else 0) + (4 if masked else 0) + payload


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers) + len("\r\n")
