"""The parent: it owns the ports, forks the workers, and does what their fleet decides. It never runs an app's code."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from pellucid import metrics
from pellucid.eventlog import EventLog, EventLogSettings
from pellucid.loading.importing import NotLoaded
from pellucid.net.access import Access, SocketSettings, access_of
from pellucid.net.address import open_ports
from pellucid.net.lines import Lines
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor, Timer
from pellucid.processes import child, systemd
from pellucid.processes.actions import Action, End, Halt, Kill, Say, Serve, Start, Stop, Trace
from pellucid.processes.board import CLOSED, Board
from pellucid.processes.channel import Channel
from pellucid.processes.cores import MOST, count_of
from pellucid.processes.fleet import Fleet, State
from pellucid.processes.monitor import Monitor, MonitorSettings
from pellucid.processes.privileges import PrivilegeSettings, choose
from pellucid.processes.renewal import Renewal
from pellucid.processes.seat import Seat
from pellucid.processes.settings import ProcessSettings
from pellucid.processes.signals import hearing, how_of, terminal
from pellucid.processes.worker_process import WorkerProcess
from pellucid.setting import Chosen
from pellucid.watch import Watch

CHECK = 1.0
"""How often it is checked whether the workers' loops turn, in seconds."""

REFRESH = 2.0
"""How often what only the parent may read is looked at, in seconds."""

FORKED = child.__file__
"""What a stack names where the child was forked."""

LOG_TIME = 2.0
"""How long the log may take to write what waits when all is over, in seconds: its reader may be stuck."""


def supervise(
    run_worker: Callable[[Seat], int],
    ports: Sequence[Port],
    settings: Chosen,
    grace: float,
    ready: Callable[[], None],
    look: Callable[[int], None] | None = None,
    renewal: Renewal | None = None,
) -> int:
    """Keep workers at work until the end, and answer with the exit status.

    `run_worker` is what a worker does, in its own process, and answers with that one's exit status. `ready` is called
    when the first of them serve. `look`, where code is being developed, runs in a process of its own and writes a line
    to a descriptor for each change, until the other end of that closes. `renewal` takes up what only this process may
    read. NotLoaded and ValueError say why no worker could start.
    """
    try:
        supervisor = Supervisor(run_worker, ports, settings, grace, ready, look)
        supervisor.renewal = renewal
    except ValueError:
        for port in ports:
            port.close()
        raise
    status = supervisor.run()
    if supervisor.why:
        raise (ValueError if supervisor.wrong else NotLoaded)(supervisor.why)
    return status


