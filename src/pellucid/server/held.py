"""An exchange that waits for somebody's word before it goes on; it knows neither who that is nor what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pellucid.message import Response
from pellucid.piece import Body, close

if TYPE_CHECKING:
    from pellucid.server.exchange import Exchange


class Held:
    """An exchange that a feature holds until it knows more: before the app, or with the answer on its way out.

    The feature makes it, gives it back as its word, and releases it once, in the loop's thread and not before. In the
    meantime the exchange may end, or be answered because it took too long; then nothing comes of the release.
    """

    __slots__ = ("_exchange", "_then")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._then: Callable[[Response | None, Body], None] | None = None

    def release(self, response: Response | None = None, body: Body = b"") -> None:
        """Go on; with this answer, in the place of the app or of the answer that is held, where one is given."""
        exchange, then, self._then = self._exchange, self._then, None
        if exchange.gone or exchange.response is not None or then is None:
            close(body)
        else:
            exchange.carrier.go_on(exchange, lambda: then(response, body))

    def then(self, go_on: Callable[[Response | None, Body], None]) -> None:
        """For whoever has asked the feature: what is to be called when it is released, with what that was told."""
        self._then = go_on
