"""An app with features around it, which is an app again; it knows neither which features they are nor any setting."""

from __future__ import annotations

from pellucid.features.feature import Ask
from pellucid.server.exchange import Answer, App, Exchange


class Site:
    """An app with features around it: each is asked in turn, and every answer goes through all of them."""

    __slots__ = ("_answers", "_app", "_asks")

    def __init__(self, app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> None:
        self._app = app
        self._asks = asks
        self._answers = answers

    def __call__(self, exchange: Exchange) -> None:
        """Ask the features, and the app if none of them has answered."""
        exchange.answers = self._answers
        for ask in self._asks:
            ask(exchange)
            if exchange.answered:
                return
        self._app(exchange)


def surround(app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> App:
    """The app with these around it; the bare app, at no cost, where there are none."""
    return Site(app, asks, answers) if asks or answers else app
