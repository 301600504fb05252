"""When a worker has served long enough: a pure function of its limits and of what it has used."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.processes.settings import ProcessSettings


class Limits(NamedTuple):
    """What one worker may use: requests, seconds and bytes; zero is no limit."""

    requests: int
    age: float
    memory: int


def limits_of(settings: ProcessSettings, chance: float) -> Limits:
    """A worker's own limits. `chance` is a random number from 0 to 1: the more, the earlier, up to the jitter."""
    share = 1 - min(settings.recycle_jitter, 100) / 100 * chance
    return Limits(
        _lowered(settings.recycle_requests, share),
        settings.recycle_age * share,
        _lowered(settings.recycle_memory, share),
    )


def _lowered(limit: int, share: float) -> int:
    # Zero would be no limit at all.
    return max(1, round(limit * share)) if limit else 0


def due(limits: Limits, requests: int, age: float, memory: int) -> str:
    """Why a worker that has used so much is to be replaced, empty while it is not."""
    if limits.requests and requests >= limits.requests:
        return f"recycle-requests: it has answered {requests}"
    if limits.age and age >= limits.age:
        return f"recycle-age: it is {age:.0f} s old"
    if limits.memory and memory >= limits.memory:
        return f"recycle-memory: it holds {memory >> 20} MiB"
    return ""
