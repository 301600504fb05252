"""A worker has served enough at its own limits, which chance lowers up to the jitter."""

import pytest

from pellucid.processes.recycling import Allowance, allowance_of, exceeded
from pellucid.processes.settings import ProcessSettings

NONE = Allowance(0, 0.0, 0)


@pytest.mark.parametrize(
    ("jitter", "chance", "requests", "age", "memory"),
    [
        (10, 0.0, 1000, 3600.0, 1 << 30),
        (10, 0.5, 950, 3420.0, 1020054733),
        (10, 1.0, 900, 3240.0, 966367642),
        (0, 1.0, 1000, 3600.0, 1 << 30),
        (100, 1.0, 1, 0.0, 1),
        (500, 0.5, 500, 1800.0, 1 << 29),
    ],
)
def test_chance_lowers_the_limits_up_to_the_jitter(
    jitter: int, chance: float, requests: int, age: float, memory: int
) -> None:
    settings = ProcessSettings(recycle_requests=1000, recycle_age=3600.0, recycle_memory=1 << 30, recycle_jitter=jitter)
    allowance = allowance_of(settings, chance)
    assert allowance.requests == requests
    assert allowance.age == pytest.approx(age)
    assert allowance.memory == memory


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_without_limits_there_are_none(chance: float) -> None:
    assert allowance_of(ProcessSettings(), chance) == NONE
    assert exceeded(NONE, 1 << 40, 1e9, 1 << 50) == ""


@pytest.mark.parametrize(
    ("allowance", "requests", "age", "memory", "why"),
    [
        (Allowance(100, 0.0, 0), 99, 1e9, 1 << 50, ""),
        (Allowance(100, 0.0, 0), 100, 0.0, 0, "recycle-requests: it has answered 100"),
        (Allowance(0, 60.0, 0), 1 << 40, 59.9, 1 << 50, ""),
        (Allowance(0, 60.0, 0), 0, 60.4, 0, "recycle-age: it is 60 s old"),
        (Allowance(0, 0.0, 1 << 20), 1 << 40, 1e9, (1 << 20) - 1, ""),
        (Allowance(0, 0.0, 1 << 20), 0, 0.0, 5 << 20, "recycle-memory: it holds 5 MiB"),
    ],
)
def test_each_limit_strikes_by_itself(allowance: Allowance, requests: int, age: float, memory: int, why: str) -> None:
    assert exceeded(allowance, requests, age, memory) == why
