"""When a worker has served long enough: a pure function of what it may use and of what it has used."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.processes.settings import ProcessSettings


class Allowance(NamedTuple):
    """What one worker may use: requests, seconds and bytes; zero is no limit."""

    requests: int
    age: float
    memory: int


def allowance_of(settings: ProcessSettings, chance: float) -> Allowance:
    """A worker's own allowance. `chance` is a random number from 0 to 1: the more, the earlier, up to the jitter."""
    share = 1 - min(settings.recycle_jitter, 100) / 100 * chance
    return Allowance(
        _lowered(settings.recycle_requests, share),
        settings.recycle_age * share,
        _lowered(settings.recycle_memory, share),
    )


def _lowered(limit: int, share: float) -> int:
    # Zero would be no limit at all.
    return max(1, round(limit * share)) if limit else 0


def exceeded(allowance: Allowance, requests: int, age: float, memory: int) -> str:
    """Why a worker that has used so much is to be replaced, empty while it is within its allowance."""
    if allowance.requests and requests >= allowance.requests:
        return f"recycle-requests: it has answered {requests}"
    if allowance.age and age >= allowance.age:
        return f"recycle-age: it is {age:.0f} s old"
    if allowance.memory and memory >= allowance.memory:
        return f"recycle-memory: it holds {memory >> 20} MiB"
    return ""
