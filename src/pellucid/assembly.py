"""What a plan describes, put together in the process that serves it: an app, and what lives with it.

What carries apps of one kind is imported when the first of that kind is made: a process holds only what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.static.settings import StaticSettings
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.features.feature import Ground
from pellucid.features.order import FRONT, OF_HOST, OF_PLACE, Make, Surroundings, in_order
from pellucid.loading.importing import NotLoaded, load
from pellucid.loading.interface import ASGI, EXCHANGE, WSGI, interface_of
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.targets import Folder, Named
from pellucid.net.reactor import Reactor
from pellucid.plan import Place, Plan, place_at
from pellucid.processes.cores import count_of
from pellucid.processes.settings import ProcessSettings
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import App
from pellucid.server.life import Closing, Life
from pellucid.settings import Settings
from pellucid.site import Served, hosted, mounted, nothing, surround
from pellucid.tracebacks import reason_of
from pellucid.watch import Watch

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class Assembly:
    """The app with all that is around it, and the lives that begin before it is asked and end after it."""

    app: App
    lives: tuple[Life, ...]
    kinds: tuple[str, ...]
    """What the app of each place turned out to be: "folder", "asgi", "wsgi" or "exchange", and empty for none."""

    @property
    def needs_loop(self) -> bool:
        """Whether an app runs in the loop of the host; without one, the reactor can run alone."""
        return ASGI in self.kinds


class Looped(Protocol):
    """A loop around the reactor, in which coroutines run."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, current since it was made."""


Host = Callable[[], Looped]
"""Makes the loop around the reactor, once."""

Assemble = Callable[[Reactor, Watch, Host], Assembly]


def assembler(plan: Plan, here: str) -> Assemble:
    """What puts an Assembly together in the process that calls it, with what is named from the folder `here` on. That
    raises NotLoaded where an application cannot be had, and ValueError for what is wrong with a setting or a folder.
    """
    return lambda reactor, watch, host: _Assembling(plan, here, reactor, watch, host).assemble()


Made = tuple[App, Life | None, str]
"""An app, its life, and of what kind it is."""

NOTHING: Made = nothing, None, ""


