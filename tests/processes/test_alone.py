"""Where an app holds up the loop of a process that has no parent, a signal ends it all the same."""

import faulthandler

import pytest

from pellucid.processes.alone import AT_ONCE, watchdog
from pellucid.processes.fleet import MARGIN

GRACE = 10.0


@pytest.mark.parametrize(
    ("signals", "delays"),
    [
        (0, []),
        (1, [GRACE + MARGIN]),
        (2, [GRACE + MARGIN, AT_ONCE]),
        (4, [GRACE + MARGIN, AT_ONCE]),  # else whoever goes on signalling would put the end off
    ],
)
def test_the_first_signal_gives_the_grace_and_the_second_hardly_any_time(
    signals: int, delays: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []

    def dump_later(timeout: float, **options: object) -> None:
        assert options == {"exit": True, "file": 2}
        told.append(timeout)

    monkeypatch.setattr(faulthandler, "dump_traceback_later", dump_later)
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: told.append("cancelled"))
    with watchdog(GRACE) as signalled:
        for _ in range(signals):
            signalled()
        assert told == delays
    assert told == [*delays, "cancelled"]
