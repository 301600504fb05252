"""What is in a folder, and the answer that shows it; of requests it knows what chooses the form, of files the names."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

from pellucid.apps.static.beneath import Found, Walk, open_folder
from pellucid.apps.static.listing import (
    CONTENT_SECURITY_POLICY,
    Item,
    parse_sort,
    render_html,
    render_json,
    render_text,
)
from pellucid.apps.static.refusals import HTML
from pellucid.apps.static.representation import NOSNIFF
from pellucid.message import Field, Headers, Response
from pellucid.semantics.media import TEXT
from pellucid.semantics.negotiation import choose_type
from pellucid.semantics.path import servable

# Text last: whoever takes anything gets the page.
_FORMS = {b"text/html": HTML, b"application/json": b"application/json", b"text/plain": TEXT}


def collect(walk: Walk, found: Found, *, dot_files: bool, most: int) -> list[Item]:
    """At most so many entries of a folder (0: all): only what would be served, links seen as what they lead to."""
    items: list[Item] = []
    fd = open_folder(found)
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                if most and len(items) == most:
                    break
                name = os.fsencode(entry.name)
                if servable(name) and (dot_files or not name.startswith(b".")):
                    item = _item(walk, found, name, entry, fd)
                    if item is not None:
                        items.append(item)
    finally:
        os.close(fd)
    return items


def show(path: bytes, items: list[Item], query: bytes, accept: bytes | None) -> tuple[Response, bytes]:
    """The listing in the form that the client prefers, with a tag of what it shows."""
    form = choose_type(accept, tuple(_FORMS)) or b"text/html"
    fields: list[Field] = [
        (b"content-type", _FORMS[form]),
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept"),
        NOSNIFF,
    ]
    if form == b"application/json":
        body = render_json(path, items)
    elif form == b"text/plain":
        body = render_text(path, items)
    else:
        body = render_html(path, items, *parse_sort(query))
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
    except OSError:
        # Gone by now, or a link that leads nowhere or out of the root.
        return None
    modified = status.st_mtime_ns // 1_000_000_000
    if stat.S_ISDIR(status.st_mode):
        return Item(name, "folder", None, modified) if os.access(name, os.X_OK, dir_fd=fd) else None
    if stat.S_ISREG(status.st_mode) and os.access(name, os.R_OK, dir_fd=fd):
        return Item(name, "file", status.st_size, modified)
    return None
