"""A worker hears signals, takes the descriptors that the system grants, and leaves the process as it found it."""

import gc
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pellucid.worker import raise_descriptor_limit, work


class FakeReactor:
    """A reactor that calls at once what is posted to it."""

    def __init__(self) -> None:
        self.waking, self.woken = os.pipe()
        os.set_blocking(self.woken, False)

    def open_to_posts(self) -> int:
        return self.woken

    def post(self, callback: Callable[[], None]) -> None:
        callback()


class FakeServer:
    """A server that is sent a signal twice while it runs, and notes what it is told."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number
        self.reactor = FakeReactor()
        self.told: list[float] = []

    def stop(self, grace: float) -> None:
        self.told.append(grace)

    def run(self) -> None:
        signal.raise_signal(self.number)
        signal.raise_signal(self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_signal_tells_the_server_to_stop_and_wakes_its_loop(number: signal.Signals) -> None:
    server: Any = FakeServer(number)
    before = signal.getsignal(number)
    work(server, grace=3.0)
    assert server.told == [3.0, 3.0]
    assert os.read(server.reactor.waking, 10) == bytes([number, number])
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1
    os.close(server.reactor.waking)
    os.close(server.reactor.woken)
    gc.unfreeze()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_where_no_server_runs_any_more_a_signal_ends_the_process_well(number: signal.Signals) -> None:
    script = f"""
import os, signal, sys
from pellucid.worker import leave_quietly
leave_quietly()
if sys.argv[1] == "at once":
    os.kill(os.getpid(), {int(number)})
    signal.pause()
class Last:
    def __del__(self, kill=os.kill, pid=os.getpid()):
        kill(pid, {int(number)})
last = Last()  # torn down with the module, after everything that is called at exit
last.itself = last
"""
    for moment in ("at once", "at the end"):
        assert subprocess.run([sys.executable, "-c", script, moment], timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((1024, 4096), [(4096, 4096)]),
        ((4096, 4096), []),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), []),
    ],
)
def test_the_limit_of_descriptors_is_raised_as_far_as_it_goes(
    limits: tuple[int, int], expected: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: given.append(pair))
    assert raise_descriptor_limit() == limits[1]
    assert given == expected


def test_a_limit_that_cannot_be_raised_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, pair: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (10, 100))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_descriptor_limit() == 10
