"""ASGI apps in a server in memory, whose loop is driven by hand: no port, no sleep, and no clock but a hand's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from conversing import ROUNDS, Client, Stage

from pellucid.apps.asgi.app import Asgi
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.asgi.types import Message, Receive, Scope, Send
from pellucid.protocol.websocket.limits import WebSocketLimits

PLAIN = [(b"content-type", b"text/plain")]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Host(Stage):
    """A stage whose app is an ASGI app; `settle` lets its tasks run too. `lives` tells what its life has said."""

    def __init__(
        self,
        app: Callable[..., Any],
        settings: AsgiSettings | None = None,
        root: str = "",
        websockets: WebSocketLimits | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(self._ask, **rest)
        self.loop = asyncio.new_event_loop()
        self.asgi = Asgi(app, self.loop, self.watch, settings or AsgiSettings(), root, websockets)
        self.lives: list[str] = []

    def _ask(self, exchange: Any) -> None:
        self.asgi(exchange)

    def settle(self) -> None:
        for _ in range(ROUNDS):
            self.reactor.step(0)
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
            if not (self.busy or self.loop._ready):  # type: ignore[attr-defined]  # what waits to be called
                break
        else:
            raise AssertionError("the loop spins")
        assert not self.faults, self.faults[0]

    def begin(self) -> list[str]:
        """Begin the app's life and answer what it said."""
        self.asgi.begin(lambda why: self.lives.append(why or "begun"))
        self.settle()
        return self.lives

    def end(self, within: float = 10.0) -> list[str]:
        """End it."""
        self.asgi.end(lambda: self.lives.append("ended"), within)
        self.settle()
        return self.lives

    def ask(self, data: bytes = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") -> bytes:
        """What a client of its own gets."""
        return self.client().talk(data)

    def close(self) -> None:
        """End everything, and see that no task is left."""
        self.server.halt()
        self.settle()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.settle()
        self.loop.close()


def answer(body: bytes = b"hello", status: int = 200, headers: Any = PLAIN) -> App:
    """An app that gives everybody this."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def telling(*messages: Any) -> App:
    """An app that sends these messages, and raises what is an exception among them."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            if isinstance(message, BaseException):
                raise message
            await send(message)

    return app


def start(status: Any = 200, headers: Any = (), **more: Any) -> Message:
    """The message that begins an answer."""
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def body(data: Any = b"", more: bool = False) -> Message:
    """The message that gives a part of a body."""
    return {"type": "http.response.body", "body": data, "more_body": more}


def content(answered: bytes) -> bytes:
    """The body of the one answer in these bytes, decoded from chunks."""
    head, _, rest = answered.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head:
        return rest
    whole = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        whole, rest = whole + rest[:count], rest[count + 2 :]
        if not count:
            break
    return whole


def field(answered: bytes, name: str) -> list[str]:
    """The values of a field in an answer's head."""
    head = answered.partition(b"\r\n\r\n")[0].decode()
    return re.findall(rf"(?mi)^{name}: (.*?)\r?$", head)


__all__ = ["Client", "Host", "answer", "body", "content", "field", "start", "telling"]
