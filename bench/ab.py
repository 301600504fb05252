"""The client that comes anew for each request: Apache's ab, which resumes no TLS session; it knows no server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from load import Ask, Failed, Load

CONNECTIONS = 16
VERSION = "TLS1.3"
ENDLESS = 1_000_000  # it holds 32 bytes for each of them


def press(folder: Path, ask: Ask, port: int, seconds: float) -> Load:
    """Ask over 16 connections at a time, each for one request: a handshake and an answer."""
    limit = [f"-t{max(1, round(seconds))}", f"-n{ENDLESS}"]  # the time sets a number, so the number comes after it
    return parse(_ab(ask, port, *limit, timeout=seconds + 30))


def repeat(ask: Ask, port: int, times: int) -> None:
    """Ask so many times."""
    done = parse(_ab(ask, port, f"-n{times}", timeout=120))
    if done.errors or done.requests != times:
        raise Failed(f"{done.requests} of {times} requests were answered: {done.errors}")


def parse(report: str) -> Load:
    """The load that ab's output tells of, without the heads; Failed without it.

    ab counts a handshake that has failed as a request without an answer: the bytes show it.
    """
    figures = {
        name: float(value)
        for name, value in re.findall(r"^([A-Z].*): +(\d+(?:\.\d+)?)(?: \w+)?$", report, re.MULTILINE)
    }
    try:
        requests, received = int(figures["Complete requests"]), int(figures["HTML transferred"])
        seconds = figures["Time taken for tests"]
    except KeyError:
        raise Failed(f"ab gave no figures: {report.strip()[-300:]}") from None
    errors = ", ".join(f"{figures[name]:.0f} {name.lower()}" for name in ERRORS if figures.get(name))
    return Load(requests, received, seconds, errors)


ERRORS = ("Failed requests", "Non-2xx responses", "Write errors")


def _ab(ask: Ask, port: int, *limit: str, timeout: float) -> str:
    command = ["ab", "-q", "-d", "-r", f"-c{CONNECTIONS}", "-f", VERSION, *limit]
    url = f"{ask.scheme}://127.0.0.1:{port}{ask.path}"
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=timeout, check=False)
    return done.stdout + done.stderr[-1000:]
