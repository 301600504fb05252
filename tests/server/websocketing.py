"""Both ends of a WebSocket in memory: a client over HTTP/1.1 or HTTP/2, and an app that listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from conversing import Client, Stage
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

from pellucid.protocol.websocket.codes import NO_CODE
from pellucid.protocol.websocket.deflate import Deflate
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Ping, Pong
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import App, Exchange
from pellucid.server.socket import Socket, offered, wanted
from pellucid.server.timeouts import Patience

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
VERSIONS = ("1.1", "2")
GOAWAY = 7
LIMITS = WebSocketLimits()
FIELDS = {"Sec-WebSocket-Version": "13"}


class Carried(Protocol):
    """What carries the bytes of a WebSocket."""

    client: Client
    status: int
    head: dict[str, str]
    body: bytes

    @property
    def ended(self) -> bool:
        """Whether the server has ended it, or cut it."""

    @property
    def broken(self) -> bool:
        """Whether the server has cut it."""

    def ask(self, path: str, fields: dict[str, str]) -> None:
        """Ask for the WebSocket; the answer's status and fields are known then."""

    def talk(self, data: bytes) -> bytes:
        """Send and answer with what comes."""

    def finish(self) -> None:
        """Send no more."""

    def vanish(self) -> None:
        """Be gone."""


