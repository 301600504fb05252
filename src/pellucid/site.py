"""Apps at their hosts and paths, and features around them, as one app; it knows neither which they are nor any setting.

A request finds its place step by step: first its host, and then its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from pellucid.features.feature import Ask
from pellucid.message import Response
from pellucid.piece import Body
from pellucid.protocol.fields import remember
from pellucid.semantics.host import host_of
from pellucid.server.exchange import Answer, App, Exchange
from pellucid.server.refusal import refusal

Segments = tuple[bytes, ...]

NOWHERE = "nothing is served at this path"
NO_HOST = "this host is not served here (RFC 9110 15.5.20)"
TWO_PLACES = "this path can be read in more than one way, and they lead to places with rules of their own"

LONGEST_NAME = 253
"""How long the name of a host can be (RFC 1035 section 2.3.4); none that is longer has a place of its own."""

KEPT = 256
"""Of how many spellings of hosts, and of paths at each host, it is remembered where they lead."""

KEPT_LENGTH = 256
"""How long one of these is that is remembered, in bytes."""

Found = TypeVar("Found")

# What makes it possible to read a path in more ways than one.
_FREELY = re.compile(rb"//|/\.|\\|%2[ef]|%5c|%0a\Z", re.IGNORECASE)


class Site:
    """An app with features around it: each is asked in turn, and every answer goes through all of them."""

    __slots__ = ("answers", "app", "asks")

    def __init__(self, app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> None:
        self.app = app
        self.asks = asks
        self.answers = answers

    def __call__(self, exchange: Exchange, asks: Iterator[Ask] | None = None) -> None:
        """Ask the features, or those that are left to be asked, and the app if none of them has answered."""
        if asks is None:
            asks = iter(self.asks)
            exchange.answers = self.answers
        for ask in asks:
            held = ask(exchange)
            if held is not None:
                held.then(partial(self._go_on, exchange, asks))
                return
            if exchange.response is not None or exchange.held:
                return
        self.app(exchange)

    def _go_on(self, exchange: Exchange, asks: Iterator[Ask], response: Response | None, body: Body) -> None:
        if response is not None:
            exchange.respond(response, body)
        else:
            self(exchange, asks)


def surround(app: App, asks: tuple[Ask, ...], answers: tuple[Answer, ...]) -> App:
    """The app with these around it; the bare app, at no cost, where there are none.

    Where it has some around it already, and the same is done to answers, both become one.
    """
    if isinstance(app, Site) and app.answers == answers:
        return Site(app.app, asks + app.asks, answers)
    return Site(app, asks, answers) if asks or answers else app


class Hosts:
    """Apps by the names of hosts: an exact name has the request, else the longest wildcard that fits, else the rest; if
    there is none, 421. A wildcard, "*.example.com", stands for all names beneath it, and not for itself.

    Names are compared in ASCII lower case, without a port and without the dot that may end them. Who names no host, as
    HTTP/1.0 allows, is of the rest.
    """

    __slots__ = ("_apps", "_chosen")

    def __init__(self, apps: Mapping[str, App]) -> None:
        """The names are in lower case; an empty one is the rest."""
        self._apps = {name.encode(): app for name, app in apps.items()}
        self._chosen = _Memory(self._choose)

    def __call__(self, exchange: Exchange) -> None:
        """Hand the exchange to the app of its host."""
        self._chosen[exchange.request.authority](exchange)

    def _choose(self, authority: bytes) -> App:
        apps, name = self._apps, host_of(authority)
        if len(name) <= LONGEST_NAME:  # what is longer would be looked at in very many parts
            if name and name in apps:
                return apps[name]
            beneath = name
            while beneath := beneath.partition(b".")[2]:
                app = apps.get(b"*." + beneath)
                if app is not None:
                    return app
        return apps.get(b"", _misdirected)


def hosted(apps: Mapping[str, App]) -> App:
    """The apps at their hosts; the bare app, at no cost, where there is one and it has all hosts."""
    return apps[""] if [*apps] == [""] else Hosts(apps)


@dataclass(frozen=True, slots=True)
class Served:
    """What has the requests of a place: the app with what is around it there; the mount at which that app stands, the
    place's own or one above it; and, if places with rules of their own have the same one in common, what that is.
    """

    app: App
    mount: str
    common: Hashable = None


class Mounts:
    """Places by the paths beneath which they are: of those that fit, the longest has the request, and 404 if none does.

    A mount fits whole names of a path, each decoded once: /static is not above /statics, and above /%73tatic it is.
    The app finds in `exchange.mount` how its own prefix was spelled; `request.path` stays whole.

    An app may read a path more freely than that: /x/../admin, //admin or /admin%2Fx as /admin. Where this leads to the
    same app in another place, the request is refused: nobody gets around the rules of /admin by its spelling.
    """

    __slots__ = ("_by_length", "_found", "_places")

    def __init__(self, places: Mapping[str, Served]) -> None:
        """Mounts are percent-encoded, and empty for all paths; one with a slash at its end is of that path alone."""
        self._places = {tuple(_names(mount.encode())): served for mount, served in places.items()}
        self._by_length = sorted({len(names) for names in self._places}, reverse=True)
        self._found = _Memory(self._find)

    def __call__(self, exchange: Exchange) -> None:
        """Hand the exchange to the app at the longest mount that fits."""
        app, exchange.mount = self._found[exchange.request.path]
        app(exchange)

    def _find(self, path: bytes) -> tuple[App, bytes]:
        # The app, and how its mount is spelled.
        served = self._at(_names(path))
        if served is None:
            return nothing, b""
        if served.common is not None and _FREELY.search(path):
            places = map(self._at, readings(path))
            if any(other and other is not served and other.common == served.common for other in places):
                return _doubtful, b""
        depth = served.mount.count("/")
        return served.app, b"/".join(path.split(b"/", depth + 1)[: depth + 1]) if depth else b""

    def _at(self, names: Segments) -> Served | None:
        for length in self._by_length:
            served = self._places.get(names[:length]) if length <= len(names) else None
            if served is not None:
                return served
        return None


def mounted(places: Mapping[str, Served]) -> App:
    """The places at their mounts; the bare app, at no cost, where there is one and it has all paths."""
    return places[""].app if [*places] == [""] else Mounts(places)


def nothing(exchange: Exchange) -> None:
    """The app of a place that serves none."""
    if exchange.request.path == b"*":  # RFC 9110 9.3.7: asked of the server as a whole
        exchange.respond(Response(204))
    else:
        exchange.respond(*refusal(404, NOWHERE))


def readings(path: bytes) -> Iterator[Segments]:
    """The names that an app may find in a path: slashes that were encoded may count, as may backslashes, empty names
    may not, and dots may lead upwards, of which either may be seen to first. A line feed at the end may be none of it:
    before one, too, is where `$` of a regular expression holds.
    """
    for text in (path, path[:-3]) if path[-3:].lower() == b"%0a" else (path,):
        whole = unquote_to_bytes(text)
        slashed = whole.replace(b"\\", b"/")
        for names in (_names(text), tuple(whole.split(b"/")[1:]), tuple(slashed.split(b"/")[1:])):
            filled, followed = tuple(filter(None, names)), _followed(names)
            yield from (names, filled, followed, _followed(filled), tuple(filter(None, followed)))


def _followed(names: Iterable[bytes]) -> Segments:
    # RFC 3986 5.2.4: a dot is this folder, two are the one above.
    found: list[bytes] = []
    for name in names:
        if name == b"..":
            del found[-1:]
        elif name != b".":
            found.append(name)
    return tuple(found)


class _Memory(dict[bytes, Found], Generic[Found]):
    """A bounded memory of where hosts, or paths, lead."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[bytes], Found]) -> None:
        self._find = find

    def __missing__(self, text: bytes) -> Found:
        found = self._find(text)
        if len(text) <= KEPT_LENGTH:
            remember(self, text, found, KEPT)
        return found


def _doubtful(exchange: Exchange) -> None:
    exchange.why = TWO_PLACES
    exchange.respond(*refusal(400, TWO_PLACES))


def _misdirected(exchange: Exchange) -> None:
    exchange.why = NO_HOST
    exchange.respond(*refusal(421, NO_HOST))


def _names(path: bytes) -> Segments:
    names = path.split(b"/")[1:]
    return tuple(map(unquote_to_bytes, names) if b"%" in path else names)
