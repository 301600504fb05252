"""What settings describe, put together: a folder, features, ports, logs and a server; it knows no command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pellucid.accesslog import AccessLogSettings, compile_format, loss_line_of
from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings
from pellucid.eventlog import EventLog, EventLogSettings
from pellucid.features.order import in_order
from pellucid.net.address import addresses_of, open_ports
from pellucid.net.writer import LineWriter
from pellucid.protocol.limits import Limits
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.settings import CommandSettings, Settings
from pellucid.site import surround
from pellucid.watch import Watch
from pellucid.worker import leave_quietly, raise_descriptor_limit, work

LAST_WORDS = 2.0
"""How long the logs may take to write what waits when all is over, in seconds: their reader may be stuck."""


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
            server.reactor.soon(lambda: ready(addresses_of(ports)))
            work(server, command.grace)
        finally:
            static.close()


@contextmanager
def logs(watch: Watch, settings: Settings) -> Iterator[None]:
    """Observers that write the access log to standard output and the notes to standard error, until the end."""
    errors, output = LineWriter(2), None
    events = EventLog(errors.write, settings[EventLogSettings].log_level)
    log_format = settings[AccessLogSettings].access_log
    if log_format != "off":
        spell = compile_format(log_format)
        output = LineWriter(1, lost=loss_line_of(log_format))
        write = output.write
        watch.ended.append(lambda exchange: write(spell(exchange)))
    else:  # then the reason of a refusal stands nowhere else
        watch.refused.append(lambda connection, status, why: watch.note("info", told(connection.peer, status, why)))
    watch.noted.append(events.noted)
    try:
        yield
    finally:
        watch.noted.remove(events.noted)
        events.tell_unheard()
        for writer in (output, errors):
            if writer is not None:
                writer.close(LAST_WORDS)


def told(client: str, status: int, why: str) -> str:
    """A refusal as a note."""
    return f"{client or 'a client'} refused with {status}: {why}"


def keep_standard_descriptors() -> None:
    """Where one of 0, 1 and 2 is closed, open nothing in its place, so that no log line gets into a connection."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
