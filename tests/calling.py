"""A WSGI app behind a server in memory, run inline or by real threads; whose words come when the test asks for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conversing import Client, Stage, request

from pellucid.apps.wsgi.app import Wsgi
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.server.exchange import Exchange

PATIENCE = 10.0
"""How long a thread may take before the test fails, in seconds; none takes so long."""


running: list[Wsgi] = []
"""The apps of this test."""


def dechunked(answer: bytes) -> bytes:
    """The body of an answer, whatever its framing."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


class Calling:
    """An app and a client of it. `threads` of zero runs it in the loop."""

    def __init__(self, app: Any, threads: int = 0, mount: bytes = b"", holds: int = 1 << 22, **settings: Any) -> None:
        self.mount = mount
        self.prepare: Callable[[Exchange], None] = lambda exchange: None
        self.stage = Stage(self._ask, **{key: settings.pop(key) for key in ("patience", "limits") if key in settings})
        self.posts: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.stage.reactor.post = self.posts.put  # type: ignore[method-assign,assignment]  # a loop that waits for threads
        self.wsgi = Wsgi(app, self.stage.reactor, self.stage.watch, WsgiSettings(threads=threads, **settings), False)
        self.holds = holds
        running.append(self.wsgi)
        self.client = self.another()

    def _ask(self, exchange: Exchange) -> None:
        exchange.mount = self.mount
        self.exchange = exchange
        self.prepare(exchange)
        self.wsgi(exchange)

    def another(self) -> Client:
        """One client more."""
        return self.stage.client(holds=self.holds)

    def until(self, reached: Callable[[], bool]) -> None:
        """Do what the threads ask for, until this holds; in the same breath, if it does already."""
        self.read()
        while not reached():
            self.posts.get(timeout=PATIENCE)()
            self.read()

    def until_server(self, reached: Callable[[], bool]) -> None:
        """Likewise, while the client reads nothing and time goes on."""
        self._go_on(reached, self.stage.settle)

    def until_tick(self, reached: Callable[[], bool]) -> None:
        """Likewise, while the client reads and time goes on."""
        self._go_on(reached, self.read)

    def _go_on(self, reached: Callable[[], bool], step: Callable[[], None]) -> None:
        step()
        for _ in range(int(PATIENCE * 1000)):
            if reached():
                return
            self._wait_a_little()
            step()
        raise AssertionError("it did not come")

    def _wait_a_little(self) -> None:
        # A result that a thread gives in the middle of a job is fetched when the loop's next tick has come.
        try:
            self.posts.get(timeout=0.001)()
        except queue.Empty:
            self.stage.wait(0.001)

    def read(self) -> None:
        """Let the client read what there is."""
        self.client.talk()

    def drain(self) -> None:
        """Do what was asked for by now."""
        self.stage.settle()
        while not self.posts.empty():
            self.posts.get()()
            self.stage.settle()

    def ask(self, data: bytes = request()) -> bytes:
        """The whole answer to a request; the connection is used again."""
        before = len(self.client.got)
        self.client.send(data)
        self.until(lambda: self.client.ended or complete(bytes(self.client.got[before:]), data[:4] == b"HEAD"))
        return bytes(self.client.got[before:])

    def get(self, data: bytes = request()) -> bytes:
        """The body of the answer to a request."""
        return dechunked(self.ask(data))

    @property
    def errors(self) -> list[str]:
        """What was logged as an error."""
        self.drain()
        return self.stage.errors


def complete(answer: bytes, head_only: bool = False) -> bool:
    """Whether this is all of a final answer."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 103"):
        return complete(body, head_only)
    if not end or head_only:
        return bool(end)
    if b"chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return len(body) >= int(length or b"0")


BOTH_WAYS = pytest.mark.parametrize("threads", [0, 2], ids=["inline", "threads"])


PLAIN = [("Content-Type", "text/plain")]


App = Callable[[dict[str, Any], Any], Any]


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)
    return [b"hello"]


class Closed:
    """An iterable that counts how often it is closed."""

    def __init__(self, *items: Any) -> None:
        self.items = list(items)
        self.closed = 0
        self.done = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Closed:
        start_response("200 OK", PLAIN)
        return self

    def __iter__(self) -> Iterator[Any]:
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        self.closed += 1
        self.done.set()


def returning(result: Any, status: Any = "200 OK", headers: Any = PLAIN) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return result

    return app


def raising(error: BaseException) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        raise error

    return app


class Gate:
    """An app whose requests to /slow wait until they are let through."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked.append(environ["PATH_INFO"])
        if environ["PATH_INFO"].startswith("/slow"):
            self.entered.release()
            assert self.open.wait(PATIENCE)
        return hello(environ, start_response)
