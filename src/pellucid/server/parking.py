"""Requests that wait until there is something to answer (long polling); it knows no app interface.

One that is parked costs no thread and no timer: it is an entry in a dictionary, beside a connection that rests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pellucid.net.reactor import Timer
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.tracebacks import in_one_line, traceback_of


class Parking:
    """Where exchanges wait, at most `patience` seconds each; then `answer` is called with them, which must respond.

    That is also so when the app says `wake` since there is something new, when the server stops, and when a client has
    sent its end: `answer` looks what there is, and says so if it is nothing, as by 204. It is called once for each, and
    not for those whose clients have gone.
    """

    __slots__ = ("_answer", "_due", "_patience", "_timer")

    def __init__(self, answer: Callable[[Exchange], None], patience: float = 25.0) -> None:
        self._answer = answer
        self._patience = patience
        # In the order of their deadlines, since all wait equally long.
        self._due: dict[Exchange, float] = {}
        self._timer: Timer | None = None

    def park(self, exchange: Exchange) -> None:
        """Let it wait; who cannot wait, since an end is near, is answered at once."""
        if exchange.gone:
            return
        if exchange.stopping or exchange.half_closed:
            self._give(exchange)
            return
        self._due.pop(exchange, None)  # who is parked anew waits anew, behind the others
        due = self._due[exchange] = exchange.now + self._patience
        exchange.on_gone = partial(self._leave, exchange)
        exchange.on_leave = partial(self.answer, exchange)
        if self._timer is None:
            self._timer = exchange.at(due, partial(self._on_time, exchange))

    def answer(self, exchange: Exchange) -> None:
        """Answer this one now, if it waits here. What goes wrong is raised, and its client has a 500."""
        if exchange in self._due:
            self._leave(exchange)
            if not exchange.answered:
                self._give(exchange)

    def wake(self) -> int:
        """Answer all that wait; how many those were. Whatever goes wrong with one, the others are answered; then the
        first of these errors is raised.
        """
        exchanges = list(self._due)
        wrong: BaseException | None = None
        for exchange in exchanges:
            try:
                self.answer(exchange)
            except BaseException as error:  # an app's mistake with one client is not to be the others'
                wrong = wrong or error
        if wrong is not None:
            raise wrong
        return len(exchanges)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._due)

    def _leave(self, exchange: Exchange) -> None:
        self._due.pop(exchange, None)
        exchange.on_gone = exchange.on_leave = _nothing  # they hold on to it, and it to them

    def _give(self, exchange: Exchange) -> None:
        try:
            self._answer(exchange)
        except BaseException as error:
            if not exchange.answered:
                exchange.why = in_one_line(error)
                exchange.respond(*refusal(500))
            raise

    def _on_time(self, exchange: Exchange) -> None:
        # One timer for all, and a lazy one: those who left meanwhile do not move it.
        now, due = exchange.now, self._due
        self._timer = None
        over = []
        for each, when in due.items():
            if when > now:
                self._timer = exchange.at(when, partial(self._on_time, each))
                break
            over.append(each)
        for each in over:
            self._answer_late(each)

    def _answer_late(self, exchange: Exchange) -> None:
        try:
            self.answer(exchange)
        except KeyboardInterrupt:  # nothing else is meant for the process
            raise
        except BaseException as error:
            exchange.note("error", f"the app failed\n{traceback_of(error)}")


def _nothing() -> None:
    pass