class OverHttp1:
    """A connection that is upgraded."""

    def __init__(self, stage: Stage) -> None:
        self.client = stage.client()
        self.status = 0
        self.head: dict[str, str] = {}
        self.body = b""

    def ask(self, path: str, fields: dict[str, str]) -> None:
        asked = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY} | fields
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items() if value)
        got = self.client.talk(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        self._answered(got)

    def _answered(self, got: bytes) -> None:
        if not got:
            return
        head, _, self.body = got.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.head = dict(line.split(": ", 1) for line in lines)

    def talk(self, data: bytes) -> bytes:
        got = self._move(data)
        if not self.status:
            self._answered(got)
            got = b""
        got, self.body = self.body + got, b""
        return got

    def _move(self, data: bytes) -> bytes:
        # As long as the server takes something of what waits.
        got = self.client.talk(data)
        link = self.client.link
        while link.waiting and link.send([]):
            got += self.client.talk()
        return got

    def finish(self) -> None:
        self.client.link.finish()
        self.client.stage.settle()

    def vanish(self) -> None:
        self.client.link.abort()
        self.client.stage.settle()

    @property
    def ended(self) -> bool:
        return self.client.ended

    @property
    def broken(self) -> bool:
        return self.client.broken


class OverHttp2:
    """A stream that is opened by CONNECT (RFC 8441); the client is that of the package h2."""

    def __init__(self, stage: Stage) -> None:
        self.client = stage.client()
        self.status = 0
        self.head: dict[str, str] = {}
        self.body = b""
        self._ended = self._broken = False
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self._move()

    def ask(self, path: str, fields: dict[str, str]) -> None:
        pseudo = {":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": path, ":authority": "x"}
        asked = pseudo | {name.lower(): value for name, value in fields.items() if value}
        self.h2.send_headers(1, list(asked.items()))
        self._move()

    def ask_beside(self, path: str) -> None:
        """Ask for something else, on another stream."""
        fields = {":method": "GET", ":scheme": "http", ":path": path, ":authority": "x"}
        self.h2.send_headers(3, list(fields.items()), end_stream=True)
        self._move()

    def talk(self, data: bytes) -> bytes:
        while data:
            count = min(self.h2.local_flow_control_window(1), self.h2.max_outbound_frame_size, len(data))
            if count == 0:
                break  # the server takes no more now
            self.h2.send_data(1, data[:count])
            data = data[count:]
            self._move()
        self._move()
        got, self.body = self.body, b""
        return got

    def finish(self) -> None:
        self.h2.end_stream(1)
        self._move()

    def vanish(self) -> None:
        self.h2.reset_stream(1)
        self._move()

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def broken(self) -> bool:
        return self._broken

    def _move(self) -> None:
        while True:
            got = self.client.talk(self.h2.data_to_send())
            if not got:
                return
            for event in self.h2.receive_data(self._without_goodbyes(got)):
                if getattr(event, "stream_id", 1) == 1:
                    self._take(event)

    def _without_goodbyes(self, data: bytes) -> bytes:
        # To the package h2 nothing may follow a GOAWAY, not even on the streams that it lets finish.
        kept = b""
        while data:
            size = 9 + int.from_bytes(data[:3], "big")
            kept += data[:size] if data[3] != GOAWAY else b""
            data = data[size:]
        return kept

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.head = {str(name): str(value) for name, value in event.headers}
            self.status = int(self.head.pop(":status"))
        elif isinstance(event, DataReceived):
            self.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
        elif isinstance(event, StreamEnded):
            self._ended = True
        elif isinstance(event, StreamReset):
            self._ended = True
            self._broken = event.error_code != 0


class SocketClient:
    """A client that has asked for a WebSocket."""

    def __init__(
        self, stage: Stage, version: str = "1.1", path: str = "/", deflate: Deflate | None = None, **fields: Any
    ):
        self.stage = stage
        self.carried: Carried = OverHttp1(stage) if version == "1.1" else OverHttp2(stage)
        self.engine = WebSocket(WebSocketLimits(), deflate, mask=lambda: b"mask")
        self.carried.ask(path, FIELDS | {name.replace("_", "-"): value for name, value in fields.items()})

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.carried.status

    @property
    def ended(self) -> bool:
        """Whether the server has ended it, or cut it."""
        return self.carried.ended

    @property
    def broken(self) -> bool:
        """Whether the server has cut it."""
        return self.carried.broken

    def say(self, *messages: str | bytes | Ping | Pong | Closed) -> list[object]:
        """Send these at once, and answer with what comes back, each as an event."""
        for message in messages:
            if isinstance(message, str):
                self.engine.send_text(message)
            elif isinstance(message, bytes):
                self.engine.send_binary(message)
            elif isinstance(message, Ping):
                self.engine.ping(message.data)
            elif isinstance(message, Pong):
                self.engine.pong(message.data)
            else:
                self.engine.close(message.code, message.reason)
        return self.raw(b"".join(self.engine.take_output()))

    def raw(self, data: bytes) -> list[object]:
        """Send these bytes, and answer with what comes back."""
        got = self.carried.talk(data)
        if got:
            self.engine.receive(got)
        events: list[object] = []
        while (event := self.engine.next_event()) is not None:
            events.append(event)
            if isinstance(event, Closed):
                self.engine.part()
        return events

    def wait(self, seconds: float) -> list[object]:
        """Let time pass, and answer with what has come."""
        self.stage.wait(seconds)
        return self.raw(b"")


BARE_CLOSE = Closed(NO_CODE)


Dial = Callable[..., SocketClient]
"""Asks an app for a WebSocket."""


def dialling(version: str) -> Dial:
    """Who asks by this version of HTTP."""

    def ask(app: App, *, patience: Patience | None = None, **details: Any) -> SocketClient:
        return SocketClient(Stage(app, patience=patience), version, **details)

    return ask


class Ear:
    """An app that accepts every WebSocket, keeps what it hears, and answers what it is told to."""

    def __init__(self, limits: WebSocketLimits = LIMITS, echo: bool = False, **details: Any) -> None:
        self.limits = limits
        self.echo = echo
        self.details = details
        self.heard: list[str | bytes] = []
        self.ends: list[tuple[int, str]] = []
        self.rooms = 0

    def __call__(self, exchange: Exchange) -> None:
        assert wanted(exchange.request)
        self.exchange = exchange
        offer = offered(exchange)
        if offer is not None:
            self.socket = Socket(exchange, offer, self.limits, self, **self.details)
            self.socket.begin()

    def received(self, message: str | bytes) -> None:
        self.heard.append(message)
        if self.echo:
            self.socket.send(message)

    def closed(self, code: int, reason: str) -> None:
        self.ends.append((code, reason))

    def has_room(self) -> None:
        self.rooms += 1
