"""The ways in which a server is asked, and the figures that each gives; which servers there are is not known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import ab
import h2load
import load
import measure
import sockets
from load import Ask, Load
from peers import Server

MIB = 1 << 20

Figures = dict[str, float]
Press = Callable[[Path, Ask, int, float], Load]
Fetch = Callable[[Ask, int], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked in one round: seconds of load, and connections that rest; and where wrk's script may lie."""

    seconds: float
    resting: int
    scratch: Path


def requests(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a request costs, asked by wrk over 64 connections."""
    return _asked(load.fetch, load.press, ask, server, effort)


def visits(ask: Ask, server: Server, effort: Effort) -> Figures:
    """The same, of a client that shows the cookie which it was given by the first answer."""
    return requests(load.with_cookie(ask, server.port), server, effort)


def streams(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a request costs over HTTP/2, asked by h2load over 8 connections with 32 streams each."""
    return _asked(h2load.fetch, h2load.press, ask, server, effort)


def echoes(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a message and its echo cost over 64 WebSockets."""
    return _asked(sockets.fetch, sockets.press, ask, server, effort)


def handshakes(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a request costs on a connection of its own, asked by ab over 16 at a time: a handshake too."""
    return _asked(load.fetch, ab.press, ask, server, effort)


def downloads(connections: int, ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a mebibyte of a large answer costs, read over so many connections."""
    _probe(load.fetch, ask, server)
    before = server.cpu_seconds()
    done = load.download(ask, server.port, effort.seconds, connections)
    used = server.cpu_seconds() - before
    mebibytes = done.received / MIB
    return {"cpu": used * 1e6 / mebibytes, "rate": mebibytes / done.seconds, "memory": server.memory_bytes() / 1e6}


def resting(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What connections that rest cost in memory, and a request beside them."""
    _probe(load.fetch, ask, server)
    _press(load.press, ask, server, replace(effort, seconds=1))
    alone, _ = _press(load.press, ask, server, effort)
    before = server.memory_bytes()
    with load.resting(ask, server.port, effort.resting) as clients:
        growth = server.memory_bytes() - before
        beside, _ = _press(load.press, ask, server, effort)
        held = load.alive(clients)
    if held < effort.resting:
        raise load.Failed(f"only {held} of {effort.resting} resting connections were kept")
    scaled = growth / 1e6 * 10_000 / effort.resting
    return {"growth": scaled, "beside": beside, "alone": alone, "ratio": beside / alone, "held": held}


def workers(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a request costs, and the time from one answer to the next."""
    # What a request takes in time says something only where the clients take none of it.
    figures = requests(ask, server, effort)
    return {**figures, "pace": 1e6 / figures["rate"]} if server.apart else figures


def memory(ask: Ask, server: Server, effort: Effort) -> Figures:
    """What a worker, and what else there is, holds after a second of load."""
    # The worker is the process that did the work; the others are its parent, and whatever else there is.
    _probe(load.fetch, ask, server)
    before = {pid: measure.cpu_seconds([pid]) for pid in server.processes()}
    _press(load.press, ask, server, replace(effort, seconds=1))
    worker = max(before, key=lambda pid: measure.cpu_seconds([pid]) - before[pid])
    others = [pid for pid in server.processes() if pid != worker]
    return {
        "resident": measure.memory_bytes([worker], "Rss") / 1e6,
        "proportional": measure.memory_bytes([worker]) / 1e6,
        "others": measure.memory_bytes(others) / 1e6,
    }


def _asked(fetch: Fetch, press: Press, ask: Ask, server: Server, effort: Effort) -> Figures:
    _probe(fetch, ask, server)
    _press(press, ask, server, replace(effort, seconds=1))
    cost, rate = _press(press, ask, server, effort)
    return {"cpu": cost, "rate": rate, "memory": server.memory_bytes() / 1e6}


def _probe(fetch: Fetch, ask: Ask, server: Server) -> None:
    status, content = fetch(ask, server.port)
    if not ask.met(status, content):
        raise load.Failed(f"{ask.path} was answered with status {status} and {len(content)} bytes: {content[:60]!r}")


def _press(press: Press, ask: Ask, server: Server, effort: Effort) -> tuple[float, float]:
    # The processor time of one request in microseconds, and the requests per second.
    before = server.cpu_seconds()
    done = press(effort.scratch, ask, server.port, effort.seconds)
    used = server.cpu_seconds() - before
    if done.errors or not done.requests:
        raise load.Failed(f"errors under load: {done.errors or 'no answer'}")
    if done.received < done.requests * ask.size:
        raise load.Failed(f"{done.requests} answers of {ask.size} bytes came as {done.received} bytes")
    return used * 1e6 / done.requests, done.requests / done.seconds
