"""The clients that speak HTTP/2 in the clear, from the first byte on: nghttp2's; they know no server."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

from load import Ask, Failed, Load, request

CONNECTIONS = 8
STREAMS = 32

# What one connection has and a stream has not (RFC 9113 8.2.2), or has another name for.
OF_A_CONNECTION = ("host", "connection")


def fields(ask: Ask, port: int) -> list[str]:
    """The fields of a browser's request over HTTP/2, as `name: value`."""
    head = request(ask, port).partition(b"\r\n\r\n")[0].decode("ascii")
    pairs = (line.partition(": ") for line in head.split("\r\n")[1:])
    return [f"{name.lower()}: {value}" for name, _, value in pairs if name.lower() not in OF_A_CONNECTION]


def press(folder: Path, ask: Ask, port: int, seconds: float) -> Load:
    """Ask over 8 connections with 32 streams each, a new one as soon as one is answered."""
    return parse(_h2load(ask, port, f"--duration={math.ceil(seconds)}", timeout=seconds + 30))


def repeat(ask: Ask, port: int, times: int) -> None:
    """Ask so many times, over as many connections and streams."""
    done = parse(_h2load(ask, port, f"--requests={times}", timeout=120))
    if done.errors or done.requests != times:
        raise Failed(f"{done.requests} of {times} requests were answered: {done.errors}")


def fetch(ask: Ask, port: int) -> tuple[int, bytes]:
    """One request on a connection of its own: the status and the body of its answer."""
    head = [f"--header={field}" for field in fields(ask, port) if not field.startswith("accept-encoding")]
    command = ["nghttp", "--stat", "--no-dep", "--timeout=10", *head, _urls(ask, port)[0]]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    body, found, figures = done.stdout.rpartition(b"***** Statistics *****")
    answered = re.search(rb" (\d{3}) +\S+ /", figures)
    if not (found and answered):
        raise Failed(f"nghttp was not answered: {(done.stdout + done.stderr)[-300:]!r}")
    return int(answered[1]), body


def parse(report: str) -> Load:
    """The load that h2load's output tells of; Failed where it tells of none."""
    finished = re.search(r"^finished in ([\d.]+)(us|ms|s|m|h)?,", report, re.MULTILINE)
    received = re.search(r"^traffic: .*, \S+ \((\d+)\) data$", report, re.MULTILINE)
    if not (finished and received):
        raise Failed(f"h2load gave no figures: {report.strip()[-300:]}")
    counts = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z0-9]+)(?=[,\n])", report)}
    errors = ", ".join(f"{counts[name]} {name}" for name in ERRORS if counts.get(name))
    seconds = float(finished[1]) * UNITS[finished[2] or "s"]
    return Load(counts["succeeded"], int(received[1]), seconds, errors)


ERRORS = ("failed", "errored", "timeout", "3xx", "4xx", "5xx")
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _h2load(ask: Ask, port: int, amount: str, timeout: float) -> str:
    many = [f"--clients={CONNECTIONS}", f"--max-concurrent-streams={STREAMS}", "--threads=1", amount]
    head = [f"--header={field}" for field in fields(ask, port)]
    command = ["h2load", *many, *head, *_urls(ask, port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    return done.stdout + done.stderr


def _urls(ask: Ask, port: int) -> list[str]:
    first = f"{ask.scheme}://127.0.0.1:{port}{ask.path}"
    return [first, *(f"{first}/{number}/item?page={number}" for number in range(1, ask.paths))]
