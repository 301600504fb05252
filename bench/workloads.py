"""What is asked of the servers, and the figures that each asking gives; how a server is started is not known here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import app_servers
import file_servers
import load
import measure
from load import Ask
from peers import Peer, Server
from table import ONE, TWO, Column

KIB = 1 << 10
MIB = 1 << 20

PAGE = (b"<!doctype html><title>A page</title><p>" + b"It is one kibibyte long. " * KIB)[:KIB]
POSTED = b"Ten kibibytes of text. " * KIB

SMALL_FILE = Ask.of("/static/page.html", PAGE)
LARGE_FILE = Ask("/static/film.bin", 100 * MIB)
HELLO = Ask.of("/hello", b"hello")
ECHO = Ask.of("/echo", POSTED[: 10 * KIB], body=POSTED[: 10 * KIB])
STREAM = Ask.of("/stream", b"x" * MIB)
ITEM = Ask.of("/items/42?q=glass", b'{"number":42,"q":"glass","name":"pellucid"}')

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked in one round: seconds of load, and connections that rest; and where wrk's script may lie."""

    seconds: float
    resting: int
    scratch: Path


@dataclass(frozen=True, slots=True)
class Workload:
    """A thing to ask: of whom, in which way, and what comes of it. The first column is what is compared."""

    name: str
    title: str
    peers: tuple[Peer, ...]
    ask: Ask
    way: Callable[[Ask, Server, Effort], Figures]
    columns: tuple[Column, ...]


