"""Targets and settings become a running server: ports are opened, and one process or several go to work."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence

from pellucid.assembly import Assemble, assembler
from pellucid.loading.settings import LoadingSettings, check
from pellucid.loading.targets import Named, Target
from pellucid.logs import logs
from pellucid.net.address import addresses_of, open_ports
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor
from pellucid.protocol.limits import Limits
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.settings import CommandSettings, Settings
from pellucid.watch import Watch
from pellucid.worker import leave_quietly, raise_descriptor_limit, work

OK, NOT_LOADED = 0, 1
"""Exit statuses; what was asked for wrongly has 2, and is told by ValueError."""

Ready = Callable[[Sequence[str]], None]


def serve(targets: Sequence[Target], settings: Settings, ready: Ready) -> int:
    """Serve targets until a signal ends it, and answer with the exit status. `ready` gets the addresses of the ports
    once they are served.

    ValueError says in one line what cannot be done: a bad setting, a port that is taken. NotLoaded says what an
    application did instead of being loaded.
    """
    check_loading(targets, settings[LoadingSettings])
    leave_quietly()
    keep_standard_descriptors()
    raise_descriptor_limit()
    return _alone(assembler(targets, settings), open_ports(settings[CommandSettings].bind), settings, ready)


def check_loading(targets: Sequence[Target], chosen: LoadingSettings) -> None:
    """ValueError for what is wrong with how applications are to be loaded, before anything is opened."""
    check(chosen)
    if chosen.loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise ValueError("loop: uvloop is not installed; `pip install uvloop`, or say --loop asyncio")
    if not os.path.isdir(chosen.app_dir) and any(isinstance(target.serves, Named) for target in targets):
        raise ValueError(f"app-dir: there is no folder {chosen.app_dir!r}")


def keep_standard_descriptors() -> None:
    """Where one of 0, 1 and 2 is closed, open nothing in its place, so that no log line gets into a connection."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _alone(assemble: Assemble, ports: list[Port], settings: Settings, ready: Ready) -> int:
    watch = Watch()
    with logs(watch, settings):
        reactor = Reactor(failed=lambda words: watch.note("error", f"a fault in the server\n{words}"))

        def host() -> object:
            return None

        assembly = assemble(reactor, watch, host)  # type: ignore[arg-type]  # until the guest is there
        server = Server(assembly.app, settings[Capacity], settings[Limits], settings[Patience], watch, reactor)
        for port in ports:
            server.listen(port)
        # In the first round, when signals are already heard: whoever reads the banner may send one at once.
        reactor.post(lambda: ready(addresses_of(ports)))
        try:
            work(server, settings[CommandSettings].grace)
        finally:
            for life in assembly.lives:
                life.end(lambda: None)
    return OK
