"""What a request takes of Python, function by function: `make bench ARGS="--count asgi-hello"`.

The figure is how many bytecode instructions the interpreter carries out for one request. It is the same on every
machine and beside every neighbour, where microseconds are not, so that a change of a few instructions can be seen. It
knows nothing of what they take, nor of C and the kernel: that is what samples are for (`bench/sample.py`).

The server is asked a few hundred times and, started anew, some more: the difference is what the requests took.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from peers import Place, running
from table import markdown
from within import become, short, watched
from workloads import Workload

COUNTS = "counts.json"
FEW, MANY = 320, 1600
ROWS = 60


def count(workload: Workload, place: Place) -> str:
    """Count what Pellucid does for a request of the workload, as Markdown."""
    few, many = (_counted(workload, place, times) for times in (FEW, MANY))
    each = per_request(few, many, MANY - FEW)
    title = f"**{workload.title}**: {each.total():,} bytecode instructions for a request, of which, in"
    return "\n\n".join([title, _table("a file", by_file(each)), _table("a function", each)])


def inside(arguments: list[str]) -> None:
    """Be the server, and leave the counts in this folder."""
    counts: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            counts[f"{short(frame.f_code.co_filename)} {frame.f_code.co_qualname}"] += 1
        else:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    def end() -> None:
        sys.settrace(None)
        Path(COUNTS).write_text(json.dumps(counts), "utf-8")

    threading.settrace(trace)
    sys.settrace(trace)
    become(arguments, end)


def per_request(few: Mapping[str, int], many: Mapping[str, int], requests: int) -> Counter[str]:
    """What one of the requests took by which the counts differ."""
    each: Counter[str] = Counter()
    for where, number in many.items():
        each[where] = round((number - few.get(where, 0)) / requests)
    return each


def by_file(each: Mapping[str, int]) -> Counter[str]:
    """What functions took, added up by the files in which they stand."""
    files: Counter[str] = Counter()
    for where, number in each.items():
        files[where.partition(" ")[0]] += number
    return files


def _table(title: str, each: Counter[str]) -> str:
    rows = [[f"{number}", f"{number / each.total():.1%}", where] for where, number in each.most_common(ROWS) if number]
    return markdown([["number", "share", title], *rows])


def _counted(workload: Workload, place: Place, times: int) -> dict[str, int]:
    with running(watched(workload, __file__), place, patience=60) as server:
        workload.repeat(workload.ask, server.port, times)
    counts: dict[str, int] = json.loads(place.scratch.joinpath(COUNTS).read_text("utf-8"))
    return counts


if __name__ == "__main__":
    inside(sys.argv[1:])
