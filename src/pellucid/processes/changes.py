"""What a change is: which files of a folder matter, and what differs between two looks at them. It touches no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

NEVER_ENTERED = frozenset(("__pycache__", "node_modules", "site-packages", "dist-packages"))
"""Folders of what is installed or made; so are all whose names begin with a dot."""

NEVER_TAKEN = ("*~", "#*#", "*.tmp", "4913")
"""What editors leave for a moment beside the file that they write; 4913 is how vim tries whether it may."""

Mark = tuple[int, ...]
"""What must differ if a file's content does."""


@dataclass(frozen=True, slots=True)
class Area:
    """A folder, and the globs that say which of the files beneath it matter."""

    folder: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def enters(self, path: str) -> bool:
        """Whether the folder at this path, relative to the area's, is looked into."""
        name = path.rpartition("/")[2]
        return not (name.startswith(".") or name in NEVER_ENTERED or _any(self.exclude, path))

    def takes(self, path: str) -> bool:
        """Whether the file at this path, relative to the area's folder, matters; the folders above it aside."""
        return _any(self.include, path) and not _any(NEVER_TAKEN, path) and not _any(self.exclude, path)

    def takes_wholly(self, path: str) -> bool:
        """Whether the file at this path matters, and all the folders above it are looked into."""
        names = path.split("/")
        above = ("/".join(names[:depth]) for depth in range(1, len(names)))
        return self.takes(path) and all(map(self.enters, above))


def matches(glob: str, path: str) -> bool:
    """Whether a glob means a path: one without a slash means names anywhere, one with a slash the path from the folder
    on, where * stands for slashes too. As in a shell, * stands for no dot at the beginning of a name.
    """
    glob = glob.strip("/")
    name = path.rpartition("/")[2]
    if name.startswith(".") and not glob.rpartition("/")[2].startswith("."):
        return False
    if "/" not in glob:
        return fnmatchcase(name, glob)
    return fnmatchcase(path, glob) or (glob.startswith("**/") and matches(glob[3:], path))


def changed_paths(before: Mapping[str, Mark], after: Mapping[str, Mark]) -> list[str]:
    """What has come, gone or become another between two looks, in order."""
    if before == after:
        return []
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def spell_changes(paths: Sequence[str], here: str) -> str:
    """A few words for a person: the first path, from `here` on if it is beneath it, and how many more there are."""
    first = paths[0].removeprefix(here.rstrip("/") + "/")
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return "".join(letter if letter.isprintable() else "?" for letter in first) + more


def merged(areas: Sequence[Area]) -> tuple[Area, ...]:
    """The areas with those of one folder put together."""
    by_folder: dict[str, Area] = {}
    for area in areas:
        known = by_folder.get(area.folder, area)
        include = tuple(dict.fromkeys(known.include + area.include))
        by_folder[area.folder] = Area(area.folder, include, tuple(dict.fromkeys(known.exclude + area.exclude)))
    return tuple(by_folder.values())


def _any(globs: Sequence[str], path: str) -> bool:
    return any(matches(glob, path) for glob in globs)
