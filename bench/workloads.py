"""What is asked of which servers, and in which way; how a server is started is not known here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import ab
import app_servers
import file_servers
import h2load
import load
import sockets
import ways
from apps.page_app import coded
from load import Ask
from peers import Peer, Server
from table import CONSTANT, ONE, TWO, Column
from ways import MIB, Effort, Figures

KIB = 1 << 10

PAGE = (b"<!doctype html><title>A page</title><p>" + b"It is one kibibyte long. " * KIB)[:KIB]
MESSAGE = b",".join(b'{"seat":%d,"row":"%c","taken":false}' % (seat, 65 + seat % 7) for seat in range(40))[:KIB]
POSTED = b"Ten kibibytes of text. " * KIB

SMALL_FILE = Ask.of("/static/page.html", PAGE)
LARGE_FILE = Ask("/static/film.bin", 100 * MIB)
HELLO = Ask.of("/hello", b"hello")
ECHO = Ask.of("/echo", POSTED[: 10 * KIB], body=POSTED[: 10 * KIB])
STREAM = Ask.of("/stream", b"x" * MIB)
ITEM = Ask.of("/items/42?q=glass", b'{"number":42,"q":"glass","name":"pellucid"}')


@dataclass(frozen=True, slots=True)
class Workload:
    """A thing to ask: of whom, in which way, and what comes of it. The first column is what is compared."""

    name: str
    title: str
    peers: tuple[Peer, ...]
    ask: Ask
    way: Callable[[Ask, Server, Effort], Figures]
    columns: tuple[Column, ...]
    repeat: Callable[[Ask, int, int], None] = load.repeat


def prepare(folder: Path) -> None:
    """Write the files that are asked for."""
    (folder / "static").mkdir()
    (folder / SMALL_FILE.path[1:]).write_bytes(PAGE)
    block = os.urandom(MIB)
    with (folder / LARGE_FILE.path[1:]).open("wb") as film:
        film.writelines(block for _ in range(LARGE_FILE.size // MIB))


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
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "file-100m",
        "A file of 100 MiB, 2 connections",
        _LARGE_PEERS,
        LARGE_FILE,
        partial(ways.downloads, 2),
        _BYTES_COLUMNS,
    ),
    Workload(
        "idle",
        "Idle keep-alive connections, and a load of 64 beside them",
        _LARGE_PEERS,
        SMALL_FILE,
        ways.resting,
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
        ways.requests,
        _REQUEST_COLUMNS,
    ),
)

APPLICATIONS = (
    Workload(
        "asgi-hello",
        "ASGI: hello, 64 connections",
        (*app_servers.asgi(_ASGI_HELLO), _ON_ASYNCIO),
        HELLO,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "asgi-echo",
        "ASGI: a body of 10 KiB posted and echoed, 64 connections",
        app_servers.asgi("asgi_app:echo"),
        ECHO,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "asgi-stream",
        "ASGI: an answer of 1 MiB streamed in pieces of 64 KiB, 8 connections",
        app_servers.asgi("asgi_app:stream")[:-1],  # FastPySGI 0.6 stops after the first piece
        STREAM,
        partial(ways.downloads, 8),
        _BYTES_COLUMNS,
    ),
    Workload(
        "fastapi",
        "ASGI: a JSON route of FastAPI, 64 connections",
        app_servers.asgi("fastapi_app:app")[:3],
        ITEM,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-hello",
        "WSGI on threads: hello, 64 connections",
        app_servers.wsgi("wsgi_app:hello"),
        HELLO,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-echo",
        "WSGI on threads: a body of 10 KiB posted and echoed, 64 connections",
        app_servers.wsgi("wsgi_app:echo"),
        ECHO,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "wsgi-inline",
        "WSGI on the loop: hello, 64 connections",
        app_servers.wsgi_inline("wsgi_app:hello"),
        HELLO,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "session-read",
        "ASGI: hello to a client whose session is read, 64 connections",
        app_servers.sessions("asgi_app:remembered"),
        HELLO,
        ways.visits,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "compress",
        "ASGI: a page of 74 KB, compressed by zstd, 64 connections",
        app_servers.compressing("page_app:page", "page_app:compressed"),
        Ask.of("/page", coded()),
        ways.requests,
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
        ways.memory,
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
        ways.workers,
        (*_REQUEST_COLUMNS, Column("pace", "µs from answer to answer", 1)),
    ),
)

_HELLO_TLS = replace(HELLO, scheme="https")

PROTOCOLS = (
    Workload(
        "h2",
        "HTTP/2 in the clear: hello, 8 connections with 32 streams each; nginx, and the second Pellucid, by a constant",
        (
            *app_servers.asgi_http2(_ASGI_HELLO),
            file_servers.NGINX_HTTP2,
            replace(file_servers.HELLO, name=CONSTANT),
        ),
        HELLO,
        ways.streams,
        _REQUEST_COLUMNS,
        h2load.repeat,
    ),
    Workload(
        "h2-paths",
        "The same with 5,000 paths, so that no head comes again soon",
        app_servers.asgi_http2(_ASGI_HELLO),
        replace(HELLO, paths=5000),
        ways.streams,
        _REQUEST_COLUMNS,
        h2load.repeat,
    ),
    Workload(
        "tls-asgi",
        "ASGI over TLS: hello, 64 connections",
        app_servers.asgi_tls(_ASGI_HELLO),
        _HELLO_TLS,
        ways.requests,
        _REQUEST_COLUMNS,
    ),
    Workload(
        "tls-file",
        "A file of 100 MiB over TLS, 2 connections",
        (file_servers.PELLUCID_TLS, file_servers.NGINX_TLS, file_servers.GRANIAN_TLS),
        replace(LARGE_FILE, scheme="https"),
        partial(ways.downloads, 2),
        _BYTES_COLUMNS,
    ),
    Workload(
        "handshakes",
        "A constant answer, each over a connection of its own: full handshakes with ECDSA, 16 at a time",
        (file_servers.HELLO_TLS, file_servers.NGINX_TLS),
        _HELLO_TLS,
        ways.handshakes,
        _REQUEST_COLUMNS,
        ab.repeat,
    ),
    Workload(
        "handshakes-rsa",
        "The same with RSA of 2048 bits",
        (file_servers.HELLO_RSA, file_servers.NGINX_RSA),
        _HELLO_TLS,
        ways.handshakes,
        _REQUEST_COLUMNS,
        ab.repeat,
    ),
)

_MESSAGE_COLUMNS = (Column("cpu", "CPU µs/message", 1), Column("rate", "messages/s"), Column("memory", "PSS MB"))
_SOCKETS = app_servers.asgi_sockets("asgi_app:messages")

REAL_TIME = (
    Workload(
        "ws-echo",
        "WebSocket: a text of 100 bytes and its echo, 64 connections",
        _SOCKETS,
        Ask.of("/", POSTED[:100], body=POSTED[:100]),
        ways.echoes,
        _MESSAGE_COLUMNS,
        sockets.repeat,
    ),
    Workload(
        "ws-echo-64k",
        "WebSocket: 64 KiB, binary, and their echo, 64 connections",
        _SOCKETS,
        Ask.of("/", b"\xfe" * (64 * KIB), body=b"\xfe" * (64 * KIB)),
        ways.echoes,
        _MESSAGE_COLUMNS,
        sockets.repeat,
    ),
    Workload(
        "ws-deflate",
        "WebSocket: a text of 1 KiB and its echo, compressed by permessage-deflate, 64 connections",
        _SOCKETS[:-1],  # granian has no compression
        replace(Ask.of("/", MESSAGE, body=MESSAGE), scheme=sockets.COMPRESSED),
        ways.echoes,
        _MESSAGE_COLUMNS,
        sockets.repeat,
    ),
)

WORKLOADS = (*FILES, *APPLICATIONS, *PROTOCOLS, *REAL_TIME)
