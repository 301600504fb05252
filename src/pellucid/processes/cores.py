"""How many workers are meant, and how many cores this process may use; it starts none."""

from __future__ import annotations

import os

MOST = 128
"""The most workers, and half of the rows of a board: while they are replaced there are twice as many."""

CPU_MAX = "/sys/fs/cgroup/cpu.max"
"""Where a container's share of the processors stands (cgroup version 2)."""


def count_of(text: str) -> int:
    """The number of workers that a setting means, 0 for a process alone. ValueError says what was expected."""
    word = text.strip().lower()
    if word == "auto":
        return cores()
    if not (word.isascii() and word.isdigit()) or len(word) > 4 or int(word) > MOST:
        raise ValueError(f"--workers: {text!r} is neither a number up to {MOST} nor auto")
    return int(word)


def cores() -> int:
    """How many cores this process may use: those that it may run on, or fewer where its container has a quota."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open(CPU_MAX, encoding="ascii") as file:
            quota = quota_of(file.read())
    except (OSError, UnicodeDecodeError):
        quota = 0
    return max(1, min(usable, quota or usable, MOST))


def quota_of(text: str) -> int:
    """The cores of a cgroup's cpu.max, a quota and a period in microseconds, rounded up; 0 for no limit."""
    quota, _, period = text.strip().partition(" ")
    if not (quota.isdigit() and period.isdigit()) or int(period) == 0:
        return 0
    return -(-int(quota) // int(period))
