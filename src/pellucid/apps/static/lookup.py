"""From a path to what answers it: a file with its variants, a folder, or another path; it looks and answers nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.apps.static.beneath import EXHAUSTED, Found, Place, Walk, readable
from pellucid.apps.static.entries import Check, Entry
from pellucid.apps.static.representation import CODINGS, NOSNIFF, PLAIN, Coding, Representation
from pellucid.apps.static.rules import Names, Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.message import Field
from pellucid.piece import identify
from pellucid.semantics.media import compressible
from pellucid.semantics.path import Route


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The path is better said with or without its last slash."""

    folder: bool
    names: Names


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file, its path from the root, the folder in which its variants stand, and whether another could come first.

    `dangling`: a link that would come first is in that folder, and leads to no file for now.
    """

    found: Found
    names: Names
    folder: Found
    preferred: bool
    dangling: bool = False


def find(walk: Walk, route: Route, rules: Rules, settings: StaticSettings) -> ServedFile | Found | Elsewhere:
    """What a path means: a file, a folder to be listed, or another path. OSError as `Walk.look` where it is nothing."""
    names = route.segments
    try:
        parent = _folder(walk, names[:-1])
        found = walk.look(names[-1:], parent.place)
    except OSError as error:
        if not settings.clean_urls or not names or error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
        return _page(walk, route)
    if not found.folder:
        return Elsewhere(False, names) if route.folder else ServedFile(found, names, parent, False)
    if not route.folder:
        # `about` may be a folder and about.html the page above it; the slash then says which one is meant.
        return Elsewhere(True, names)
    dangling = False
    for name in rules.index:
        index = _file(walk, name, found.place)
        if index is not None:
            return ServedFile(index, (*names, name), found, True, dangling)
        dangling = dangling or _is_there(name, found.place)
    return found


def _folder(walk: Walk, names: Names) -> Found:
    found = walk.look(names)
    if not found.folder:
        raise NotADirectoryError(errno.ENOTDIR, "a file has no names beneath it")
    return found


def _page(walk: Walk, route: Route) -> ServedFile | Elsewhere:
    """The page of a path that leaves its ending out."""
    parent = _folder(walk, route.segments[:-1])
    names = (*route.segments[:-1], route.segments[-1] + b".html")
    page = walk.look(names[-1:], parent.place)
    if page.folder:
        raise FileNotFoundError(errno.ENOENT, "a folder is no page")
    if route.folder:
        return Elsewhere(False, route.segments)
    return ServedFile(page, names, parent, True, _is_there(route.segments[-1], parent.place))


def check_pages(walk: Walk, rules: Rules, settings: StaticSettings) -> None:
    """ValueError if a page that the settings name is not there: whoever has misspelt it should hear of it at once."""
    named = [("spa", rules.spa)] if rules.spa else []
    named += [("error-page", rules.error_pages[status]) for status in rules.own_pages]
    for option, names in named:
        file = b"/".join(names).decode(errors="backslashreplace")
        try:
            found = walk.look(names)
        except OSError as error:
            raise ValueError(f"{option}: there is no file {file!r} in the folder that is served") from error
        if found.folder:
            raise ValueError(f"{option}: {file!r} is a folder: name the file in it")


def make_entry(
    walk: Walk, file: ServedFile, rules: Rules, settings: StaticSettings, vary: Sequence[bytes], now: float, wall: float
) -> Entry:
    """The entry of a file, with the variants beside it. `now` is the loop's clock, `wall` the one of the files.

    PermissionError if the file may not be read: the answer is then neither a 304 nor any other that tells of it.
    """
    if not readable(file.found):
        raise PermissionError(errno.EACCES, "the file may not be read")
    content_type = rules.media_type(file.names[-1])
    # Where strangers send files, nobody knows whether page.html.br was made of page.html.
    looks = settings.precompressed and not settings.upload and compressible(content_type)
    good, bad, dangling = _variants(walk, file) if looks else ([], [], False)
    varies = [*([b"Accept-Encoding"] if good else []), *vary]
    fields: list[Field] = [
        (b"content-type", content_type),
        (b"cache-control", rules.cache_control(file.names, content_type)),
        NOSNIFF,
        (b"accept-ranges", b"bytes" if settings.ranges else b"none"),
    ]
    if varies:
        fields.append((b"vary", b", ".join(varies)))
    path = b"/".join(file.names)
    plain = Representation(path, file.found.stat, PLAIN, fields, wall)
    others = tuple(Representation(path + coding.ending, found.stat, coding, fields, wall) for coding, found in good)
    conditions: list[Check] = [(path + coding.ending, identify(found.stat)) for coding, found in bad]
    if looks or file.preferred:
        conditions.append((b"/".join(file.names[:-1]) or b".", identify(file.folder.stat)))
    return Entry(plain, others, tuple(conditions), now, wall, dangling=file.dangling or dangling)


_Variants = list[tuple[Coding, Found]]


def _variants(walk: Walk, file: ServedFile) -> tuple[_Variants, _Variants, bool]:
    """The variants of a file that are good, those that are not and could become so, and whether a link dangles."""
    good: _Variants = []
    bad: _Variants = []
    dangling = False
    for coding in CODINGS:
        name = file.names[-1] + coding.ending
        found = _file(walk, name, file.folder.place)
        if found is None:
            dangling = dangling or _is_there(name, file.folder.place)
            continue
        # One that is older than its original was forgotten; one that is not smaller, or is locked, is of no use.
        fit = (
            readable(found)
            and found.stat.st_mtime_ns >= file.found.stat.st_mtime_ns
            and found.stat.st_size < file.found.stat.st_size
        )
        (good if fit else bad).append((coding, found))
    return good, bad, dangling


def _file(walk: Walk, name: bytes, place: Place) -> Found | None:
    try:
        found = walk.look((name,), place)
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        return None
    return None if found.folder else found


def _is_there(name: bytes, place: Place) -> bool:
    """Whether a folder has this name, whatever it leads to."""
    try:
        os.stat(name, dir_fd=place[-1], follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True
