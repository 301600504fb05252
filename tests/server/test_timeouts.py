"""Patience as a pure function: from a phase and two moments to a deadline and its name."""

from math import inf

import pytest

from pellucid.protocol.engine import Phase
from pellucid.server.timeouts import NEVER, Deadline, Patience, Stall, deadline, pace, stalled
from pellucid.setting import manual_of

PATIENCE = Patience(head_time=10, body_rate=100, body_grace=5, idle=75, write_stall=60, write_rate=100)


@pytest.mark.parametrize(
    ("phase", "body_due", "stall", "expected"),
    [
        (Phase.IDLE, inf, None, Deadline(1075, "idle")),
        (Phase.HEAD, inf, None, Deadline(1010, "head-time")),
        (Phase.HEAD, 1007.5, None, Deadline(1007.5, "body-rate")),
        (Phase.BODY, 1007.5, None, Deadline(1007.5, "body-rate")),
        (Phase.ANSWER, 1007.5, None, Deadline(1007.5, "body-rate")),
        *((phase, inf, None, NEVER) for phase in (Phase.BODY, Phase.ANSWER, Phase.TUNNEL, Phase.OVER)),
        *((phase, 1007.5, Stall(1560, "write-rate"), Deadline(1560, "write-rate")) for phase in Phase),
    ],
)
def test_each_phase_has_its_deadline(phase: Phase, body_due: float, stall: Stall | None, expected: Deadline) -> None:
    assert deadline(PATIENCE, phase, 1000.0, body_due, stall) == expected


@pytest.mark.parametrize(
    ("due", "now", "count", "rate", "expected"),
    [
        (None, 1000.0, 0, 100, 1060.0),  # it begins with the whole grace
        (1060.0, 1030.0, 0, 100, 1060.0),  # nothing came: nothing is put off
        (1060.0, 1030.0, 200, 100, 1062.0),  # each byte puts it off by its time
        (1060.0, 1030.0, 1_000_000, 100, 1090.0),  # and never beyond the grace
        (1060.0, 1030.0, 1, 0, 1090.0),  # without a rate any byte is enough
        (1060.0, 1030.0, 0, 0, 1060.0),
    ],
)
def test_who_must_keep_a_pace_cannot_save_up(
    due: float | None, now: float, count: int, rate: int, expected: float
) -> None:
    assert pace(due, now, count, rate, 60.0) == expected


def test_a_stall_is_put_off_by_what_is_taken() -> None:
    stall = stalled(PATIENCE, None, 1000.0, 5000)
    assert stall == Stall(1060.0, "write-stall")
    stall = stalled(PATIENCE, stall, 1010.0, 0)
    assert stall == Stall(1060.0, "write-stall")
    stall = stalled(PATIENCE, stall, 1020.0, 300)
    assert stall == Stall(1063.0, "write-rate")
    assert stalled(PATIENCE, stall, 1030.0, 1_000_000) == Stall(1090.0, "write-stall")


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("stall", [None, Stall(1500, "write-stall")])
@pytest.mark.parametrize("body", [{"body_rate": 0}, {"body_grace": 0}])
def test_zero_is_no_limit(phase: Phase, stall: Stall | None, body: dict[str, int]) -> None:
    endless = Patience(head_time=0, idle=0, write_stall=0, **body)
    assert deadline(endless, phase, 1000.0, 1000.0, stall).when == inf


@pytest.mark.parametrize(
    ("phase", "stall", "expected"),
    [
        (Phase.ANSWER, None, Deadline(993, "request-timeout")),
        (Phase.BODY, None, Deadline(993, "request-timeout")),
        (Phase.ANSWER, Stall(1060, "write-stall"), Deadline(993, "request-timeout")),
        (Phase.ANSWER, Stall(992, "write-stall"), Deadline(992, "write-stall")),
        (Phase.TUNNEL, None, NEVER),
    ],
)
def test_a_request_has_a_time_of_its_own_whatever_its_connection_is_at(
    phase: Phase, stall: Stall | None, expected: Deadline
) -> None:
    assert deadline(Patience(request_timeout=3), phase, 1000.0, inf, stall, oldest=990.0) == expected


def test_every_limit_has_a_manual_with_its_unit() -> None:
    manual = manual_of(Patience)
    assert all(entry.text.endswith(".") and entry.unit for entry in manual.values())
    assert {"head_time", "body_rate", "body_grace", "idle", "write_stall", "write_rate", "linger"} <= set(manual)
