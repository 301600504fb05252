"""What a server is to serve: hosts, the paths beneath them, and the settings in force at each; it opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.loading.targets import Folder, Named
from pellucid.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A host, a path and what is served there, with the settings that are in force there.

    The host is in ASCII lower case without a port, "*.example.com" for all names beneath it, and empty for whatever
    has no place of its own. The mount has no slash at its end, is percent-encoded, and empty for all paths. `serves` is
    None where nothing is, and the features of the place alone answer.
    """

    host: str
    mount: str
    serves: Folder | Named | None
    settings: Settings


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
