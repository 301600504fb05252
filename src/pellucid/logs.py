"""The logs of a process: the access log to standard output, notes to standard error, each by a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pellucid.accesslog import AccessLogSettings, compile_format, loss_line_of
from pellucid.eventlog import EventLog, EventLogSettings
from pellucid.net.writer import LineWriter, count_lost
from pellucid.settings import Settings
from pellucid.watch import Watch

OFF = "off"
"""The access log that is none."""

LOG_TIME = 2.0
"""How long the logs may take to write what waits when all is over, in seconds: their reader may be stuck."""


def check_logs(settings: Settings) -> None:
    """ValueError for a setting of the logs that cannot be, before anything is opened."""
    chosen, log_format = settings[EventLogSettings], settings[AccessLogSettings].access_log
    EventLog(_unwritten, chosen.log_level, chosen.log_format)
    if log_format != OFF:
        compile_format(log_format)


@contextmanager
def logs(watch: Watch, settings: Settings, worker: str = "") -> Iterator[None]:
    """Observers that write the access log to standard output and the notes to standard error, until the end. `worker`
    is the name of this process, where there are others. ValueError says which setting cannot be.
    """
    chosen, output, shared = settings[EventLogSettings], None, bool(worker)
    errors = LineWriter(2, lost=loss_line_of("json") if chosen.log_format == "json" else count_lost, shared=shared)
    events = EventLog(errors.write, chosen.log_level, chosen.log_format, worker=worker)
    log_format = settings[AccessLogSettings].access_log
    if log_format != OFF:
        spell = compile_format(log_format, worker=worker)
        output = LineWriter(1, lost=loss_line_of(log_format), shared=shared)
        write = output.write
        watch.ended.append(lambda exchange: write(spell(exchange)))
    else:  # then the reason of a refusal stands nowhere else

        def note(connection: Any, status: int, why: str) -> None:
            if status:  # else it is noted anyhow
                watch.note("info", refusal_note(connection.peer, status, why))

        watch.refused.append(note)
    watch.noted.append(events.noted)
    try:
        yield
    finally:
        watch.noted.remove(events.noted)
        events.tell_unheard()
        for writer in (output, errors):
            if writer is not None:
                writer.close(LOG_TIME)


def refusal_note(client: str, status: int, why: str) -> str:
    """A refusal as a note."""
    return f"{client or 'a client'} refused with {status}: {why}"


def _unwritten(line: str) -> None:
    pass
