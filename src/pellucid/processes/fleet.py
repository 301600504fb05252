"""What is to be done with the workers: a state machine that is told what happens and answers what to do.

It starts no process, sends no signal and reads no clock: each of its questions is handed the time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from math import inf

from pellucid.processes.actions import Action, End, Halt, Kill, Say, Serve, Start, Stop, Trace
from pellucid.processes.backoff import Backoff
from pellucid.processes.board import ROWS

REST = 1.0
"""For how long connections that rest are kept at the end, in seconds: a request may be on its way."""

HASTE = 0.5
"""How long requests may take to finish when code was changed in development, in seconds."""

MARGIN = 5.0
"""How much longer than its grace a worker may take to leave, in seconds: its apps have an end of their own."""

HALT_TIME = 1.0
"""How long a worker that is stuck has to write its stack, or one that leaves at once to leave, in seconds."""

WAVE = 10.0
"""How long the first worker that is ready waits for the others of the first start, in seconds."""

YOUNG = 2.0
"""A worker that dies within so many seconds of being ready counts as one that could not start."""


class State(Enum):
    """What a worker is at."""

    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"


@dataclass(slots=True)
class Worker:
    """One worker. `told` and `serving`: whether it was told to serve, and does; `outdated`: why it is to be replaced;
    `replaces`: the number of the one that leaves when it serves; `due`: when it must be gone.
    """

    number: int
    cause: str
    state: State = State.STARTING
    ready_at: float = 0.0
    told: bool = False
    serving: bool = False
    outdated: str = ""
    replaces: int = 0
    due: float = inf


class Fleet:
    """The workers. Tell what happens, and then do what `step` answers; ask it again when it is `due`.

    In development a change stops all workers at once, and what cannot start waits for the next change.
    """

    def __init__(self, wanted: int, grace: float, *, development: bool = False) -> None:
        self.wanted = wanted
        self.workers: dict[int, Worker] = {}
        self.causes: Counter[str] = Counter()
        self.stopping = False
        self._grace = grace
        self._development = development
        self._backoff = Backoff()
        self._next_causes = ["start"] * wanted  # why those to be started next are started
        self._first_ready = inf
        self._first_wave_over = False
        self._awaits_change = False  # in development: nothing is started before the next change
        self._last_failure = ""
        self._why = ""
        self._over = False
        self._actions: list[Action] = []

    # What happens

    def ready(self, number: int, now: float) -> None:
        """A worker is ready to serve."""
        worker = self.workers[number]
        if worker.state is State.STARTING:
            worker.state = State.READY
            worker.ready_at = now
            self._first_ready = min(self._first_ready, now)

    def serves(self, number: int, now: float) -> None:
        """A worker accepts connections now; the one that it replaces may leave."""
        worker = self.workers[number]
        worker.serving = True
        replaced, worker.replaces = self.workers.get(worker.replaces), 0
        if replaced is not None and replaced.state is State.READY:
            self._stop(replaced, self._grace, self._grace, now)

    def recycle(self, number: int, why: str) -> None:
        """A worker has served long enough."""
        worker = self.workers[number]
        if worker.state is State.READY and not worker.outdated:
            worker.outdated = why
            self._say("info", f"worker {number} is replaced: {why}")

    def stuck(self, number: int, seconds: float, now: float) -> None:
        """The loop of a worker has stood still for too long."""
        worker = self.workers[number]
        if worker.state is State.READY:
            self._say("error", f"worker {number} is replaced: stuck-after: its loop stands still for {seconds:.0f} s")
            self._leave(worker, now + HALT_TIME)
            self._next_causes.append("stuck")
            self._actions.append(Trace(number))

    def exited(self, number: int, how: str, now: float, why: str = "", *, fatal: bool = False) -> None:
        """A worker has ended. `how` is the signal or status, empty for status 0; `why` is what it said before, `fatal`
        whether no change of code will help.
        """
        worker = self.workers.pop(number)
        for other in self.workers.values():
            if other.replaces == number:
                other.replaces = 0  # its number will be another's
        if worker.state is State.LEAVING:
            return
        was_ready = worker.state is State.READY
        if not was_ready or now - worker.ready_at < YOUNG:
            self._backoff.died(now, was_ready=was_ready)
        if was_ready:
            self._say("error", f"worker {number} ended unasked with {how or 'status 0'}, and is replaced")
            self._next_causes.append("crash")
        else:
            self._fail(worker, why or f"a worker ended with {how or 'status 0'} before it was ready", now, fatal)

    def reload(self, now: float, why: str = "reload") -> None:
        """Code or settings have changed: each worker gives way to a new one."""
        if self.stopping:
            return
        self._awaits_change = False
        if self._development:
            self._backoff.forget()
            self._last_failure = ""
            for worker in self._members():
                self._stop(worker, min(self._grace, HASTE), 0.0, now)
            self._next_causes = ["reload"] * self.wanted
            return
        self._say("info", f"reload: {_workers(len(self._members()))} to be replaced, one after the other")
        for worker in self._members():
            worker.outdated = why

    def resize(self, by: int, most: int) -> None:
        """Want more workers, or fewer, but one."""
        self.wanted = max(1, min(self.wanted + by, most))
        self._say("info", f"{_workers(self.wanted)} from now on")

    def stop(self, now: float, *, at_once: bool = False) -> None:
        """The end: what runs is finished within the grace. Called again, or so wished, at once."""
        at_once = at_once or self.stopping
        self.stopping = True
        for worker in self.workers.values():
            if at_once:
                self._leave(worker, now + HALT_TIME)
                self._actions.append(Halt(worker.number))
            elif worker.state is State.LEAVING:
                worker.due = min(worker.due, now + self._grace + MARGIN)
            else:
                self._stop(worker, self._grace, min(self._grace, REST), now)

    # What is to be done

    def step(self, now: float) -> list[Action]:
        """What is to be done now."""
        for worker in self.workers.values():
            if worker.due <= now:
                worker.due = inf
                self._actions.append(Kill(worker.number))
        if self.stopping:
            if not self.workers and not self._over:
                self._over = True
                self._actions.append(End(1 if self._why else 0, self._why))
        else:
            self._open(now)
            self._shrink(now)
            self._grow(now)
            self._renew(now)
        actions, self._actions = self._actions, []
        return actions

    def due(self) -> float:
        """When `step` is to be asked again, in the seconds of its clock, even if nothing happens."""
        when = [worker.due for worker in self.workers.values()]
        if not self.stopping:
            if self._strength < self.wanted or any(worker.outdated for worker in self.workers.values()):
                when.append(self._backoff.next_try)
            if not self._first_wave_over:
                when.append(self._first_ready + WAVE)
        return min((moment for moment in when if moment > -inf), default=inf)

    @property
    def open(self) -> bool:
        """Whether all workers that are ready serve."""
        return self.serving > 0 and all(
            worker.serving for worker in self.workers.values() if worker.state is State.READY
        )

    @property
    def settled(self) -> bool:
        """Whether as many workers serve as are wanted, and none of them is to be replaced."""
        members = self._members()
        return self.serving == len(members) == self.wanted and not any(worker.outdated for worker in members)

    @property
    def serving(self) -> int:
        """How many workers serve."""
        return sum(worker.state is State.READY and worker.serving for worker in self.workers.values())

    # How it is decided

    def _open(self, now: float) -> None:
        # The first workers begin together, or the first of them would get all the connections that wait already.
        if not self._first_wave_over:
            if not self._ever_ready or (self._starting and now < self._first_ready + WAVE):
                return
            self._first_wave_over = True
        for worker in self._members():
            if worker.state is State.READY and not worker.told:
                worker.told = True
                self._actions.append(Serve(worker.number))

    def _shrink(self, now: float) -> None:
        while self._strength > self.wanted:
            # First one that does not serve yet, and last one that nobody would replace.
            spare = max(
                self._members(),
                key=lambda worker: (worker.state is State.STARTING, bool(worker.outdated), worker.number),
            )
            self._stop(spare, self._grace, self._grace, now)

    def _grow(self, now: float) -> None:
        if self._awaits_change or now < self._backoff.next_try:
            return
        if self._development and any(worker.state is State.LEAVING for worker in self.workers.values()):
            return  # what only one process may hold is free when the old one has gone
        while self._strength < self.wanted:
            if self._backoff.doubtful and self._starting:
                return  # one at a time, while it is not known whether any can start
            if not self._start(self._next_causes.pop(0) if self._next_causes else "more"):
                return

    def _renew(self, now: float) -> None:
        if self._starting or now < self._backoff.next_try or not self.open:
            return
        leaving = sum(worker.state is State.LEAVING for worker in self.workers.values())
        for worker in self._members():
            if worker.outdated and leaving < self.wanted:
                cause = "reload" if worker.outdated == "reload" else "recycle"
                self._start(cause, replaces=worker.number)
                return

    def _start(self, cause: str, replaces: int = 0) -> bool:
        number = next((number for number in range(1, ROWS + 1) if number not in self.workers), 0)
        if number:
            self.workers[number] = Worker(number, cause, replaces=replaces)
            self.causes[cause] += 1
            self._actions.append(Start(number))
        return number > 0

    def _fail(self, worker: Worker, why: str, now: float, fatal: bool) -> None:
        known, self._last_failure = why == self._last_failure, why
        if not self._ever_ready and (fatal or not self._development):
            if not self._members():
                self._why, self.stopping = why, True
        elif self._development:
            self._awaits_change = True
            self._say("error", f"{why}\nwaiting for the next change" if not known else "waiting for the next change")
        elif worker.cause == "reload" and worker.replaces:
            for other in self.workers.values():
                other.outdated = "" if other.outdated == "reload" else other.outdated
            self._backoff.forget()
            self._say("error", f"the reload failed, and the workers that run go on: {why}")
        else:
            self._next_causes += [] if worker.replaces else [worker.cause]
            wait = self._backoff.next_try - now
            told = "as before" if known else why
            self._say("error", f"worker {worker.number} could not start, the next try is in {wait:g} s: {told}")

    def _stop(self, worker: Worker, grace: float, rest: float, now: float) -> None:
        self._actions.append(Stop(worker.number, grace, rest, worker.state is State.STARTING))
        self._leave(worker, now + grace + MARGIN)

    def _leave(self, worker: Worker, due: float) -> None:
        worker.state = State.LEAVING
        worker.outdated = ""
        worker.due = due

    def _members(self) -> list[Worker]:
        return [worker for worker in self.workers.values() if worker.state is not State.LEAVING]

    @property
    def _ever_ready(self) -> bool:
        return self._first_ready < inf

    @property
    def _starting(self) -> bool:
        return any(worker.state is State.STARTING for worker in self.workers.values())

    @property
    def _strength(self) -> int:
        # One that is to take another's place does not count before that one has left.
        members = self._members()
        places = {worker.number for worker in members}
        return sum(worker.replaces not in places for worker in members)

    def _say(self, level: str, text: str) -> None:
        self._actions.append(Say(level, text))


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
