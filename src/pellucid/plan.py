"""What a server is to serve: hosts, the paths beneath them, and the settings in force at each; it opens nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pellucid.apps.static.settings import StaticSettings
from pellucid.loading.targets import Folder, Named, Target
from pellucid.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A host, a path and what is served there, with the settings that are in force there.

    The host is in ASCII lower case without a port, "*.example.com" for all names beneath it, and empty for whatever
    has no place of its own. The mount has no slash at its end, is percent-encoded, and empty for all paths. `serves` is
    None where the app of the place around it, the nearest of its host, is served with other settings; if there is none,
    the features of the place alone answer.
    """

    host: str
    mount: str
    serves: Folder | Named | None
    settings: Settings
    origin: str = ""
    """Where it was said what is served, in the words of a person."""

    def shows(self, file: str) -> bool:
        """Whether a file lies in the folder that is served here, where everybody could read it."""
        if not isinstance(self.serves, Folder):
            return False
        folder, file = os.path.realpath(self.serves.path), os.path.realpath(file)
        if os.path.commonpath((folder, file)) != folder:
            return False
        return self.settings[StaticSettings].dot_files or "/." not in file[len(folder) :]


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of the whole server, and the places of its site: no two of them of one host and one mount.

    An alias of a host has places of its own here; what they serve is equal, and made once. `file` is where it was
    read, empty where there was none.
    """

    settings: Settings
    places: tuple[Place, ...]
    file: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts, each once, in the order of the places; empty for the rest."""
        return tuple(dict.fromkeys(place.host for place in self.places))

    def changed(self, change: Callable[[Settings], Settings]) -> Plan:
        """The plan with this done to all settings; places that had the same have the same again."""
        before = {id(each): each for each in (self.settings, *(place.settings for place in self.places))}
        after = {identity: change(settings) for identity, settings in before.items()}
        places = tuple(replace(place, settings=after[id(place.settings)]) for place in self.places)
        return replace(self, settings=after[id(self.settings)], places=places)


def place_at(places: Iterable[Place], path: str) -> Place | None:
    """Of these places of one host the one that has this path: that with the longest mount; None if none has it."""
    around = [place for place in places if f"{path}/".startswith(f"{place.mount}/")]
    return max(around, key=lambda place: len(place.mount), default=None)


def plan_of(targets: Sequence[Target], settings: Settings) -> Plan:
    """A plan for whatever host is asked for, with the same settings everywhere."""
    return Plan(settings, tuple(Place("", target.mount, target.serves, settings) for target in targets))
