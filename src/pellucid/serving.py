"""Targets and settings become a running server: ports are opened, and one process or several go to work."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence

from pellucid.assembly import Assemble, Assembly, Host, assembler
from pellucid.features.livereload import LiveReloadSettings
from pellucid.listening import Listening, open_listening, with_https_port
from pellucid.loading.settings import LoadingSettings, check
from pellucid.loading.targets import Folder, Named, Target
from pellucid.logs import check_logs
from pellucid.net.reactor import Reactor
from pellucid.net.tlssettings import TlsSettings
from pellucid.processes.cores import count_of
from pellucid.processes.lookout import ReloadSettings, areas_of, look_out
from pellucid.processes.monitor import MonitorSettings
from pellucid.processes.privileges import PrivilegeSettings, choose
from pellucid.processes.seat import Seat
from pellucid.processes.settings import ProcessSettings
from pellucid.processes.supervisor import supervise
from pellucid.settings import CommandSettings, Settings
from pellucid.watch import Watch
from pellucid.worker import leave_quietly, raise_descriptor_limit, run_worker

OK, NOT_LOADED = 0, 1
"""Exit statuses; what was asked for wrongly has 2, and is told by ValueError."""

Ready = Callable[[Listening, Sequence[str]], None]
Look = Callable[[int], None]


def serve(targets: Sequence[Target], settings: Settings, ready: Ready) -> int:
    """Serve targets until a signal ends it, and answer with the exit status. `ready` is called
    once it serves: with where that is, and of what kind each target is, where this process has loaded them itself.

    ValueError says in one line what cannot be done: a bad setting, a port that is taken. NotLoaded says what an
    application did instead of being loaded.
    """
    check_logs(settings)
    check_loading(targets, settings[LoadingSettings])
    leave_quietly()
    keep_standard_descriptors()
    raise_descriptor_limit()
    look = _looker(targets, settings)
    # So that a mistake is told before anything is opened.
    count_of(settings[ProcessSettings].workers)
    choose(settings[PrivilegeSettings])
    listening = open_listening(settings)
    settings = with_https_port(settings, listening)
    return _serve(assembler(targets, settings), listening, settings, ready, look)


def check_loading(targets: Sequence[Target], chosen: LoadingSettings) -> None:
    """ValueError for what is wrong with how applications are to be loaded, before anything is opened."""
    check(chosen)
    if chosen.loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise ValueError("--loop: uvloop is not installed; `pip install uvloop`, or say --loop asyncio")
    if not os.path.isdir(chosen.app_dir) and any(isinstance(target.serves, Named) for target in targets):
        raise ValueError(f"--app-dir: there is no folder {chosen.app_dir!r}")


def keep_standard_descriptors() -> None:
    """Where one of 0, 1 and 2 is closed, open nothing in its place, so that no log line gets into a connection."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _serve(assemble: Assemble, listening: Listening, settings: Settings, ready: Ready, look: Look | None) -> int:
    if not workers_of(settings):
        kinds: list[str] = []

        def assemble_here(reactor: Reactor, watch: Watch, host: Host) -> Assembly:
            assembly = assemble(reactor, watch, host)
            kinds.extend(assembly.kinds)
            return assembly

        return run_worker(assemble_here, listening, settings, None, lambda: ready(listening, kinds))

    def run_seated(seat: Seat) -> int:
        return run_worker(assemble, listening, settings, seat)

    grace = settings[CommandSettings].grace
    return supervise(
        run_seated, listening.ports, settings, grace, lambda: ready(listening, ()), look, listening.refresh
    )


def workers_of(settings: Settings) -> int:
    """How many workers serve, 0 for this process alone. What cannot be had without a parent brings one worker."""
    chosen = settings[ProcessSettings]
    recycled = chosen.recycle_requests or chosen.recycle_age or chosen.recycle_memory
    # Who has given up its rights may be unable to read a certificate that was renewed.
    renews = settings[TlsSettings].tls and choose(settings[PrivilegeSettings]) is not None
    needed = bool(recycled or renews or settings[MonitorSettings].metrics or _reloads(settings))
    return max(count_of(chosen.workers), int(needed))


def _reloads(settings: Settings) -> bool:
    return settings[ReloadSettings].reload or settings[LiveReloadSettings].reload_browser


def _looker(targets: Sequence[Target], settings: Settings) -> Look | None:
    # What looks for changed files, in a process of its own.
    if not _reloads(settings):
        return None
    folders = dict.fromkeys((".", settings[LoadingSettings].app_dir))
    mounted = [target.serves.path for target in targets if isinstance(target.serves, Folder)]
    areas = areas_of(settings[ReloadSettings], folders, mounted, settings[LiveReloadSettings].reload_browser)
    return lambda channel: look_out(areas, channel)
