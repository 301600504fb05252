"""What is asked of the servers, and the figures that each asking gives; how a server is started is not known here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import load
from peers import HELLO, PEERS_BY_NAME, Peer, Server
from table import Column

SMALL = "/static/page.html"
LARGE = "/static/film.bin"
KIB = 1 << 10
MIB = 1 << 20

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked in one round: seconds of load, and connections that rest; and where wrk's script may lie."""

    seconds: float
    resting: int
    scratch: Path


@dataclass(frozen=True, slots=True)
class Workload:
    """A thing to ask: of whom, how, and what comes of it. The first column is what is compared."""

    name: str
    title: str
    peers: tuple[Peer, ...]
    ask: Callable[[Server, Effort], Figures]
    columns: tuple[Column, ...]


def prepare(folder: Path) -> None:
    """Write the files that are asked for."""
    text = b"<!doctype html><title>A page</title><p>" + b"It is one kibibyte long. " * KIB
    (folder / "static").mkdir()
    (folder / SMALL[1:]).write_bytes(text[:KIB])
    block = os.urandom(MIB)
    with (folder / LARGE[1:]).open("wb") as film:
        film.writelines(block for _ in range(100))


def _small_file(server: Server, effort: Effort) -> Figures:
    return _requests(server, effort, SMALL, KIB)


def _hello(server: Server, effort: Effort) -> Figures:
    return _requests(server, effort, "/hello", len("hello"))


def _requests(server: Server, effort: Effort, path: str, size: int) -> Figures:
    _probe(server, path, size)
    _press(server, effort, path, size, seconds=1)
    cost, rate = _press(server, effort, path, size, effort.seconds)
    return {"cpu": cost, "rate": rate, "memory": server.memory_bytes() / 1e6}


def _large_file(server: Server, effort: Effort) -> Figures:
    _probe(server, LARGE, 100 * MIB)
    before = server.cpu_seconds()
    done = load.download(LARGE, server.port, effort.seconds)
    used = server.cpu_seconds() - before
    mebibytes = done.received / MIB
    return {"cpu": used * 1e6 / mebibytes, "rate": mebibytes / done.seconds, "memory": server.memory_bytes() / 1e6}


def _resting(server: Server, effort: Effort) -> Figures:
    _probe(server, SMALL, KIB)
    _press(server, effort, SMALL, KIB, seconds=1)
    alone, _ = _press(server, effort, SMALL, KIB, effort.seconds)
    before = server.memory_bytes()
    with load.resting(SMALL, server.port, effort.resting) as clients:
        growth = server.memory_bytes() - before
        beside, _ = _press(server, effort, SMALL, KIB, effort.seconds)
        held = load.alive(clients)
    if held < effort.resting:
        raise load.Failed(f"only {held} of {effort.resting} resting connections were kept")
    scaled = growth / 1e6 * 10_000 / effort.resting
    return {"growth": scaled, "beside": beside, "alone": alone, "ratio": beside / alone, "held": held}


def _probe(server: Server, path: str, size: int) -> None:
    answer = load.fetch(path, server.port)
    if answer != (200, size):
        raise load.Failed(f"{path} was answered with status {answer[0]} and {answer[1]} bytes")


def _press(server: Server, effort: Effort, path: str, size: int, seconds: float) -> tuple[float, float]:
    # The processor time of one request in microseconds, and the requests per second.
    before = server.cpu_seconds()
    done = load.press(effort.scratch, path, server.port, seconds)
    used = server.cpu_seconds() - before
    if done.errors or not done.requests:
        raise load.Failed(f"errors under load: {done.errors or 'no answer'}")
    if done.received < done.requests * size:
        raise load.Failed(f"{done.requests} answers of {size} bytes came as {done.received} bytes with their heads")
    return used * 1e6 / done.requests, done.requests / done.seconds


_REQUEST_COLUMNS = (Column("cpu", "CPU µs/request", 1), Column("rate", "requests/s"), Column("memory", "PSS MB"))
_FILE_PEERS = tuple(PEERS_BY_NAME.values())

WORKLOADS = (
    Workload("file-1k", "A file of 1 KiB, 64 connections", _FILE_PEERS, _small_file, _REQUEST_COLUMNS),
    Workload(
        "file-100m",
        "A file of 100 MiB, 2 connections",
        _FILE_PEERS[:3],
        _large_file,
        (Column("cpu", "CPU µs/MiB", 1), Column("rate", "MiB/s"), Column("memory", "PSS MB")),
    ),
    Workload(
        "idle",
        "Idle keep-alive connections, and a load of 64 beside them",
        _FILE_PEERS[:3],
        _resting,
        (
            Column("growth", "MB per 10,000 idle", 1),
            Column("beside", "CPU µs/request beside them", 1),
            Column("alone", "without them", 1),
            Column("ratio", "ratio", 2),
            Column("held", "held"),
        ),
    ),
    Workload("hello", "A constant answer, 64 connections", (HELLO, PEERS_BY_NAME["nginx"]), _hello, _REQUEST_COLUMNS),
)
