"""Signals become calls in a loop, and what stood before stands again afterwards."""

import os
import signal
from collections.abc import Callable

import pytest

from pellucid.net.reactor import Reactor
from pellucid.processes.signals import hearing, how_of, terminal


def test_a_signal_wakes_the_loop_and_calls_what_belongs_to_it() -> None:
    reactor = Reactor()
    called: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    calls: dict[int, Callable[[], None]] = {
        signal.SIGUSR1: lambda: called.append("one"),
        signal.SIGUSR2: lambda: called.append("two"),
    }
    with hearing(reactor, calls):
        signal.raise_signal(signal.SIGUSR2)
        signal.raise_signal(signal.SIGUSR1)
        assert called == []
        reactor.step(5)
    assert called == ["two", "one"]
    assert signal.getsignal(signal.SIGUSR1) is before
    assert signal.set_wakeup_fd(-1) == -1
    reactor.close()


@pytest.mark.parametrize(
    ("status", "how"), [(0, ""), (7 << 8, "status 7"), (9, "SIGKILL"), (11 | 0x80, "SIGSEGV"), (40, "signal 40")]
)
def test_how_a_process_ended(status: int, how: str) -> None:
    assert how_of(status) == how


@pytest.mark.parametrize("there", [True, False])
def test_a_terminal_is_there_as_long_as_it_can_be_opened(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()

    def opened(path: str, flags: int) -> int:
        assert path == "/dev/tty"
        if not there:
            raise OSError(6, "No such device or address")
        return reads

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", opened)
        assert terminal() is there
    os.close(writes)
    if not there:
        os.close(reads)