class Supervisor:
    """Signals, lines from workers and the ends of their processes go to the fleet; what it decides is done here."""

    def __init__(
        self,
        run_worker: Callable[[Seat], int],
        ports: Sequence[Port],
        settings: Chosen,
        grace: float,
        ready: Callable[[], None],
        look: Callable[[int], None] | None,
    ) -> None:
        chosen = settings[ProcessSettings]
        self.why = ""
        self.wrong = False
        self.renewal: Renewal | None = None
        self._run_worker = run_worker
        self._ports = ports
        self._ready: Callable[[], None] | None = ready
        self._look = look
        self._reactor = Reactor(failed=lambda words: self._note("error", f"a fault in the parent\n{words}"))
        self._lines = Lines(2, self._reactor)
        told = settings[EventLogSettings]
        self._note = EventLog(self._lines.write, told.log_level, told.log_format).noted
        self._wanted = max(1, count_of(chosen.workers))
        self._fleet = Fleet(self._wanted, grace, development=look is not None)
        self._stuck_after = chosen.stuck_after if look is None else 0.0
        self._workers: dict[int, WorkerProcess] = {}
        self._lookout: tuple[int, Channel] | None = None
        self._timer: Timer | None = None
        self._checked = self._awake = 0.0
        self._reloading = False
        self._status = 0
        monitored = settings[MonitorSettings].metrics
        self._board = Board(metrics.CELLS if monitored else 0)
        self._past = memoryview(bytearray(metrics.CELLS * 8)).cast("Q")
        self._monitor = self._open_monitor(monitored, access_of(settings[SocketSettings])) if monitored else None
        self._gives_up_rights = choose(settings[PrivilegeSettings]) is not None
        self._had_terminal = terminal() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN

    def run(self) -> int:
        """Run until the end; the exit status."""
        calls: dict[int, Callable[[], None]] = {
            signal.SIGTERM: self._stop,
            signal.SIGINT: self._stop,
            signal.SIGQUIT: lambda: self._stop(at_once=True),
            signal.SIGHUP: self._hang_up,
            signal.SIGCHLD: self._reap,
            signal.SIGTTIN: lambda: self._resize(1),
            signal.SIGTTOU: lambda: self._resize(-1),
            signal.SIGUSR2: self._trace,
        }
        gc.collect()
        gc.freeze()  # so that no collection in a child touches, and thereby copies, what it shares with its parent
        with hearing(self._reactor, calls):
            self._reactor.post(self._begin)
            try:
                self._reactor.run()
            finally:
                self._close()
        return self._status

    # What workers tell

    def ready(self, number: int) -> None:
        """A worker is ready to serve."""
        self._fleet.ready(number, self._reactor.now)
        if self.renewal is not None and self.renewal.ready(number) and self.renewal.wanted != self._wanted:
            self._wanted, before = self.renewal.wanted, self._wanted
            self._fleet.resize(self._wanted - before, MOST)
        self._turn()

    def serves(self, number: int) -> None:
        """A worker accepts connections."""
        self._fleet.serves(number, self._reactor.now)
        if self._ready is not None and self._fleet.open:
            ready, self._ready = self._ready, None
            ready()
            systemd.tell_ready()
        self._turn()

    def recycle(self, number: int, why: str) -> None:
        """A worker has served long enough."""
        self._fleet.recycle(number, why)
        self._turn()

    def traced(self, number: int, text: str) -> None:
        """A worker has written its stack."""
        # Below its fork stands what the parent was at.
        own = text.partition(FORKED)[0]
        self._note("error", f"the stack of worker {number}\n{own.rpartition(chr(10))[0] if own != text else text}")

    # What the system tells

    def _begin(self) -> None:
        if self._look is not None:
            # Compiled files know their source by its size and second: of two changes within one, one would be missed.
            sys.dont_write_bytecode = True
            self._start_lookout()
        if self._stuck_after:
            self._awake = self._checked = self._reactor.now
            self._reactor.at(self._reactor.now + CHECK, self._check_beats)
        if self._gives_up_rights:
            self._reactor.at(self._reactor.now + REFRESH, self._follow)
        systemd.show_life(self._reactor)
        self._turn()

    def _follow(self) -> None:
        # What workers may not read they cannot take up by themselves.
        self._reactor.at(self._reactor.now + REFRESH, self._follow)
        if self._refreshed():
            self._reload()

    def _refreshed(self) -> bool:
        return self.renewal is not None and self.renewal.refresh(self._note) and self._gives_up_rights

    def _stop(self, at_once: bool = False) -> None:
        if not self._fleet.stopping:
            systemd.tell_stopping()
            for port in self._ports:
                port.close()  # nobody comes in where nobody will serve
        self._fleet.stop(self._reactor.now, at_once=at_once)
        self._turn()

    def _hang_up(self) -> None:
        # A terminal that goes away sends this too, and then nobody means a reload.
        if self._had_terminal and not terminal():
            self._stop()
        else:
            self._renew()

    def _renew(self) -> None:
        if self._fleet.stopping or self.renewal is None or self.renewal.renew(self._note):
            self._reload()
        elif not self._reloading:
            systemd.tell_reloading()  # it waits for the end of what it has asked for
            systemd.tell_ready()

    def _reload(self) -> None:
        if not self._fleet.stopping:
            systemd.tell_reloading()
            self._reloading = True
            self._refreshed()  # now, so that no start of a worker finds a reason for another reload
            self._fleet.reload(self._reactor.now)
            self._turn()

    def _resize(self, by: int) -> None:
        self._fleet.resize(by, MOST)
        self._turn()

    def _reap(self) -> None:
        # One after the other by its number: a child that something else left to this process is not ours to judge.
        for number, worker in tuple(self._workers.items()):
            status = worker.exit_status()
            if status is not None:
                self._let_go(number, worker, status)
        if self._lookout is not None and os.waitpid(self._lookout[0], os.WNOHANG)[0]:
            self._lookout[1].close()
            self._lookout = None
            self._note("warning", "the process that looks for changes has ended, and is started again")
            self._reactor.at(self._reactor.now + CHECK, self._start_lookout)
        self._reap_strangers()
        self._turn()

    def _let_go(self, number: int, worker: WorkerProcess, status: int) -> None:
        worker.close()
        del self._workers[number]
        self._board.connections[number - 1] = CLOSED
        if self._monitor is not None:
            metrics.add(self._past, self._board.counters(number - 1))
        if worker.wrong:
            self.wrong = True
        if self.renewal is not None and not self._fleet.stopping:
            self.renewal.ended(number, self._note_soon)
        self._fleet.exited(number, how_of(status), self._reactor.now, worker.why, fatal=worker.wrong)

    def _reap_strangers(self) -> None:
        # The first process of a container inherits whatever its workers leave behind; nobody else asks for them.
        own = {worker.pid for worker in self._workers.values()} | ({self._lookout[0]} if self._lookout else set())
        with contextlib.suppress(ChildProcessError):
            while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if dead.si_pid in own:
                    return  # it has died just now: the signal for it is on its way
                os.waitpid(dead.si_pid, 0)

    def _check_beats(self) -> None:
        now = self._reactor.now
        if now - self._checked > 5 * CHECK:
            self._awake = now  # this process itself was held up, and so may they have been
        self._checked = now
        for number, worker in tuple(self._fleet.workers.items()):
            beat = self._board.beats[number - 1] / 1e9
            still = now - max(beat, self._awake)
            if worker.state is State.READY and beat and still > self._stuck_after:
                self._fleet.stuck(number, still, now)
        self._reactor.at(now + CHECK, self._check_beats)
        self._turn()

    def _trace(self) -> None:
        for worker in self._workers.values():
            worker.send(signal.SIGUSR2)

    def _changed(self, line: str) -> None:
        self._note("info", f"changed: {line}")
        self._renew()

    # What is done

    def _turn(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while actions := self._fleet.step(self._reactor.now):
            for action in actions:
                self._do(action)
        when = self._fleet.due()
        if when < inf:
            self._timer = self._reactor.at(when, self._turn)
        if self._reloading and self._fleet.settled:
            self._reloading = False
            self._note("info", "the reload is over")
            systemd.tell_ready()

    def _do(self, action: Action) -> None:
        match action:
            case Start(number):
                self._start(number)
            case Serve(number):
                self._board.connections[number - 1] = 0  # so that the others wait for it from now on
                self._workers[number].say("serve")
            case Stop(number, grace, rest, early):
                self._workers[number].say(f"stop {grace} {rest}")
                if early:
                    self._workers[number].send(signal.SIGTERM)
            case Halt(number):
                self._workers[number].say("halt")
                self._workers[number].send(signal.SIGQUIT)  # for one that does not listen yet
            case Trace(number):
                self._workers[number].send(signal.SIGUSR2)
            case Kill(number):
                self._workers[number].send(signal.SIGKILL)
            case Say(level, text):
                self._note(level, text)
            case End(status, why):
                self._status, self.why = status, why
                self._reactor.stop()

    def _start(self, number: int) -> None:
        def run(seat: Seat) -> int:
            self._abandon()
            return self._run_worker(seat)

        if self._refreshed():
            self._reactor.soon(self._reload)  # the others have what was there before
        if self.renewal is not None:
            self.renewal.begun(number)
        try:
            self._workers[number] = WorkerProcess(number, self._reactor, self, self._board, run)
        except OSError as error:
            why = f"the system gives no process: {error.strerror or error}"
            self._fleet.exited(number, "", self._reactor.now, why)

    def _start_lookout(self) -> None:
        look = self._look
        assert look is not None
        if self._fleet.stopping:
            return
        ours, theirs = socket.socketpair()

        def run() -> int:
            self._abandon()
            ours.close()
            for port in self._ports:
                port.close()
            look(theirs.fileno())
            return 0

        pid = child.fork(run)
        theirs.close()
        self._lookout = pid, Channel(self._reactor, ours, self._changed, lambda: None)

    def _open_monitor(self, address: str, access: Access) -> Monitor:
        watch = Watch()
        watch.noted.append(lambda level, text: self._note(level, text))
        try:
            ports = open_ports([address], access)
        except ValueError as error:
            raise ValueError(f"--metrics: {str(error).replace('--bind', '--metrics')}") from error
        return Monitor(self._reactor, watch, ports, self._spell, lambda: self._fleet.serving > 0)

    def _spell(self) -> str:
        rows: dict[str, Any] = {str(number): self._board.counters(number - 1) for number in sorted(self._workers)}
        return metrics.spell(rows, self._past, self._fleet.causes)

    def _note_soon(self, level: str, text: str) -> None:
        self._reactor.soon(lambda: self._note(level, text))  # behind what the fleet has to say of it

    def _abandon(self) -> None:
        # In a child: what is the parent's alone is closed, and the parent's loop is left as it is.
        self._reactor.abandon()
        for worker in self._workers.values():
            worker.abandon()
        if self._lookout is not None:
            self._lookout[1].abandon()
        if self._monitor is not None:
            self._monitor.abandon()

    def _close(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
        if self._lookout is not None:
            self._lookout[1].close()
            os.kill(self._lookout[0], signal.SIGKILL)  # it holds nothing, and may have been stopped
            os.waitpid(self._lookout[0], 0)
        for port in self._ports:
            port.close()
        self._lines.flush(LOG_TIME if sys.stderr is not None else 0.0)
