"""What the operating system says that a server has used: processor time and memory, read from /proc; no HTTP here."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def family(root: int) -> list[int]:
    """The process and all that descend from it, the eldest first."""
    children: dict[int, list[int]] = {}
    for pid in _processes():
        if stat := _read(pid, "stat"):
            children.setdefault(parent(stat), []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """The processor time of the processes with all their threads, and of the children that they have buried."""
    return sum(ticks(_read(pid, "stat")) for pid in pids) / TICKS_PER_SECOND


def memory_bytes(pids: Iterable[int], kind: str = "Pss") -> int:
    """The memory in which the processes are resident: what several share is counted once (Pss) or in each (Rss)."""
    return sum(size(_read(pid, "smaps_rollup"), kind) for pid in pids)


def parent(stat: str) -> int:
    """The parent that a /proc/PID/stat line names."""
    return int(_fields(stat)[1])


def ticks(stat: str) -> int:
    """The clock ticks in a /proc/PID/stat line: its own in user and system mode, then its buried children's.

    No line, of a process that has just ended, is no tick.
    """
    return sum(map(int, _fields(stat)[11:15])) if stat else 0


def size(rollup: str, kind: str) -> int:
    """The bytes in the line of that kind of a /proc/PID/smaps_rollup; none where the file could not be read."""
    for line in rollup.splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    return 0


def processor() -> str:
    """The model that /proc/cpuinfo names, or the architecture where it names none."""
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _fields(stat: str) -> list[str]:
    # The second field is the program's name in parentheses and may hold spaces and parentheses of its own.
    return stat.rpartition(")")[2].split()


def _processes() -> Iterable[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _read(pid: int, name: str) -> str:
    try:
        return (PROC / str(pid) / name).read_text()
    except OSError:  # it has ended since it was listed
        return ""