class _Assembling:
    """What is known while an assembly is made. An application that is named in several places is made once; a folder
    once for each mount and way to serve it, since it knows its files by their paths.
    """

    __slots__ = (
        "_ground",
        "_here",
        "_host",
        "_made",
        "_places",
        "_plan",
        "_reactor",
        "_settings",
        "_surroundings",
        "_watch",
    )

    def __init__(self, plan: Plan, here: str, reactor: Reactor, watch: Watch, host: Host) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._here = here
        self._reactor = reactor
        self._watch = watch
        self._host = host
        self._ground = Ground(reactor, watch.note, here, watch)
        self._made: dict[Hashable, Made] = {}
        self._surroundings: dict[tuple[int, int], Surroundings] = {}
        self._places: dict[str, list[Place]] = {host: [] for host in plan.hosts}
        for place in plan.places:
            self._places[place.host].append(place)

    def assemble(self) -> Assembly:
        """Make each app, and put them at their hosts and mounts with the features around them."""
        # Features first, since what is wrong is told sooner than an app is loaded.
        for settings in (self._settings, *(place.settings for place in self._plan.places)):
            for makers in (OF_HOST, OF_PLACE):
                self._around(makers, settings)
        front = in_order(FRONT, self._settings, self._ground)
        try:
            hosts = {host: self._hosted(front, places) for host, places in self._places.items()}
        except BaseException:
            self._let_go()
            raise
        answers = front.answers + self._of_host(self._rest).answers + self._of_place(self._rest).answers
        app = surround(hosted(hosts), front.asks, answers)
        lives = (*self._ground.lives, *(life for _, life, _ in self._made.values() if life is not None))
        return Assembly(app, lives, tuple(self._found(place)[0][2] for place in self._plan.places))

    # The features

    @property
    def _rest(self) -> Settings:
        # What is in force for whom no host was found.
        return self._root(self._places.get("", []))

    def _root(self, places: Sequence[Place]) -> Settings:
        return next((place.settings for place in places if not place.mount), self._settings)

    def _of_host(self, settings: Settings) -> Surroundings:
        return self._around(OF_HOST, settings)

    def _of_place(self, settings: Settings) -> Surroundings:
        return self._around(OF_PLACE, settings)

    def _around(self, makers: Sequence[Make], settings: Settings) -> Surroundings:
        # Once for all places that have the same settings; the plan holds those, so that no identity comes again.
        key = id(makers), id(settings)
        if key not in self._surroundings:
            self._surroundings[key] = in_order(makers, settings, self._ground)
        return self._surroundings[key]

    # The places

    def _hosted(self, front: Surroundings, places: Sequence[Place]) -> App:
        root = self._root(places)
        before, within = self._of_host(root), self._of_place(root)
        answers = front.answers + before.answers + within.answers
        if all(place.settings is root for place in places):  # what is around all of them is so once
            bare = ((place.mount, self._found(place)) for place in places)
            served = {at: Served(app, mount) for at, ((app, _, _), mount, _) in bare}
            return surround(mounted(served), before.asks + within.asks, answers)
        served = {place.mount: self._surrounded(place, front + before) for place in places}
        for place in places:
            for other in self._others(place):
                served.setdefault(other, served[place.mount])
        if "" not in served:
            served[""] = Served(surround(nothing, within.asks, answers), "")
        return surround(mounted(served), before.asks, answers)

    def _surrounded(self, place: Place, outer: Surroundings) -> Served:
        (app, _, _), mount, serves = self._found(place)
        own = self._of_place(place.settings)
        return Served(surround(app, own.asks, outer.answers + own.answers), mount, serves)

    def _others(self, place: Place) -> Iterable[str]:
        # The rules of a file are those of its other names.
        if place.serves is not None or not isinstance(self._found(place)[2], Folder):
            return ()
        from pellucid.apps.static.spellings import spellings

        return spellings(place.mount, place.settings[StaticSettings])

    def _found(self, place: Place) -> tuple[Made, str, Folder | Named | None]:
        # The app of the place itself or of the nearest around it, the mount at which that one stands, and what it is.
        found = place_at((other for other in self._places[place.host] if other.serves is not None), place.mount)
        if found is None or found.serves is None:
            return NOTHING, place.mount, None
        return self._app(found.serves, found.mount, place.settings), found.mount, found.serves

    # The apps

    def _app(self, serves: Folder | Named, mount: str, settings: Settings) -> Made:
        folder = settings[StaticSettings]
        key = (serves, mount, folder) if isinstance(serves, Folder) else serves
        if key not in self._made:
            self._made[key] = self._folder(serves, folder) if isinstance(serves, Folder) else self._named(serves)
        return self._made[key]

    def _folder(self, folder: Folder, chosen: StaticSettings) -> Made:
        from pellucid.apps.static.app import Static

        try:
            static = Static(os.path.join(self._here, folder.path), chosen)
        except OSError as error:
            reason = reason_of(error)
            raise ValueError(f"the folder {folder.path!r} cannot be served: {reason}") from error
        return static, Closing(static.close), "folder"

    def _named(self, named: Named) -> Made:
        chosen = self._settings[LoadingSettings]
        if chosen.interface in ("auto", ASGI):
            self._host()  # now, so that a module finds the loop when it asks for the current one
        app = load(named, os.path.join(self._here, chosen.app_dir))
        try:
            interface = interface_of(app, chosen.interface)
        except ValueError as error:
            raise NotLoaded(f"{named} {error}") from error
        try:
            return self._carried(app, interface)
        except TypeError as error:  # it was said to be what it cannot be
            raise NotLoaded(f"{named} is not called as {interface} has it: {error}") from error

    def _carried(self, app: Any, interface: str) -> Made:
        # An application of another interface, with what carries exchanges to it.
        root = self._settings[LoadingSettings].root_path
        if interface == ASGI:
            from pellucid.apps.asgi.app import Asgi

            own, websockets = self._settings[AsgiSettings], self._settings[WebSocketLimits]
            asgi = Asgi(app, self._host().loop, self._watch, own, root, websockets)
            return asgi, asgi, ASGI
        if interface == WSGI:
            from pellucid.apps.wsgi.app import Wsgi

            several = count_of(self._settings[ProcessSettings].workers) > 1
            wsgi = Wsgi(app, self._reactor, self._watch, self._settings[WsgiSettings], several, root)
            return wsgi, wsgi, WSGI
        return app, None, EXCHANGE

    def _let_go(self) -> None:
        # Nothing has begun yet, so only folders hold anything.
        for _, life, _ in self._made.values():
            if isinstance(life, Closing):
                life.close()
