"""How long the next start is put off is decided by early deaths and the time alone."""

from math import inf

import pytest

from pellucid.processes.backoff import FORGIVEN, TOGETHER, Backoff, delay_of

START, READY = False, True
"""When a worker died: before it was ready, or soon after."""

APART = 1.0


@pytest.mark.parametrize(
    ("deaths", "delay"), [(0, 0.0), (1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (10_000, 30.0)]
)
def test_the_delay_doubles_up_to_half_a_minute(deaths: int, delay: float) -> None:
    assert delay_of(deaths) == delay


@pytest.mark.parametrize(
    ("deaths", "delay"),
    [
        ([(0.0, START)], 0.5),
        ([(0.0, START), (APART, START)], 1.0),
        ([(0.0, START), (APART, START), (APART, START)], 2.0),
        # Together they are one, and the last of them says from when on is counted.
        ([(0.0, START), (0.0, START)], 0.5),
        ([(0.0, START), (TOGETHER * 0.9, START), (TOGETHER * 0.9, START)], 0.5),
        ([(0.0, START), (TOGETHER * 1.1, START)], 1.0),
        # One that was ready is replaced at once the first time, and then waits a step less.
        ([(0.0, READY)], 0.0),
        ([(0.0, READY), (0.0, READY)], 0.0),
        ([(0.0, READY), (APART, READY)], 0.5),
        ([(0.0, READY), (APART, START)], 1.0),
        ([(0.0, START), (APART, READY)], 0.5),
        # After a long time the next death is the first.
        ([(0.0, START), (APART, START), (FORGIVEN, START)], 0.5),
        ([(0.0, START), (APART, START), (FORGIVEN, READY)], 0.0),
        ([(0.0, START), (APART, START), (FORGIVEN - 1, START)], 2.0),
    ],
)
def test_each_early_death_in_a_row_puts_the_next_try_off(deaths: list[tuple[float, bool]], delay: float) -> None:
    backoff, now = Backoff(), 1024.0
    for later, was_ready in deaths:
        now += later
        backoff.died(now, was_ready=was_ready)
    assert backoff.next_try - now == pytest.approx(delay)
    assert backoff.doubtful


def test_before_any_death_and_after_all_is_forgotten_nothing_is_put_off() -> None:
    backoff = Backoff()
    assert (backoff.next_try, backoff.doubtful) == (-inf, False)
    backoff.died(1024.0, was_ready=False)
    backoff.died(1024.0 + APART, was_ready=False)
    backoff.forget()
    assert (backoff.next_try, backoff.doubtful) == (-inf, False)
    backoff.died(1024.0 + 2 * APART, was_ready=False)
    assert backoff.next_try == 1024.0 + 2 * APART + 0.5
