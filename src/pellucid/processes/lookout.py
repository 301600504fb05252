"""Looking for changed files, in a process of its own: a line goes to whoever has started it for each burst of changes.

The system tells of changes where watchfiles is installed; else all files are looked at a few times a second. It knows
nothing of what is done about a change.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pellucid.processes.changes import Area, Mark, changed_paths, merged, spell_changes
from pellucid.setting import setting

EVERY = 0.25
"""How often all files are looked at, in seconds."""

SHARE = 10
"""For so many times as long as a look took it rests before the next one: a large tree must not keep a core busy."""

SETTLED = 0.05
"""After so many seconds without another change a burst is over: editors and version control write many files."""

LONGEST_BURST = 20
"""After so many looks a burst is told of though it goes on."""


@dataclass(frozen=True, slots=True)
class ReloadSettings:
    """For development: which changes make the workers begin anew."""

    reload: bool = setting(
        False,
        "For development: begin anew whenever a file changes. What fails to load waits for the next change. The system "
        "tells of changes where the package watchfiles is installed; else files are looked at four times a second.",
    )
    reload_dir: tuple[str, ...] = setting(
        (),
        "A folder to look for changes in, with all folders beneath it, in the place of the current folder and of "
        "app-dir. Mounted folders are always looked at.",
        unit="folder",
    )
    reload_include: tuple[str, ...] = setting(
        (), "Which files matter besides *.py: a name, or a path from the folder on, with * and ?.", unit="glob"
    )
    reload_exclude: tuple[str, ...] = setting(
        (),
        "Which files and folders do not matter. Names with a dot before them, what is installed (node_modules, "
        "site-packages) and what editors leave for a moment never do.",
        unit="glob",
    )


def areas_of(settings: ReloadSettings, folders: Iterable[str], mounted: Iterable[str], pages: bool) -> tuple[Area, ...]:
    """Where to look: the folders of code, unless reload-dir names others, and those that are mounted.

    With `pages`, open pages reload themselves, and each file of a mounted folder matters. ValueError for what is no
    folder.
    """
    include = ("*.py", *settings.reload_include)
    everything = (*include, "*") if pages else include
    areas = [Area(folder, include, settings.reload_exclude) for folder in settings.reload_dir or folders]
    areas += [Area(folder, everything, settings.reload_exclude) for folder in mounted]
    return merged([Area(_real(area.folder), area.include, area.exclude) for area in areas])


def look_out(areas: Sequence[Area], channel: int) -> None:
    """Write a line with what has changed to this descriptor of a socket, for each burst of changes, and come back when
    its other end closes or says anything. For a process of its own: it ignores Ctrl+C, which is for its parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    here = os.getcwd()

    def changed(paths: Sequence[str]) -> None:
        with suppress(OSError):  # the other end has just gone: the next look finds that
            os.write(channel, spell_changes(paths, here).encode("utf-8", "replace") + b"\n")

    hears = select.poll()
    hears.register(channel, select.POLLIN)

    def pause(seconds: float) -> bool:
        """Rest so long; whether it is over."""
        return bool(hears.poll(seconds * 1000))

    if not look_out_by_notice(areas, changed, pause):
        look_out_by_polling(areas, changed, pause)


def look_out_by_polling(
    areas: Sequence[Area], changed: Callable[[Sequence[str]], None], pause: Callable[[float], bool]
) -> None:
    """Look at all files again and again until `pause` says that it is over."""
    before, rest = look(areas), EVERY
    while not pause(rest):
        began = time.perf_counter()
        after = look(areas)
        rest = max(EVERY, SHARE * (time.perf_counter() - began))
        if before != after:
            after = _settled(areas, after, pause)
            paths = changed_paths(before, after)
            if paths:  # else all is as it was, as after a file that came and went
                changed(paths)
        before = after


def look(areas: Sequence[Area]) -> dict[str, Mark]:
    """Each file that matters, with what must differ if its content does."""
    found: dict[str, Mark] = {}
    for area in areas:
        _look(area, "", found)
    return found


