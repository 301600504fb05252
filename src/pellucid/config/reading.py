"""A file, and what was said beside it, become a plan: hosts and paths with the settings in force at each.

What is nearer to a place counts: a host more than the top, a path more than its host, a longer path more than a shorter
one, and a host's own path more than the same path for all hosts. The environment and the command line say again what
the top of the file says; what a host or a path says of itself stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pellucid.config.document import read_document
from pellucid.config.finding import PROJECT
from pellucid.config.layers import HostLayers, Layer, Reader
from pellucid.config.mistakes import Mistakes
from pellucid.loading.targets import Folder, Named, parse_targets
from pellucid.plan import Place, Plan
from pellucid.settings import Settings

ANSWERING = frozenset({"maintenance", "redirect"})
"""The settings by which a place has an answer without serving anything."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was said beside the file: settings by their names, and targets; with the words of a person for where."""

    chosen: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    origin: str = ""


def read_plan(file: str, given: Given | None = None) -> Plan:
    """The plan of a file and of what was said beside it; without a file, of the latter alone, which serves the current
    folder if it names none.

    Mistakes says, a line for each, what is wrong with the file; any other ValueError is of what was said beside it.
    """
    given = given or Given()
    if not file:
        settings = Settings(given.chosen, given.origins)
        targets = parse_targets(given.targets or (".",), given.chosen.get("app_dir", "."))
        return Plan(settings, tuple(Place("", each.mount, each.serves, settings, given.origin) for each in targets))
    try:
        document = read_document(file)
    except ValueError as error:
        raise Mistakes([str(error)]) from None
    folder = os.path.normpath(os.path.dirname(file) or ".")
    reader = Reader(document, folder)
    top = reader.top(given.chosen.get("app_dir"))
    hosts = reader.hosts()
    _add(top, given, folder, file)
    try:
        plan = _Planning(file, top, hosts).plan(reader.mistakes)
    except ValueError as error:  # of settings that a part does not want together
        reader.mistakes.append(f"{file}: {error}")
    if reader.mistakes:
        raise Mistakes(reader.mistakes)
    return plan


def _add(top: HostLayers, given: Given, folder: str, file: str) -> None:
    # What was said beside the file is said of the top.
    if folder != ".":
        top.layer.chosen.setdefault("app_dir", folder)
        top.layer.origins.setdefault("app_dir", file)
    top.layer.chosen.update(given.chosen)
    top.layer.origins.update(given.origins)
    for target in parse_targets(given.targets, given.chosen.get("app_dir", ".")):
        layer = top.paths.setdefault(target.mount, Layer()) if target.mount else top.layer
        layer.serves, layer.origin = target.serves, given.origin


Rest = tuple[str, Folder | Named | None, Settings, str]
"""A place save for its host: the mount, what is served, the settings, and where the second of them was said."""

_WRITE = 'write serve = "FOLDER" or serve = "main:app"'
_HERE = "in this table"


class _Planning:
    """The layers of a file while they become places."""

    __slots__ = ("_file", "_hosts", "_settings", "_top")

    def __init__(self, file: str, top: HostLayers, hosts: Mapping[str, HostLayers]) -> None:
        self._file = file
        self._top = top
        self._hosts = hosts
        self._settings = Settings(top.layer.chosen, top.layer.origins)

    def plan(self, mistakes: list[str]) -> Plan:
        places = [Place("", *rest) for rest in self._rest(mistakes)]
        for name, host in self._hosts.items():
            found = [*self._places(host, mistakes)]
            places += [Place(each, *rest) for each in (name, *host.aliases) for rest in found]
        if not places and not mistakes:
            where = "in [tool.pellucid]" if os.path.basename(self._file) == PROJECT else "at the top"
            mistakes.append(f"{self._file}: serve: nothing is served; {_WRITE} {where}")
        mistakes += dict.fromkeys(line for place in places if (line := self._given_away(place)))
        return Plan(self._settings, tuple(places), self._file)

    def _rest(self, mistakes: list[str]) -> Iterator[Rest]:
        # What has no host of its own: it is there if the top serves anything, and always where there are no hosts.
        layers = [self._top.layer, *self._top.paths.values()]
        if not self._hosts or any(layer.serves is not None for layer in layers):
            yield from self._places(HostLayers(Layer(), {}), mistakes)

    def _places(self, host: HostLayers, mistakes: list[str]) -> Iterator[Rest]:
        mounts = sorted({*self._top.paths, *host.paths}, key=lambda mount: (mount.count("/"), mount))
        found = [self._place(host, mount) for mount in ("", *mounts)]
        serving = [mount for mount, serves, settings, _ in found if serves is not None or settings.chosen & ANSWERING]
        for place in found:
            mount = place[0]
            if any(f"{mount}/".startswith(f"{each}/") for each in serving) or (serving and not mount):
                yield place
            elif mount in host.paths or (mount and not self._hosts):
                layer = host.paths.get(mount) or self._top.paths[mount]
                mistakes.append(f"{layer.where}: serve: nothing is served at {mount}, nor around it; {_WRITE} {_HERE}")
        if not serving and not mistakes and host.layer.where:
            mistakes.append(f"{host.layer.where}: serve: nothing is served at this host; {_WRITE} {_HERE}")

    def _place(self, host: HostLayers, mount: str) -> Rest:
        layers = [*self._around(host, mount)]
        settings = self._settings
        for each in layers[1:]:
            settings = settings.beneath(each.chosen, each.origins)
        # What it serves itself: where it says nothing, what is served around it goes on with these settings.
        own = [paths[mount] for paths in (host.paths, self._top.paths) if mount in paths] if mount else layers[1::-1]
        serving = next((each for each in own if each.serves is not None), Layer())
        return mount, serving.serves, settings, serving.origin

    def _around(self, host: HostLayers, mount: str) -> Iterator[Layer]:
        # From the outermost on; the last of them is the place's own.
        yield self._top.layer
        yield host.layer
        names = mount.split("/")
        for length in range(2, len(names) + 1):
            prefix = "/".join(names[:length])
            yield from (paths[prefix] for paths in (self._top.paths, host.paths) if prefix in paths)

    def _given_away(self, place: Place) -> str:
        # A folder with the file itself in it would show whoever asks what is written there.
        if not isinstance(place.serves, Folder) or not os.path.isdir(place.serves.path) or not place.shows(self._file):
            return ""
        return (
            f"{place.origin}: serve: everybody could read {os.path.basename(self._file)}, which is in the folder that "
            f"is served; serve a folder within {place.serves.path!r}, or move the file and name it with --config"
        )
