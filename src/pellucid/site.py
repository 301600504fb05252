"""Apps at their paths, and features around them, as one app; it knows neither which they are nor any setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import unquote_to_bytes

from pellucid.features.feature import Ask
from pellucid.message import Response
from pellucid.piece import Body
from pellucid.server.exchange import Answer, App, Exchange
from pellucid.server.refusal import refusal

Segments = tuple[bytes, ...]

NOWHERE = "nothing is served at this path"


class Site:
    """An app with features around it: each is asked in turn, and every answer goes through all of them."""

    __slots__ = ("_answers", "_app", "_asks")

    def __init__(self, app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> None:
        self._app = app
        self._asks = asks
        self._answers = answers

    def __call__(self, exchange: Exchange, asks: Iterator[Ask] | None = None) -> None:
        """Ask the features, or those that are left to be asked, and the app if none of them has answered."""
        if asks is None:
            asks = iter(self._asks)
            exchange.answers = self._answers
        for ask in asks:
            held = ask(exchange)
            if held is not None:
                held.then(partial(self._go_on, exchange, asks))
                return
            if exchange.response is not None or exchange.held:
                return
        self._app(exchange)

    def _go_on(self, exchange: Exchange, asks: Iterator[Ask], response: Response | None, body: Body) -> None:
        if response is not None:
            exchange.respond(response, body)
        else:
            self(exchange, asks)


def surround(app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> App:
    """The app with these around it; the bare app, at no cost, where there are none."""
    return Site(app, asks, answers) if asks or answers else app


class Mounts:
    """Apps by the paths beneath which they are: of those that fit, the longest has the request, and 404 if none does.

    A mount fits whole names of a path, each decoded once: /static is not above /statics, and above /%73tatic it is.
    The app finds in `exchange.mount` how its own prefix was spelled; `request.path` stays whole.
    """

    __slots__ = ("_apps", "_by_length")

    def __init__(self, apps: Mapping[str, App]) -> None:
        """Mounts have no slash at their end, are percent-encoded, and empty for all paths."""
        self._apps = {tuple(_names(mount.encode())): app for mount, app in apps.items()}
        self._by_length = sorted({len(names) for names in self._apps}, reverse=True)

    def __call__(self, exchange: Exchange) -> None:
        """Hand the exchange to the app at the longest mount that fits."""
        path = exchange.request.path
        raw = path.split(b"/")[1:]
        names = _names(path)
        for length in self._by_length:
            app = self._apps.get(names[:length]) if length <= len(names) else None
            if app is not None:
                if length:
                    exchange.mount = b"/" + b"/".join(raw[:length])
                app(exchange)
                return
        if path == b"*":  # RFC 9110 9.3.7: asked of the server as a whole
            exchange.respond(Response(204))
        else:
            exchange.respond(*refusal(404, NOWHERE))


def mounted(apps: Mapping[str, App]) -> App:
    """The apps at their mounts; the bare app, at no cost, where there is one and it has all paths."""
    return apps[""] if [*apps] == [""] else Mounts(apps)


def _names(path: bytes) -> Segments:
    names = path.split(b"/")[1:]
    return tuple(map(unquote_to_bytes, names) if b"%" in path else names)
