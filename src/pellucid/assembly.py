"""What targets and settings describe, put together in the process that serves it: an app, and what lives with it.

What carries apps of one kind is imported when the first of that kind is made: a process holds only what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.static.settings import StaticSettings
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.features.feature import Ground
from pellucid.features.order import in_order
from pellucid.loading.importing import NotLoaded, load
from pellucid.loading.interface import ASGI, EXCHANGE, WSGI, interface_of
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.targets import Folder, Named, Target
from pellucid.net.reactor import Reactor
from pellucid.processes.cores import count_of
from pellucid.processes.settings import ProcessSettings
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import App
from pellucid.server.life import Life
from pellucid.settings import Settings
from pellucid.site import mounted, surround
from pellucid.watch import Watch

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class Assembly:
    """The app with all that is around it, and the lives that begin before it is asked and end after it."""

    app: App
    lives: tuple[Life, ...]
    kinds: tuple[str, ...]
    """What each target turned out to be: "folder", "asgi", "wsgi" or "exchange"."""

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


def assembler(targets: Sequence[Target], settings: Settings) -> Assemble:
    """What puts an Assembly together in the process that calls it. That raises NotLoaded where an application cannot be
    had, and ValueError for what is wrong with a setting or a folder.
    """
    here = _here()
    return lambda reactor, watch, host: _Assembling(settings, here, reactor, watch, host).assemble(targets)


class _Assembling:
    """What is known while an assembly is made; an application that is named twice is made once."""

    __slots__ = ("_here", "_host", "_made", "_reactor", "_settings", "_watch")

    def __init__(self, settings: Settings, here: str, reactor: Reactor, watch: Watch, host: Host) -> None:
        self._settings = settings
        self._here = here
        self._reactor = reactor
        self._watch = watch
        self._host = host
        self._made: dict[Folder | Named, tuple[App, Life | None, str]] = {}

    def assemble(self, targets: Sequence[Target]) -> Assembly:
        """Make each app, and put them at their mounts with the features around them."""
        ground = Ground(self._reactor, self._watch.note, self._here)
        features = in_order(self._settings, ground)  # first, since what is wrong is told sooner than an app is loaded
        try:
            apps = {target.mount: self._app(target.serves) for target in targets}
        except BaseException:
            self._let_go()
            raise
        lives = (*ground.lives, *(life for _, life, _ in self._made.values() if life is not None))
        kinds = tuple(self._made[target.serves][2] for target in targets)
        return Assembly(surround(mounted(apps), *features), lives, kinds)

    def _app(self, serves: Folder | Named) -> App:
        if serves not in self._made:
            self._made[serves] = self._folder(serves) if isinstance(serves, Folder) else self._named(serves)
        return self._made[serves][0]

    def _folder(self, folder: Folder) -> tuple[App, Life | None, str]:
        from pellucid.apps.static.app import Static

        try:
            static = Static(os.path.join(self._here, folder.path), self._settings[StaticSettings])
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ValueError(f"the folder {folder.path!r} cannot be served: {reason}") from error
        return static, _Closing(static.close), "folder"

    def _named(self, named: Named) -> tuple[App, Life | None, str]:
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

    def _carried(self, app: Any, interface: str) -> tuple[App, Life | None, str]:
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
            if isinstance(life, _Closing):
                life.close()


class _Closing:
    """The life of an app that has only to be closed."""

    __slots__ = ("close",)

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close

    def begin(self, begun: Callable[[str], None]) -> None:
        """There is nothing to make ready."""
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Close it."""
        self.close()
        ended()


def _here() -> str:
    # Asked at the start: a folder may be taken away and put back, as by a deployment, and a process that stood in it
    # stands nowhere then.
    try:
        return os.getcwd()
    except OSError:
        return ""  # gone already: what is named from the root on can be served all the same
