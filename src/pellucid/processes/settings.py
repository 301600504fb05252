"""The settings of processes: how many, and when one is replaced; it knows nothing of how that is done."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """How many workers there are, and when one of them gives way to a new one."""

    workers: str = setting(
        "0",
        "How many processes serve: a number, or auto for one on each core that may be used. With 0 the process that "
        "you start serves by itself; with 1 or more it only keeps the ports and the workers. Limits of connections "
        "count in each worker.",
        unit="number",
    )
    stuck_after: float = setting(
        60.0,
        "How long the loop of a worker may stand still before its stack is written to the log and it is replaced, 0 "
        "for any time. It needs workers, and is off with --reload, where a debugger may hold the loop.",
        unit="seconds",
    )
    recycle_requests: int = setting(
        0,
        "After how many requests a worker is replaced by a new one, 0 for never. Without workers there will be one, as "
        "with the next two.",
    )
    recycle_age: float = setting(0.0, "After what time a worker is replaced by a new one, 0 for never.", unit="seconds")
    recycle_memory: int = setting(
        0, "With how much resident memory a worker is replaced by a new one, 0 for any.", unit="bytes"
    )
    recycle_jitter: int = setting(
        10,
        "By how much each worker's own share of the three limits above is lowered at the most, by chance, so that they "
        "do not all go at once.",
        unit="percent",
    )
