"""A plan becomes a running server: ports are opened, and one process or several go to work."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from pellucid.assembly import Assembly, Host, assembler
from pellucid.features.livereload import LiveReloadSettings
from pellucid.inforce import InForce, Replan, check
from pellucid.listening import Listening, open_listening
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.targets import Folder
from pellucid.net.reactor import Reactor
from pellucid.net.tlssettings import TlsSettings
from pellucid.plan import Plan
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


def serve(plan: Plan, replan: Replan | None, ready: Ready) -> int:
    """Serve what is planned until a signal ends it, and answer with the exit status. `ready` is called once it serves:
    with where that is, and of what kind each place's app is, where this process has loaded them itself. `replan` reads
    the plan anew when SIGHUP asks for it.

    ValueError says in one line what cannot be done: a bad setting, a port that is taken. NotLoaded says what an
    application did instead of being loaded.
    """
    check(plan)
    leave_quietly()
    keep_standard_descriptors()
    raise_descriptor_limit()
    look = _looker(plan)
    here = current_folder()
    listening = open_listening(plan.settings)
    return _serve(InForce(plan, listening, here, replan), ready, look)


def keep_standard_descriptors() -> None:
    """Where one of 0, 1 and 2 is closed, open nothing in its place, so that no log line gets into a connection."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def current_folder() -> str:
    """The folder from which files are named.

    It is asked for at the start: a folder may be taken away and put back, as by a deployment, and a process that stood
    in it stands nowhere then.
    """
    try:
        return os.getcwd()
    except OSError:
        return ""  # gone already: what is named from the root on can be served all the same


def _serve(in_force: InForce, ready: Ready, look: Look | None) -> int:
    if not workers_of(in_force.plan):
        kinds: list[str] = []

        def assemble_here(reactor: Reactor, watch: Watch, host: Host) -> Assembly:
            assembly = assembler(in_force.plan, in_force.here)(reactor, watch, host)
            kinds.extend(assembly.kinds)
            return assembly

        alone = in_force.listening
        return run_worker(assemble_here, alone, in_force.plan.settings, None, lambda: ready(alone, kinds))

    def run_seated(seat: Seat) -> int:
        plan = in_force.plan
        return run_worker(assembler(plan, in_force.here), in_force.listening, plan.settings, seat)

    settings, listening = in_force.plan.settings, in_force.listening
    grace = settings[CommandSettings].grace
    return supervise(run_seated, listening.ports, settings, grace, lambda: ready(listening, ()), look, in_force)


def workers_of(plan: Plan) -> int:
    """How many workers serve, 0 for this process alone. What cannot be had without a parent brings one worker."""
    settings = plan.settings
    chosen = settings[ProcessSettings]
    recycled = chosen.recycle_requests or chosen.recycle_age or chosen.recycle_memory
    # Who has given up its rights may be unable to read a certificate that was renewed.
    renews = settings[TlsSettings].tls and choose(settings[PrivilegeSettings]) is not None
    # A file can be read anew: who begins with what it says then is another process than the one that reads it.
    read = plan.file and "workers" not in settings.chosen
    needed = bool(recycled or renews or settings[MonitorSettings].metrics or _reloads(settings) or read)
    return max(count_of(chosen.workers), int(needed))


def _reloads(settings: Settings) -> bool:
    return settings[ReloadSettings].reload or settings[LiveReloadSettings].reload_browser


def _looker(plan: Plan) -> Look | None:
    # What looks for changed files, in a process of its own.
    settings = plan.settings
    if not _reloads(settings):
        return None
    folders = dict.fromkeys((".", settings[LoadingSettings].app_dir))
    mounted = dict.fromkeys(place.serves.path for place in plan.places if isinstance(place.serves, Folder))
    areas = areas_of(settings[ReloadSettings], folders, mounted, settings[LiveReloadSettings].reload_browser)
    # The file itself matters where others of its folder do; elsewhere far too much may lie around it.
    folder, name = os.path.split(os.path.realpath(plan.file)) if plan.file else ("", "")
    known = [replace(area, include=(*area.include, name)) if area.folder == folder else area for area in areas]
    return lambda channel: look_out(known, channel)
