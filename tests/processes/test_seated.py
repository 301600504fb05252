"""In a seat a worker does what its parent says, and leaves when there is no parent any more."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pellucid import metrics
from pellucid.net.reactor import Reactor
from pellucid.processes.board import Board
from pellucid.processes.fleet import REST
from pellucid.processes.seat import Seat
from pellucid.processes.seated import NOT_OURS, serve_seated
from pellucid.processes.settings import ProcessSettings
from pellucid.processes.share import Share
from pellucid.watch import Watch

GRACE = 10.0


class Lifetime:
    """A lifetime that notes what it is told, and is a server as far as a seat needs one."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.server = self
        self.watch = Watch()
        self.share: Share | None = None
        self.told: list[tuple[str | float, ...]] = []

    def listen(self) -> None:
        self.told.append(("listen",))

    def leave(self, grace: float, rest: float) -> None:
        self.told.append(("leave", grace, rest))

    def halt(self) -> None:
        self.told.append(("halt",))


class Seated:
    """A worker that has served in the second seat of a board. `happen` was called once it was ready, with the parent's
    end of the channel; `said` is what it said there.
    """

    def __init__(self, happen: Callable[[socket.socket], object], grace: float = GRACE, cells: int = 0) -> None:
        self.board = Board(cells, rows=2)
        self.lifetime = Lifetime()
        self.said: list[str] = []
        ours, theirs = socket.socketpair()

        def run(begun: Callable[[], None]) -> None:
            begun()
            happen(theirs)
            for _ in range(50):
                self.lifetime.reactor.step(0)
            if theirs.fileno() >= 0:
                self.said += theirs.recv(1000).decode().splitlines()

        lifetime: Any = self.lifetime
        with ours, theirs:
            serve_seated(lifetime, grace, run, Seat(2, ours, self.board, -1), ProcessSettings())
        lifetime.reactor.close()


@pytest.mark.parametrize(
    ("line", "told", "said"),
    [
        (b"serve\n", [("listen",)], ["ready", "serving"]),
        (b"stop 5.0 1.5\n", [("leave", 5.0, 1.5)], ["ready"]),
        (b"halt\n", [("halt",)], ["ready"]),
        (b"serve\nstop 1 0\nhalt\n", [("listen",), ("leave", 1.0, 0.0), ("halt",)], ["ready", "serving"]),
        (b"", [], ["ready"]),
    ],
)
def test_it_says_that_it_is_ready_and_does_what_its_parent_says(
    line: bytes, told: list[tuple[str | float, ...]], said: list[str]
) -> None:
    seated = Seated(lambda parent: parent.sendall(line))
    assert seated.lifetime.told == told
    assert seated.said == said


@pytest.mark.parametrize(("grace", "rest"), [(GRACE, REST), (REST / 2, REST / 2)])
def test_without_its_parent_it_leaves_within_the_grace(grace: float, rest: float) -> None:
    assert Seated(socket.socket.close, grace).lifetime.told == [("leave", grace, rest)]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGTERM, [("leave", GRACE, REST)]),
        (signal.SIGQUIT, [("halt",)]),
        *[(number, []) for number in NOT_OURS],
    ],
)
def test_of_signals_it_hears_those_that_are_meant_for_it(
    number: signal.Signals, told: list[tuple[str | float, ...]]
) -> None:
    before = signal.getsignal(number)
    assert Seated(lambda parent: signal.raise_signal(number)).lifetime.told == told
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("cells", [0, metrics.CELLS])
def test_its_row_of_the_board_shows_how_it_is(cells: int) -> None:
    seated = Seated(lambda parent: None, cells=cells)
    assert seated.board.beats[0] == 0
    assert seated.board.beats[1] > 0
    assert seated.lifetime.share is not None
    seated.lifetime.share.hold(7)
    assert seated.board.connections[1] == 7
    assert bool(seated.lifetime.watch.ended) == bool(cells)  # whether requests are counted


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 0), (signal.SIGQUIT, 0), *[(number, 3) for number in (*NOT_OURS, signal.SIGUSR2)]],
)
def test_before_there_is_a_loop_it_can_be_ended_and_asked_for_its_stack(number: signal.Signals, status: int) -> None:
    script = f"""
import signal, socket, sys
from pellucid.processes.board import Board
from pellucid.processes.seat import Seat
from pellucid.processes.seated import take
take(Seat(1, socket.socket(), Board(rows=1), 2))
signal.raise_signal({int(number)})
sys.exit(3)
"""
    ended = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, timeout=30)
    assert ended.returncode == status
    assert ("most recent call first" in ended.stderr) == (number == signal.SIGUSR2)
