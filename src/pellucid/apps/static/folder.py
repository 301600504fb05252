"""What is in a folder, and the answer that shows it; of requests it knows what chooses the form, of files the names."""

from __future__ import annotations

import heapq
import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from pellucid.apps.static.beneath import EXHAUSTED, Found, Walk, open_folder
from pellucid.apps.static.errors import HTML
from pellucid.apps.static.listing import (
    CONTENT_SECURITY_POLICY,
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


# In a folder above its limit, so many names for each one shown are put in order. A listing is made while all others
# wait: what the limit bounds must not grow with the folder.
NAMES_FOR_EACH = 3


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds, and whether it holds more than that."""

    items: list[Item]
    truncated: bool


def read_folder(walk: Walk, found: Found, *, dot_files: bool, most: int) -> Contents:
    """At most so many entries of a folder (0: all): only what would be served, links seen as what they lead to.

    Of more than `most` names the first are taken, in the order of `natural_order`; of more than NAMES_FOR_EACH times
    as many, the first of those that the file system tells first.
    """
    fd = open_folder(found)
    try:
        with os.scandir(fd) as entries:
            named = ((os.fsencode(entry.name), entry) for entry in entries)
            shown = ((name, entry) for name, entry in named if servable(name) and (dot_files or name[:1] != b"."))
            first = list(islice(shown, most * NAMES_FOR_EACH or None))
            truncated = 0 < most < len(first)
            if truncated:
                first = heapq.nsmallest(most, first, key=lambda pair: natural_order(pair[0]))
            items = [_item(walk, found, name, entry, fd) for name, entry in first]
    finally:
        os.close(fd)
    return Contents([item for item in items if item is not None], truncated)


def show(path: bytes, contents: Contents, query: bytes, accept: bytes | None) -> tuple[Response, bytes]:
    """The listing in the form that the client prefers, with a tag of what it shows."""
    form = choose_type(accept, tuple(_FORMS)) or b"text/html"
    fields: list[Field] = [
        (b"content-type", _FORMS[form]),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept"),
        NOSNIFF,
    ]
    if form == b"application/json":
        body = render_json(path, contents.items, truncated=contents.truncated)
    elif form == b"text/plain":
        body = render_text(path, contents.items, truncated=contents.truncated)
    else:
        body = render_html(path, contents.items, *parse_sort(query), truncated=contents.truncated)
        fields.append((b"content-security-policy", CONTENT_SECURITY_POLICY))
    fields.append((b"etag", b'"%b"' % blake2b(body, digest_size=12).hexdigest().encode()))
    return Response(200, Headers(fields)), body


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