def look_out_by_notice(
    areas: Sequence[Area], changed: Callable[[Sequence[str]], None], pause: Callable[[float], bool]
) -> bool:
    """As `look_out_by_polling`, told by the system; False where it cannot tell: the package is missing, its bounds are
    too low for so many folders, or one of them has a name that it cannot take.
    """
    before: Mapping[str, Mark] = look(areas)
    while not pause(0):
        roots = Roots(areas, pause)
        try:
            _hear(areas, roots, before, changed)
        except FileNotFoundError:
            continue  # one went between two looks
        except (ImportError, OSError, RuntimeError, UnicodeError):  # it takes no path whose bytes are no text
            return False
        before = look(areas)
        if roots.replaced:
            changed(roots.replaced)
    return True


class Roots:
    """The folders themselves. The system tells nothing more of one that was removed and made again, as by a build: so
    this is asked all the time whether to stop.
    """

    __slots__ = ("_areas", "_identities", "_pause")

    def __init__(self, areas: Sequence[Area], pause: Callable[[float], bool]) -> None:
        self._areas = areas
        self._pause = pause
        self._identities = self._look()

    @property
    def replaced(self) -> list[str]:
        """Those that are not what they were."""
        return changed_paths(self._identities, self._look())

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._pause(0) or bool(self.replaced)

    def _look(self) -> dict[str, Mark]:
        found: dict[str, Mark] = {}
        for area in self._areas:
            with suppress(OSError):
                told = os.stat(area.folder)
                found[area.folder] = (told.st_dev, told.st_ino)
        return found


def concerns(areas: Sequence[Area], path: str) -> bool:
    """Whether a file at this path matters to any of the areas."""
    return any(
        path.startswith(area.folder.rstrip("/") + "/") and area.takes_wholly(path[len(area.folder.rstrip("/")) + 1 :])
        for area in areas
    )


def _hear(
    areas: Sequence[Area], roots: Roots, before: Mapping[str, Mark], changed: Callable[[Sequence[str]], None]
) -> None:
    # Until the roots say that it is over.
    import watchfiles

    unheard: Mapping[str, Mark] | None = before
    for changes in watchfiles.watch(
        *(area.folder for area in areas if os.path.isdir(area.folder)),
        watch_filter=lambda change, path: concerns(areas, path),
        step=round(SETTLED * 1000),
        rust_timeout=round(EVERY * 1000),
        yield_on_timeout=True,
        stop_event=roots,
        raise_interrupt=False,
        ignore_permission_denied=True,
    ):
        paths = {path for _, path in changes}
        if unheard is not None:  # what changed before the system was asked to tell
            paths.update(changed_paths(unheard, look(areas)))
            unheard = None
        if paths:
            changed(sorted(paths))


def _real(folder: str) -> str:
    # Where it is from the root on; which can be told of no folder that was removed, though one may stand in it.
    with suppress(OSError):
        path = os.path.realpath(folder)
        if os.path.isdir(path):
            return path
    raise ValueError(f"cannot look for changes: {folder!r} is no folder")


def _look(area: Area, beneath: str, found: dict[str, Mark]) -> None:
    with suppress(OSError), os.scandir(os.path.join(area.folder, beneath)) as entries:
        for entry in entries:
            try:
                _look_at(area, beneath + entry.name, entry, found)
            except OSError:
                continue  # it went while it was looked at


def _look_at(area: Area, path: str, entry: os.DirEntry[str], found: dict[str, Mark]) -> None:
    if entry.is_dir(follow_symlinks=False):  # links to folders can go in circles
        if area.enters(path):
            _look(area, path + "/", found)
    elif area.takes(path):
        told = entry.stat()
        found[entry.path] = (told.st_mtime_ns, told.st_size, told.st_ino)


def _settled(areas: Sequence[Area], seen: dict[str, Mark], pause: Callable[[float], bool]) -> dict[str, Mark]:
    for _ in range(LONGEST_BURST):
        if pause(SETTLED):
            break
        before, seen = seen, look(areas)
        if before == seen:
            break
    return seen
