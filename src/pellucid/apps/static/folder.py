"""What is in a folder, and the answer that shows it; of requests it knows what chooses the form, of files the names."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from pellucid.apps.static.beneath import EXHAUSTED, Found, Walk, open_folder
from pellucid.apps.static.errors import HTML
from pellucid.apps.static.listing import (
    CONTENT_SECURITY_POLICY,
    NOTHING,
    Below,
    Extent,
    Item,
    natural_order,
    parse_sort,
    render_html,
    render_json,
    render_text,
)
from pellucid.apps.static.representation import NOSNIFF
from pellucid.message import Field, Headers, Response
from pellucid.semantics.media import TEXT
from pellucid.semantics.negotiation import choose_type
from pellucid.semantics.path import servable

# Text last: whoever takes anything gets the page.
_FORMS = {b"text/html": HTML, b"application/json": b"application/json", b"text/plain": TEXT}

# So many names of a folder are read and put in order, or as many as are to be shown. A listing is made while all others
# wait, so what the limit bounds must not grow with the folder without end.
MOST_NAMES = 50_000


Named = tuple[bytes, "os.DirEntry[str]"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds, and how much of it this is."""

    items: list[Item]
    extent: Extent = Extent.WHOLE


def read_folder(walk: Walk, found: Found, *, dot_files: bool, most: int) -> Contents:
    """At most so many entries of a folder (0: all): only what would be served, links seen as what they lead to.

    Of more than `most` names the first are taken, folders before files, in the order of `natural_order`; of more than
    MOST_NAMES, the first of those that the file system tells first. Only what is taken is looked at.
    """
    fd = open_folder(found)
    try:
        bound = max(most, MOST_NAMES) if most else None
        with os.scandir(fd) as scanned:
            entries = [*islice(scanned, bound)]
            extent = Extent.WHOLE if next(scanned, None) is None else Extent.SOME
        shown = [pair for entry in entries if _shown(pair := (os.fsencode(entry.name), entry), dot_files)]
        if 0 < most < len(shown):
            extent = extent if extent is Extent.SOME else Extent.FIRST
            shown = _first(shown, most)
        items = [_item(walk, found, name, entry, fd) for name, entry in shown]
    finally:
        os.close(fd)
    return Contents([item for item in items if item is not None], extent)


def show(
    path: bytes,
    contents: Contents,
    query: bytes,
    accept: bytes | None,
    mount: bytes = b"",
    below: Below = NOTHING,
    policy: bytes = CONTENT_SECURITY_POLICY,
) -> tuple[Response, bytes]:
    """The listing in the form that the client prefers, with a tag of what it shows. The path is that beneath the mount,
    which is decoded as the path is. With something `below` goes a policy that allows it.
    """
    form = choose_type(accept, tuple(_FORMS)) or b"text/html"
    fields: list[Field] = [
        (b"content-type", _FORMS[form]),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept"),
        NOSNIFF,
    ]
    if form == b"application/json":
        body = render_json(mount + path, contents.items, contents.extent)
    elif form == b"text/plain":
        body = render_text(mount + path, contents.items, contents.extent)
    else:
        body = render_html(path, contents.items, *parse_sort(query), contents.extent, mount, below)
        fields.append((b"content-security-policy", policy))
    fields.append((b"etag", b'"%b"' % blake2b(body, digest_size=12).hexdigest().encode()))
    return Response(200, Headers(fields)), body


def _shown(pair: Named, dot_files: bool) -> bool:
    name = pair[0]
    return servable(name) and (dot_files or name[:1] != b".")


def _first(pairs: list[Named], most: int) -> list[Named]:
    # By the kind that the entry itself tells: to look at each file, and where each link leads, would take too long.
    folders = [pair for pair in pairs if pair[1].is_dir(follow_symlinks=False)]
    first = _by_name(folders)[:most]
    if len(first) < most:
        files = [pair for pair in pairs if not pair[1].is_dir(follow_symlinks=False)]
        first += _by_name(files)[: most - len(first)]
    return first


def _by_name(pairs: list[Named]) -> list[Named]:
    # Sorted by keys that are made before, so that no code of ours runs for each comparison.
    keys = natural_order([name for name, _ in pairs])
    return [pairs[place] for place in sorted(range(len(pairs)), key=keys.__getitem__)]


def _item(walk: Walk, found: Found, name: bytes, entry: os.DirEntry[str], fd: int) -> Item | None:
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            # A branch, since a walk holds all folders that it passed.
            with walk.branch() as branch:
                status = branch.look((name,), found.place).stat
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        # Gone by now, or a link that leads nowhere or out of the root.
        return None
    modified = status.st_mtime_ns // 1_000_000_000
    if stat.S_ISDIR(status.st_mode):
        return Item(name, "folder", None, modified) if os.access(name, os.X_OK, dir_fd=fd) else None
    if stat.S_ISREG(status.st_mode) and os.access(name, os.R_OK, dir_fd=fd):
        return Item(name, "file", status.st_size, modified)
    return None
