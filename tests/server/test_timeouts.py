"""Patience as a pure function: from a phase and two moments to a deadline and its name."""

from math import inf

import pytest

from pellucid.protocol.engine import Phase
from pellucid.server.timeouts import NEVER, Deadline, Patience, Stall, deadline
from pellucid.setting import manual_of

PATIENCE = Patience(head_time=10, body_rate=100, body_grace=5, idle=75, write_stall=60, write_rate=100)


@pytest.mark.parametrize(
    ("phase", "arrived", "stall", "expected"),
    [
        (Phase.IDLE, 0, None, Deadline(1075, "idle")),
        (Phase.HEAD, 0, None, Deadline(1010, "head-time")),
        (Phase.BODY, 0, None, Deadline(1005, "body-rate")),
        (Phase.BODY, 250, None, Deadline(1007.5, "body-rate")),
        (Phase.ANSWER, 0, None, NEVER),
        (Phase.TUNNEL, 0, None, NEVER),
        (Phase.OVER, 0, None, NEVER),
        *((phase, 0, Stall(1500, 1500, 0), Deadline(1560, "write-stall")) for phase in Phase),
        (Phase.ANSWER, 0, Stall(1500, 1510, 900), Deadline(1569, "write-rate")),
        (Phase.ANSWER, 0, Stall(1500, 1510, 1100), Deadline(1570, "write-stall")),
        (Phase.ANSWER, 0, Stall(1000, 1510, 1_000_000), Deadline(1570, "write-stall")),
    ],
)
def test_each_phase_has_its_deadline(phase: Phase, arrived: int, stall: Stall | None, expected: Deadline) -> None:
    assert deadline(PATIENCE, phase, 1000.0, arrived, stall) == expected


def test_a_stall_counts_what_was_taken_since_it_began() -> None:
    stall = Stall.after(None, 10.0, 5000)
    stall = Stall.after(stall, 20.0, 0)
    assert stall == Stall(10.0, 10.0, 0)
    assert Stall.after(Stall.after(stall, 30.0, 7), 40.0, 2) == Stall(10.0, 40.0, 9)


def test_no_rate_leaves_the_stall_alone() -> None:
    patient = Patience(write_stall=60, write_rate=0)
    assert deadline(patient, Phase.ANSWER, 0.0, 0, Stall(1500, 1510, 0)) == Deadline(1570, "write-stall")


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("stall", [None, Stall(1500, 1500, 0)])
def test_zero_is_no_limit(phase: Phase, stall: Stall | None) -> None:
    endless = Patience(head_time=0, body_rate=0, idle=0, write_stall=0)
    assert deadline(endless, phase, 1000.0, 0, stall).when == inf


def test_every_limit_has_a_manual_with_its_unit() -> None:
    manual = manual_of(Patience)
    assert all(entry.text.endswith(".") and entry.unit for entry in manual.values())
    assert {"head_time", "body_rate", "body_grace", "idle", "write_stall", "write_rate", "linger"} <= set(manual)
