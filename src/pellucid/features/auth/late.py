"""An answer, or the way on, that is given now or later; it knows neither users nor forms."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from pellucid.message import Response
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held

LATE = 0.5
"""Of what a wrong password is answered a multiple after it came, in seconds: slower than one can guess, and whatever
was to be done for it cannot be told from the time.
"""


class Late:
    """The answer to an exchange, which may be given before it is known whether it has to be held for it."""

    __slots__ = ("_exchange", "_held", "_settled")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._held: Held | None = None
        self._settled = False

    def held_back(self) -> Held | None:
        """The exchange, held if it is not settled yet."""
        if not self._settled:
            self._held = Held(self._exchange)
        return self._held

    def answer(self, response: Response, body: Body = b"") -> None:
        """Answer now."""
        self._settled = True
        if self._held is not None:
            self._held.release(response, body)
        elif not self._exchange.answered:
            self._exchange.respond(response, body)

    def go_on(self) -> None:
        """Let it go on to the app."""
        self._settled = True
        if self._held is not None:
            self._held.release()

    def then_late(self, call: Callable[[], None]) -> None:
        """Call when a guess is answered that was wrong."""
        exchange = self._exchange
        passed = exchange.now - exchange.begun
        exchange.at(exchange.begun + LATE * ceil((passed + 0.001) / LATE), call)

    def answer_late(self, response: Response, body: Body = b"") -> None:
        """Answer then."""
        self.then_late(lambda: self.answer(response, body))
