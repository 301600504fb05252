"""Where a request's time goes within Pellucid, line by line: `make bench ARGS="--profile asgi-hello"`.

A profiler that traces each call makes small functions look dear. This one asks nothing of the code: each time that
the server has used a few more milliseconds of processor time, the kernel interrupts the thread that uses it, and that
thread's stack is noted, from C, whether it holds the interpreter's lock or not. Time in the kernel, and in C, counts
for the Python line that called it. The shares are given in microseconds of a request, by way of the whole cost that is
measured beside them; sampling itself adds a little to all of them. What runs to import modules is left out.
"""

from __future__ import annotations

import faulthandler
import linecache
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from peers import Place, running
from table import markdown
from ways import Effort
from within import become, short, watched
from workloads import Workload

EVERY = 0.001  # seconds of processor time; the kernel rounds it up to its own tick
SAMPLES = "samples.txt"
ROWS = 25
WITHIN_ALL = 0.97  # of the samples: a function in which everything happens tells nothing


class Frame(NamedTuple):
    """A line that runs, or has called one that does."""

    path: str
    line: int
    function: str


Stack = tuple[Frame, ...]


def profile(workload: Workload, place: Place, effort: Effort) -> str:
    """Ask Pellucid for the workload while it samples itself, and tell what it has seen, as Markdown."""
    with running(watched(workload, __file__), place) as server:
        column = workload.columns[0]
        cost = workload.way(workload.ask, server, effort)[column.key]
    stacks = parse(place.scratch.joinpath(SAMPLES).read_text("utf-8", "replace"))
    parts = [f"**{workload.title}**: {cost:.1f} {column.heading}, of which, by {len(stacks):,} samples, in"]
    return "\n\n".join([*parts, *(_shares(title, count(stacks), cost, len(stacks)) for title, count in TABLES.items())])


def inside(arguments: list[str]) -> None:
    """Be the server, and leave the samples in this folder."""

    def end() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    with open(SAMPLES, "wb") as samples:
        faulthandler.register(signal.SIGPROF, samples, all_threads=False, chain=False)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        become(arguments, end)


def parse(text: str) -> list[Stack]:
    """The stacks that faulthandler has written one after another, each innermost first; without those that import."""
    blocks = text.split("Stack (most recent call first):")[1:]
    stacks = [tuple(Frame(path, int(line), name) for path, line, name in FRAME.findall(block)) for block in blocks]
    return [stack for stack in stacks if stack and not any(frame.path.startswith(IMPORTING) for frame in stack)]


def by_file(stacks: Iterable[Stack]) -> Counter[str]:
    """In which files time was spent."""
    return Counter(short(stack[0].path) for stack in stacks)


def by_function(stacks: Iterable[Stack]) -> Counter[str]:
    """In which functions time was spent."""
    return Counter(_function(stack[0]) for stack in stacks)


def by_line(stacks: Iterable[Stack]) -> Counter[str]:
    """In which lines time was spent."""
    return Counter(_line(stack[0]) for stack in stacks)


def by_call(stacks: Iterable[Stack]) -> Counter[str]:
    """In which functions time was spent, with all that they called; what leads from the command line to them aside."""
    served = ([frame for frame in stack if not LEADING.search(frame.path)] for stack in stacks)
    return Counter(name for stack in served for name in set(map(_function, stack)))


FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
IMPORTING = "<frozen importlib"
LEADING = re.compile(r"<frozen|/click/|/pellucid/(cli/|__main__|serving|worker)|/sample\.py$|/threading\.py$")
TABLES: dict[str, Callable[[Iterable[Stack]], Counter[str]]] = {
    "a file": by_file,
    "a function": by_function,
    "a function and all that it calls": by_call,
    "a line": by_line,
}


def _function(frame: Frame) -> str:
    return f"{short(frame.path)} {frame.function}"


def _line(frame: Frame) -> str:
    source = linecache.getline(frame.path, frame.line).strip().replace("`", "")
    return f"{short(frame.path)}:{frame.line} {frame.function}: `{source}`"


def _shares(title: str, counts: Counter[str], cost: float, total: int) -> str:
    telling = [(where, number) for where, number in counts.most_common() if number < total * WITHIN_ALL][:ROWS]
    body = [[f"{number * cost / total:.2f}", f"{number / total:.1%}", where] for where, number in telling]
    return markdown([["µs", "share", title], *body])


if __name__ == "__main__":
    inside(sys.argv[1:])
