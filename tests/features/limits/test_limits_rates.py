"""Rates are counted right, whoever comes when, and the memory for them is bounded."""

import random
from collections import deque

import pytest

from pellucid.features.limits.rates import Counts, Rate, Verdict, judge, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/s", Rate(10, 1.0, 10)),
        ("100/m", Rate(100, 60.0, 100)),
        ("100 / min", Rate(100, 60.0, 100)),
        ("5000/h", Rate(5000, 3600.0, 5000)),
        ("1/day", Rate(1, 86400.0, 1)),
        ("20/10s", Rate(20, 10.0, 20)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate
    assert parse_rate(text, 7) == Rate(rate.count, rate.window, 7)


@pytest.mark.parametrize(
    "text", ["10", "/s", "0/s", "10/0s", "-1/s", "1.5/s", "10/w", "10/s\n10", "9999999/s", "1/999d"]
)
def test_what_is_no_rate_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate: write how many in which time, such as 10/s"):
        parse_rate(text)


def test_a_burst_is_bounded() -> None:
    with pytest.raises(ValueError, match=r"^--rate-limit-burst: at the most 1,000,000"):
        parse_rate("1/s", 1_000_001)


@pytest.mark.parametrize(
    ("debt", "verdict"),
    [
        (0.0, Verdict(0.0, 3, 1.0)),
        (0.5, Verdict(0.0, 2, 0.5)),
        (3.0, Verdict(0.0, 0, 1.0)),
        (3.25, Verdict(0.25, 0, 0.25)),
        (4.0, Verdict(1.0, 0, 1.0)),
    ],
)
def test_it_is_told_what_is_left_and_when_there_is_more(debt: float, verdict: Verdict) -> None:
    assert judge(Rate(60, 60.0, 4), debt) == verdict


def test_a_burst_goes_through_and_then_one_in_each_interval() -> None:
    counts = Counts(Rate(2, 1.0, 3))
    assert [bool(counts.take("a", 100.0).wait) for _ in range(5)] == [False, False, False, True, True]
    assert counts.take("b", 100.0) == Verdict(0.0, 2, 0.5)
    assert counts.take("a", 100.25).wait == 0.25
    assert counts.take("a", 100.5).wait == 0.0
    assert counts.take("a", 100.5).wait == 0.5
    assert [counts.take("a", 110.0).left for _ in range(3)] == [2, 1, 0]


def test_who_waits_as_long_as_was_said_may_come() -> None:
    chance = random.Random(7)
    counts, now = Counts(Rate(7, 3.0, 5)), 1_000_000.0
    for _ in range(2000):
        verdict = counts.take("a", now)
        if verdict.wait:
            now += verdict.wait
            assert counts.take("a", now).wait == 0.0
        now += chance.random()


def test_never_more_than_the_limit_in_any_window() -> None:
    chance = random.Random(11)
    rate = Rate(10, 5.0, 4)
    counts, now = Counts(rate, kept=4), 0.0
    passed: deque[float] = deque()
    for _ in range(5000):
        now += chance.expovariate(4.0)
        if not counts.take("a", now).wait:
            passed.append(now)
        while passed and passed[0] <= now - rate.window:
            passed.popleft()
        assert len(passed) <= rate.count + rate.burst


def test_the_memory_is_bounded_and_who_asks_on_is_kept() -> None:
    counts = Counts(Rate(1, 1000.0, 1), kept=100)
    assert not counts.take("a", 0.0).wait
    for number in range(1000):
        assert not counts.take(f"other {number}", 1.0).wait
        assert counts.take("a", 1.0).wait
    assert len(counts) <= 100


def test_who_has_been_quiet_long_enough_is_forgotten() -> None:
    counts = Counts(Rate(10, 10.0, 10))
    for number in range(50):
        counts.take(f"{number}", 0.0)
    counts.take("a", 11.0)
    counts.take("b", 22.0)
    assert len(counts) == 2
