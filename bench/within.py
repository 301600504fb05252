"""How Pellucid is looked at from within: its command, run by a script of ours in the process that it would have had."""

from __future__ import annotations

import os
import re
import runpy
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from peers import Peer, Place
from table import OURS
from workloads import Workload


def watched(workload: Workload, script: str) -> Peer:
    """Pellucid as it is started for the workload, by way of a script that gets the arguments of the interpreter."""
    peer = next(each for each in workload.peers if each.name == OURS)

    def command(place: Place, port: int) -> list[str]:
        python, *arguments = peer.command(place, port)
        return [python, script, *arguments]

    return replace(peer, command=command)


def become(arguments: list[str], end: Callable[[], None]) -> None:
    """Run what an interpreter would with these arguments, a module after -m, or a file; `end` is called after it.

    A program that does not know SIGTERM ends by it, after `end` as well.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        end()
        os._exit(0)

    signal.signal(signal.SIGTERM, on_signal)
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    finally:
        end()


def short(path: str) -> str:
    """A file's path from where its package lies."""
    return re.split(r"/src/|/site-packages/|/lib/python[\d.]+/|/bench/", path)[-1]
