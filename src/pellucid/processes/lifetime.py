"""From the beginning of the first app to the end of the last one: a server, its ports and the lives of its apps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pellucid.net.greet import Greet
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor
from pellucid.server.life import Life
from pellucid.server.server import Server

SHORTEST_END = 1.0
"""How long the ends of apps may take at the least, in seconds, even where requests have used up all the grace."""

Greets = Sequence[Greet]
"""What goes before the first request of a client, in its order."""


def _nothing(port: Port) -> Greets:
    return ()


class Lifetime:
    """All lives begin together; when the last of them is ready, `listen` may be called; when no connection is left, all
    lives end, and the reactor is stopped. `greets` says how each port's clients are greeted, `why` is why it could not
    begin, empty if it could.
    """

    __slots__ = (
        "_begun",
        "_deadline",
        "_ending",
        "_lives",
        "_missing",
        "_waiting",
        "greets",
        "leaving",
        "ports",
        "server",
        "why",
    )

    def __init__(
        self, server: Server, lives: Sequence[Life], ports: Sequence[Port], greets: Callable[[Port], Greets] = _nothing
    ) -> None:
        self.server = server
        self.ports = ports
        self.greets = greets
        self.leaving = False
        self.why = ""
        self._lives = tuple(lives)
        self._missing = set(range(len(self._lives)))  # those that have not begun
        self._waiting = 0  # for so many ends
        self._begun: Callable[[], None] | None = None
        self._deadline = 0.0
        self._ending = False
        server.ended = self._end

    @property
    def reactor(self) -> Reactor:
        """The loop that it lives in."""
        return self.server.reactor

    def begin(self, begun: Callable[[], None]) -> None:
        """Begin all lives; `begun` is called when they have, unless one of them could not or the end came first."""
        self._begun = begun
        for number, life in enumerate(self._lives):
            life.begin(lambda why, number=number: self._has_begun(number, why))  # type: ignore[misc]  # as bound here
        self._look()

    def listen(self) -> None:
        """Accept connections from now on."""
        if not self.leaving:
            for port in self.ports:
                self.server.listen(port, self.greets(port))

    def leave(self, grace: float, rest: float) -> None:
        """Finish what runs within `grace` seconds, let connections that rest do so for `rest`, then end the lives.
        Called again, it can only make the end of the lives come sooner.
        """
        deadline = self.reactor.clock() + grace
        if self.leaving:
            self._hasten(deadline)
            return
        self.leaving = True
        self._deadline = deadline
        if 0 < rest < grace:  # all leave, so nobody else will take them
            self.server.accept_waiting()
        self.server.stop(grace, rest)

    def halt(self) -> None:
        """End at once; what waits for the end of a life waits no longer."""
        self.leaving = True
        self.server.halt()
        self._stop()

    def _has_begun(self, number: int, why: str) -> None:
        if number in self._missing:
            self._missing.discard(number)
            if why:
                self.why = self.why or why
                self.leave(0.0, 0.0)
            else:
                self._look()

    def _look(self) -> None:
        if not self._missing and not self.leaving and self._begun is not None:
            begun, self._begun = self._begun, None
            begun()

    def _end(self) -> None:
        if self._ending:
            return
        self._ending = True
        self.leaving = True
        self._waiting = len(self._lives)
        self._set_alarm()
        within = max(self._deadline - self.reactor.clock(), SHORTEST_END)
        for life in reversed(self._lives):
            life.end(self._has_ended, within)
        if not self._lives:
            self._stop()

    def _hasten(self, deadline: float) -> None:
        if deadline < self._deadline:
            self._deadline = deadline
            if self._ending:
                self._set_alarm()

    def _set_alarm(self) -> None:
        self.reactor.at(max(self._deadline, self.reactor.clock() + SHORTEST_END), self._out_of_time)

    def _has_ended(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:  # and not below: then nobody waits any more
            self._stop()

    def _out_of_time(self) -> None:
        if self._waiting > 0:
            self._waiting = 0
            self.server.watch.note("warning", "grace: an app has not come to its end within it")
            self._stop()

    def _stop(self) -> None:
        # Posted, because a loop around this one looks after its rounds only whether it was stopped.
        self.reactor.post(self.reactor.stop)
