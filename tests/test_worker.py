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

from pellucid import worker
from pellucid.assembly import Assemble, Assembly, Host
from pellucid.listening import Listening
from pellucid.loading.importing import NotLoaded
from pellucid.net.reactor import Reactor
from pellucid.settings import Settings
from pellucid.watch import Watch
from pellucid.worker import raise_descriptor_limit, run_worker, work


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


class Life:
    """The life of an app that notes what it is told, and begins as it is asked to."""

    def __init__(self, why: str = "") -> None:
        self.why = why
        self.told: list[str] = []

    def begin(self, begun: Callable[[str], None]) -> None:
        self.told.append("begin")
        begun(self.why)

    def end(self, ended: Callable[[], None], within: float) -> None:
        self.told.append("end")
        ended()


def assembled(life: Life) -> Assemble:
    return lambda reactor, watch, host: Assembly(lambda exchange: None, (life,), ("exchange",))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for a worker that runs in this very process, which must outlive it."""
    monkeypatch.setattr(worker, "_bound_threads", lambda: None)
    return Settings({"access_log": "off", "log_level": "error"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_alone_it_begins_serves_and_ends_with_a_signal(alone: Settings, number: signal.Signals) -> None:
    life = Life()

    def ready() -> None:
        life.told.append("ready")
        signal.raise_signal(number)

    before = signal.getsignal(number)
    assert run_worker(assembled(life), Listening(), alone, None, ready) == 0
    assert life.told == ["begin", "ready", "end"]
    assert signal.getsignal(number) is before
    gc.unfreeze()


@pytest.mark.parametrize("chosen", [None, (500, 5, 5), (90_000, 10, 10)])
def test_the_collector_is_calmer_while_it_serves_unless_the_app_has_a_word_on_it(
    alone: Settings, chosen: tuple[int, int, int] | None
) -> None:
    before = gc.get_threshold()
    seen: list[tuple[int, int, int]] = []

    def assemble(reactor: Reactor, watch: Watch, host: Host) -> Assembly:
        gc.set_threshold(*(chosen or before))
        return assembled(Life())(reactor, watch, host)

    def ready() -> None:
        seen.append(gc.get_threshold())
        signal.raise_signal(signal.SIGTERM)

    try:
        assert run_worker(assemble, Listening(), alone, None, ready) == 0
        assert seen == [chosen or (worker.YOUNG, *before[1:])]
        assert gc.get_threshold() == (chosen or before)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def test_alone_it_says_what_a_reload_wants(alone: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    told = Settings({"access_log": "off", "log_level": "info"})
    assert run_worker(assembled(Life()), Listening(), told, None, lambda: signal.raise_signal(signal.SIGHUP)) == 0
    assert "info: SIGHUP is an end here; with --workers it loads the code anew\n" in capfd.readouterr().err
    gc.unfreeze()


def test_alone_nohup_is_respected(alone: Settings) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def ready() -> None:
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        signal.raise_signal(signal.SIGTERM)

    try:
        assert run_worker(assembled(Life()), Listening(), alone, None, ready) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
        gc.unfreeze()


def test_alone_what_cannot_begin_is_raised_after_its_end(alone: Settings) -> None:
    life = Life("no database")
    with pytest.raises(NotLoaded, match="no database"):
        run_worker(assembled(life), Listening(), alone, None, lambda: pytest.fail("it cannot be ready"))
    assert life.told == ["begin", "end"]
    gc.unfreeze()


def test_alone_what_cannot_be_loaded_closes_the_ports(alone: Settings) -> None:
    def assemble(reactor: Reactor, watch: Watch, host: Host) -> Assembly:
        raise ValueError("no such folder")

    class Port:
        address = "127.0.0.1:80"
        closed = False

        def close(self) -> None:
            self.closed = True

    port: Any = Port()
    with pytest.raises(ValueError, match="no such folder"):
        run_worker(assemble, Listening((port,)), alone)
    assert port.closed


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