def prepare(folder: Path) -> None:
    """Write the files that are asked for."""
    (folder / "static").mkdir()
    (folder / SMALL_FILE.path[1:]).write_bytes(PAGE)
    block = os.urandom(MIB)
    with (folder / LARGE_FILE.path[1:]).open("wb") as film:
        film.writelines(block for _ in range(LARGE_FILE.size // MIB))


def _requests(ask: Ask, server: Server, effort: Effort) -> Figures:
    _probe(server, ask)
    _press(server, effort, ask, seconds=1)
    cost, rate = _press(server, effort, ask, effort.seconds)
    return {"cpu": cost, "rate": rate, "memory": server.memory_bytes() / 1e6}


def _downloads(connections: int, ask: Ask, server: Server, effort: Effort) -> Figures:
    _probe(server, ask)
    before = server.cpu_seconds()
    done = load.download(ask, server.port, effort.seconds, connections)
    used = server.cpu_seconds() - before
    mebibytes = done.received / MIB
    return {"cpu": used * 1e6 / mebibytes, "rate": mebibytes / done.seconds, "memory": server.memory_bytes() / 1e6}


def _resting(ask: Ask, server: Server, effort: Effort) -> Figures:
    _probe(server, ask)
    _press(server, effort, ask, seconds=1)
    alone, _ = _press(server, effort, ask, effort.seconds)
    before = server.memory_bytes()
    with load.resting(ask, server.port, effort.resting) as clients:
        growth = server.memory_bytes() - before
        beside, _ = _press(server, effort, ask, effort.seconds)
        held = load.alive(clients)
    if held < effort.resting:
        raise load.Failed(f"only {held} of {effort.resting} resting connections were kept")
    scaled = growth / 1e6 * 10_000 / effort.resting
    return {"growth": scaled, "beside": beside, "alone": alone, "ratio": beside / alone, "held": held}


def _workers(ask: Ask, server: Server, effort: Effort) -> Figures:
    # What a request takes in time says something only where the clients take none of it.
    figures = _requests(ask, server, effort)
    return {**figures, "pace": 1e6 / figures["rate"]} if server.apart else figures


def _memory(ask: Ask, server: Server, effort: Effort) -> Figures:
    # The worker is the process that did the work; the others are its parent, and whatever else there is.
    _probe(server, ask)
    before = {pid: measure.cpu_seconds([pid]) for pid in server.processes()}
    _press(server, effort, ask, seconds=1)
    worker = max(before, key=lambda pid: measure.cpu_seconds([pid]) - before[pid])
    others = [pid for pid in server.processes() if pid != worker]
    return {
        "resident": measure.memory_bytes([worker], "Rss") / 1e6,
        "proportional": measure.memory_bytes([worker]) / 1e6,
        "others": measure.memory_bytes(others) / 1e6,
    }


def _probe(server: Server, ask: Ask) -> None:
    status, content = load.fetch(ask, server.port)
    if not ask.met(status, content):
        raise load.Failed(f"{ask.path} was answered with status {status} and {len(content)} bytes: {content[:60]!r}")


def _press(server: Server, effort: Effort, ask: Ask, seconds: float) -> tuple[float, float]:
    # The processor time of one request in microseconds, and the requests per second.
    before = server.cpu_seconds()
    done = load.press(effort.scratch, ask, server.port, seconds)
    used = server.cpu_seconds() - before
    if done.errors or not done.requests:
        raise load.Failed(f"errors under load: {done.errors or 'no answer'}")
    if done.received < done.requests * ask.size:
        raise load.Failed(f"{done.requests} answers of {ask.size} bytes came as {done.received} bytes with their heads")
    return used * 1e6 / done.requests, done.requests / done.seconds


_REQUEST_COLUMNS = (Column("cpu", "CPU µs/request", 1), Column("rate", "requests/s"), Column("memory", "PSS MB"))
_BYTES_COLUMNS = (Column("cpu", "CPU µs/MiB", 1), Column("rate", "MiB/s"), Column("memory", "PSS MB"))
_LARGE_PEERS = (file_servers.PELLUCID, file_servers.NGINX, file_servers.GRANIAN)
_ASGI_HELLO = "asgi_app:hello"
_ON_ASYNCIO = app_servers.pellucid(_ASGI_HELLO, "--loop", "asyncio", name="pellucid --loop asyncio")

FILES = (
    Workload(
        "file-1k",
        "A file of 1 KiB, 64 connections",
        (*_LARGE_PEERS, file_servers.HTTP_SERVER, file_servers.STARLETTE),
        SMALL_FILE,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "file-100m",
        "A file of 100 MiB, 2 connections",
        _LARGE_PEERS,
        LARGE_FILE,
        partial(_downloads, 2),
        _BYTES_COLUMNS,
    ),
    Workload(
        "idle",
        "Idle keep-alive connections, and a load of 64 beside them",
        _LARGE_PEERS,
        SMALL_FILE,
        _resting,
        (
            Column("growth", "MB per 10,000 idle", 1),
            Column("beside", "CPU µs/request beside them", 1),
            Column("alone", "without them", 1),
            Column("ratio", "ratio", 2),
            Column("held", "held"),
        ),
    ),
    Workload(
        "hello",
        "A constant answer, 64 connections",
        (file_servers.HELLO, file_servers.NGINX),
        HELLO,
        _requests,
        _REQUEST_COLUMNS,
    ),
)

APPLICATIONS = (
    Workload(
        "asgi-hello",
        "ASGI: hello, 64 connections",
        (*app_servers.asgi(_ASGI_HELLO), _ON_ASYNCIO),
        HELLO,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "asgi-echo",
        "ASGI: a body of 10 KiB posted and echoed, 64 connections",
        app_servers.asgi("asgi_app:echo"),
        ECHO,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "asgi-stream",
        "ASGI: an answer of 1 MiB streamed in pieces of 64 KiB, 8 connections",
        app_servers.asgi("asgi_app:stream")[:-1],  # FastPySGI 0.6 stops after the first piece
        STREAM,
        partial(_downloads, 8),
        _BYTES_COLUMNS,
    ),
    Workload(
        "fastapi",
        "ASGI: a JSON route of FastAPI, 64 connections",
        app_servers.asgi("fastapi_app:app")[:3],
        ITEM,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-hello",
        "WSGI on threads: hello, 64 connections",
        app_servers.wsgi("wsgi_app:hello"),
        HELLO,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-echo",
        "WSGI on threads: a body of 10 KiB posted and echoed, 64 connections",
        app_servers.wsgi("wsgi_app:echo"),
        ECHO,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-inline",
        "WSGI on the loop: hello, 64 connections",
        app_servers.wsgi_inline("wsgi_app:hello"),
        HELLO,
        _requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "memory",
        "Memory of a worker with a bare ASGI application, after a second of load",
        (
            *app_servers.asgi(_ASGI_HELLO)[:3],
            app_servers.pellucid(_ASGI_HELLO, "--loop", "uvloop", "--workers", "1", name=ONE),
        ),
        HELLO,
        _memory,
        (
            Column("resident", "RSS MB of the worker", 1),
            Column("proportional", "its PSS MB", 1),
            Column("others", "PSS MB of its parent and others", 1),
        ),
    ),
    Workload(
        "workers",
        "Two workers beside one: ASGI hello, 64 connections",
        (
            app_servers.pellucid(_ASGI_HELLO, "--loop", "uvloop", "--workers", "2", name=TWO, cores=2),
            app_servers.pellucid(_ASGI_HELLO, "--loop", "uvloop", "--workers", "1", name=ONE),
        ),
        HELLO,
        _workers,
        (*_REQUEST_COLUMNS, Column("pace", "µs from answer to answer", 1)),
    ),
)

WORKLOADS = (*FILES, *APPLICATIONS)
