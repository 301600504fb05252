"""Patience as a pure function: from a phase and two moments to a deadline and its name."""

from math import inf

import pytest

from pellucid.protocol.engine import Phase
from pellucid.server.timeouts import NEVER, Deadline, Patience, deadline
from pellucid.setting import manual_of

PATIENCE = Patience(head_time=10, body_rate=100, body_grace=5, idle=75, write_stall=60)


@pytest.mark.parametrize(
    ("phase", "arrived", "stalled", "expected"),
    [
        (Phase.IDLE, 0, None, Deadline(1075, "idle")),
        (Phase.HEAD, 0, None, Deadline(1010, "head-time")),
        (Phase.BODY, 0, None, Deadline(1005, "body-rate")),
        (Phase.BODY, 250, None, Deadline(1007.5, "body-rate")),
        (Phase.ANSWER, 0, None, NEVER),
        (Phase.TUNNEL, 0, None, NEVER),
        (Phase.OVER, 0, None, NEVER),
        *((phase, 0, 1500.0, Deadline(1560, "write-stall")) for phase in Phase),
    ],
)
def test_each_phase_has_its_deadline(phase: Phase, arrived: int, stalled: float | None, expected: Deadline) -> None:
    assert deadline(PATIENCE, phase, 1000.0, arrived, stalled) == expected


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("stalled", [None, 1500.0])
def test_zero_is_no_limit(phase: Phase, stalled: float | None) -> None:
    endless = Patience(head_time=0, body_rate=0, idle=0, write_stall=0)
    assert deadline(endless, phase, 1000.0, 0, stalled).when == inf


def test_every_limit_has_a_manual_with_its_unit() -> None:
    manual = manual_of(Patience)
    assert all(entry.text.endswith(".") and entry.unit for entry in manual.values())
    assert {"head_time", "body_rate", "body_grace", "idle", "write_stall", "linger"} <= set(manual)
