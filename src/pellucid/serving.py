"""What settings describe, put together: a folder, features, ports, logs and a server; it knows no command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings
from pellucid.features.order import in_order
from pellucid.logs import logs
from pellucid.net.address import addresses_of, open_ports
from pellucid.protocol.limits import Limits
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.settings import CommandSettings, Settings
from pellucid.site import surround
from pellucid.watch import Watch
from pellucid.worker import leave_quietly, raise_descriptor_limit, work


def serve_folder(folder: str, settings: Settings, ready: Callable[[Sequence[str]], None]) -> None:
    """Serve a folder until a signal ends it. `ready` gets the addresses of the ports once they are open.

    ValueError says in one line what cannot be done: a bad setting, a port that is taken.
    """
    leave_quietly()
    keep_standard_descriptors()
    raise_descriptor_limit()
    command = settings[CommandSettings]
    watch = Watch()
    with logs(watch, settings):
        try:
            static = Static(folder, settings[StaticSettings])
        except OSError as error:
            raise ValueError(
                f"the folder {folder!r} cannot be served: {(error.strerror or str(error)).lower()}"
            ) from error
        try:
            app = surround(static, *in_order(settings))
            server = Server(app, settings[Capacity], settings[Limits], settings[Patience], watch)
            ports = open_ports(command.bind)
            for port in ports:
                server.listen(port)
            # In the first round, when signals are already heard: whoever reads the banner may send one at once.
            server.reactor.post(lambda: ready(addresses_of(ports)))
            work(server, command.grace)
        finally:
            static.close()


def keep_standard_descriptors() -> None:
    """Where one of 0, 1 and 2 is closed, open nothing in its place, so that no log line gets into a connection."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
