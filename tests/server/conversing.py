"""A server in memory and its clients: what the conversations of these tests are played with."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pellucid.message import END, End, Headers, Response
from pellucid.net.memory import HandClock, MemoryLink, MemoryPoller, memory_pair
from pellucid.net.reactor import Reactor
from pellucid.piece import FileSlice, OpenFile, Piece
from pellucid.server.exchange import App, Exchange
from pellucid.server.server import Capacity, Server
from pellucid.watch import HOOKS, Watch

HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ROUNDS = 20_000


def hello(exchange: Exchange) -> None:
    """Answer with the path."""
    exchange.respond(Response(200), b"hello " + exchange.request.path)


class Stage:
    """A server with its loop, its clock and what it noted. `settle` runs rounds until nothing moves."""

    def __init__(self, app: App = hello, **settings: Any) -> None:
        self.clock = HandClock()
        self.poller = MemoryPoller()
        self.faults: list[str] = []
        self.reactor = Reactor(self.poller, self.clock, self.faults.append)
        self.watch = settings.pop("watch", Watch())
        self.notes: list[tuple[str, str]] = []
        self.watch.noted.append(lambda level, text: self.notes.append((level, text)))
        capacity = settings.pop("capacity", Capacity(0, 0))
        self.server = Server(app, capacity, reactor=self.reactor, watch=self.watch, **settings)

    def client(self, *, holds: int = 65536, peer: str = "192.0.2.1") -> Client:
        """A client whose connection the server has adopted."""
        ours, theirs = memory_pair(holds, peer)
        self.server.adopt(ours)
        return Client(self, theirs)

    @property
    def busy(self) -> bool:
        """Whether another round would do something without time passing."""
        return bool(self.reactor._soon or self.poller.poll(0))

    def settle(self) -> None:
        """Rounds until nothing moves; a loop that spins without end fails."""
        self.reactor.step(0)
        for _ in range(ROUNDS):
            if not self.busy:
                break
            self.reactor.step(0)
        else:
            raise AssertionError("the loop spins")
        assert not self.faults, self.faults[0]

    def wait(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self.clock.advance(seconds)
        self.settle()

    @property
    def open_connections(self) -> int:
        return len(self.server.connections)

    @property
    def timers(self) -> int:
        """How many timers still count."""
        return sum(1 for _, _, timer in self.reactor._timers if timer.callback is not None)

    @property
    def errors(self) -> list[str]:
        """The notes that tell of a mistake."""
        return [text for level, text in self.notes if level == "error"]


class Client:
    """The other end of a connection. `got` is everything that it has read."""

    def __init__(self, stage: Stage, link: MemoryLink) -> None:
        self.stage = stage
        self.link = link
        self.got = bytearray()

    def send(self, data: bytes) -> None:
        """Send, without waiting for what comes of it; what the pipe does not hold waits here."""
        self.link.send([data])

    def talk(self, data: bytes = b"") -> bytes:
        """Send, read until nothing comes any more, and answer with what was read."""
        if data:
            self.send(data)
        before = len(self.got)
        self.stage.settle()
        while part := self.link.receive():
            self.got += part
            if self.link.waiting:
                self.link.send([])
            self.stage.settle()
        return bytes(self.got[before:])

    def read(self, count: int) -> bytes:
        """Read so many bytes of what is there, and no more."""
        data = bytes(self.link.arrived[:count])
        del self.link.arrived[: len(data)]
        self.got += data
        self.stage.settle()
        return data

    @property
    def ended(self) -> bool:
        """Whether the server has ended or cut the conversation."""
        return self.link.ended

    @property
    def broken(self) -> bool:
        """Whether the server has cut it, so that what came cannot be taken for the whole."""
        return bool(self.link.broken)


def statuses(data: bytes | bytearray) -> list[int]:
    """The status of each answer in these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", data)]


def request(method: str = "GET", path: str = "/", body: bytes = b"", version: str = "1.1", **fields: str) -> bytes:
    """A request; the body has a Content-Length unless it is empty."""
    lines = [f"{method} {path} HTTP/{version}", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Script:
    """A source that gives what it was told to, one after the other, and then the end. An exception is raised."""

    def __init__(
        self, *items: Piece | End | BaseException | Callable[[], Any] | None, length: int | None = None
    ) -> None:
        self.items = list(items)
        self.length = length
        self.pulls = 0
        self.closed = 0

    def pull(self, limit: int) -> Piece | End | None:
        self.pulls += 1
        assert limit > 0
        assert not self.closed
        item = self.items.pop(0) if self.items else END
        if callable(item):
            item = item()
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        self.closed += 1


class FileBody:
    """A source that gives a file in slices, and holds it open until it is closed."""

    def __init__(self, path: Path, size: int, slices: int = 4) -> None:
        self.file = OpenFile(os.open(path, os.O_RDONLY))
        self.length: int | None = size
        self.size = size
        self.share = size // slices
        self.at = 0

    def pull(self, limit: int) -> Piece | End | None:
        if self.at >= self.size:
            return END
        size = min(self.share, limit)
        self.at += size
        return FileSlice(self.file, self.at - size, size)

    def close(self) -> None:
        self.file.release()


def answering(body: Any, status: int = 200, **fields: str) -> App:
    """An app that gives every exchange this body."""
    headers = Headers([(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()])
    return lambda exchange: exchange.respond(Response(status, headers), body)


class Later:
    """An app that answers nothing by itself and keeps its exchanges for the test to go on with."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]


def descriptors() -> set[str]:
    """What this process holds open."""
    return set(os.listdir("/dev/fd"))


def watching(*broken: str) -> tuple[Watch, list[str]]:
    """A watch with an observer at each hook, and the list of what they saw; those that are named fail."""
    watch, seen = Watch(), []

    def observer(hook: str):  # type: ignore[no-untyped-def]  # an Observer
        def observe(*facts: object) -> None:
            seen.append(hook)
            if hook in broken:
                raise ZeroDivisionError("on purpose")

        return observe

    for hook in HOOKS:
        if hook != "noted":
            getattr(watch, hook).append(observer(hook))
    return watch, seen
