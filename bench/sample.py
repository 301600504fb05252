"""Where a request's time goes within Pellucid: `python bench/sample.py` samples a server under load, line by line.

A profiler that traces each call makes small functions look dear. This one asks nothing of the code: each time that
the server has used a few more milliseconds of processor time, the kernel sends a signal, and the line that runs is
noted. Time in the kernel, and in C, counts for the Python line that called it. The shares are given in microseconds
of a request, by way of the whole cost that is measured beside them; sampling itself adds a little to all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType

import interpreter
import load
import workloads
from peers import PELLUCID, Peer, Place, running
from table import markdown

EVERY = 0.001  # seconds of processor time; the kernel rounds it up to its own tick
SAMPLES = "samples.json"

Counts = dict[str, dict[str, int]]


def main() -> None:
    """Start a server that samples itself, ask it for the small file, and print what it has seen."""
    parser = argparse.ArgumentParser(prog="python bench/sample.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of load (5)")
    parser.add_argument("--rows", type=int, default=30, help="of each table (30)")
    parser.add_argument("--python", metavar="PATH", help="the interpreter of the server (.venv-peers, if made)")
    options = parser.parse_args()
    first, *_, last = sorted(os.sched_getaffinity(0)) * 2
    os.sched_setaffinity(0, {first})
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        (scratch / "served").mkdir()
        workloads.prepare(scratch / "served")
        place = Place(interpreter.choose(options.python), scratch / "served", scratch, 1000, last)
        cost = _load(place, options.seconds)
        counts: Counts = json.loads((scratch / SAMPLES).read_text("utf-8"))
    print(f"{cost:.1f} µs of processor time for each request, of which, in")
    for title, rows in counts.items():
        print(f"\n{_shares(title, Counter(rows), cost, options.rows)}")


def inside(arguments: list[str]) -> None:
    """Be the server: run it in this process until it is told to end, and leave the samples in the folder."""
    lines: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    callers: Counter[str] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        lines[f"{_where(frame)}:{frame.f_lineno}"] += 1
        functions[_where(frame)] += 1
        stack = set()
        while frame is not None:
            stack.add(_where(frame))
            frame = frame.f_back
        callers.update(stack)

    signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    sys.argv = ["pellucid", *arguments]
    try:
        runpy.run_module("pellucid", run_name="__main__")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        counts = {"a line": lines, "a function": functions, "a function and all that it calls": callers}
        Path(SAMPLES).write_text(json.dumps(counts), "utf-8")


def _load(place: Place, seconds: int) -> float:
    def command(place: Place, port: int) -> list[str]:
        python, _, _, *arguments = PELLUCID.command(place, port)
        return [python, __file__, "--inside", *arguments]

    with running(Peer("sampled", PELLUCID.version, command), place) as server:
        before = server.cpu_seconds()
        done = load.press(place.scratch, workloads.SMALL, server.port, seconds)
        if done.errors or not done.requests:
            raise SystemExit(f"the server did not do what it was asked: {done.errors or 'no answer'}")
        return (server.cpu_seconds() - before) * 1e6 / done.requests


def _where(frame: FrameType) -> str:
    code = frame.f_code
    path = code.co_filename.rpartition("/src/")[2]
    return f"{path} {code.co_qualname}"


def _shares(title: str, counts: Counter[str], cost: float, rows: int) -> str:
    total = max(counts.values()) if "calls" in title else counts.total()
    body = [[f"{count * cost / total:.2f}", f"{count / total:.1%}", where] for where, count in counts.most_common(rows)]
    return markdown([["µs", "share", title], *body])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2:])
    else:
        main()
