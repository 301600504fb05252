"""How Pellucid is looked at from within: its command, run by a script of ours in the process that it would have had."""

from __future__ import annotations

import re
import runpy
import sys
from dataclasses import replace

from peers import Peer, Place
from table import OURS
from workloads import Workload


def watched(workload: Workload, script: str) -> Peer:
    """Pellucid as it is started for the workload, by way of a script that gets the arguments of the interpreter."""
    peer = next(each for each in workload.peers if each.name.startswith(OURS))

    def command(place: Place, port: int) -> list[str]:
        python, *arguments = peer.command(place, port)
        return [python, script, *arguments]

    return replace(peer, command=command)


def become(arguments: list[str]) -> None:
    """Run what an interpreter would with these arguments: a module after -m, or a file."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def short(path: str) -> str:
    """A file's path from where its package lies."""
    return re.split(r"/src/|/site-packages/|/lib/python[\d.]+/|/bench/", path)[-1]
