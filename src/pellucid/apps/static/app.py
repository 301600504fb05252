"""The app that serves a folder: it asks the other parts in their order and answers; the rules are theirs."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_to_bytes

from pellucid.apps.static.answers import CONDITIONAL_OR_RANGE, Refuse, answer_file, answer_made
from pellucid.apps.static.beneath import Root
from pellucid.apps.static.entries import Entries, Entry
from pellucid.apps.static.errors import ALLOW, ALLOW_UPLOADS, error_answer, options, redirect
from pellucid.apps.static.folder import Contents, read_folder, show
from pellucid.apps.static.lookup import Elsewhere, ServedFile, check_pages, find, make_entry
from pellucid.apps.static.representation import SMALL, Representation
from pellucid.apps.static.rules import Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.apps.static.uploadform import FORM, POLICY
from pellucid.apps.static.uploads import Uploads
from pellucid.errors import FileChanged
from pellucid.message import Field, Response
from pellucid.piece import Body
from pellucid.semantics.negotiation import choose_type
from pellucid.semantics.path import Fault, Route, parse_path
from pellucid.server.exchange import Exchange

DEFAULTS = StaticSettings()

# The path of a mount alone: it has no slash, and the better way to say it has one.
BARE_MOUNT = Route((), True, True)

# How often the root's own path is looked at, in seconds.
ROOT_EVERY = 1.0

# A file that changes whenever it is looked at is given up after so many looks.
ATTEMPTS = 3


class Static:
    """Serves the files beneath a folder, and nothing else.

    OSError if the folder cannot be opened, ValueError if a setting is wrong or names a file that is not there. `clock`
    gives the seconds of the clock by which files are dated.
    """

    __slots__ = (
        "_allow",
        "_clock",
        "_entries",
        "_known",
        "_root",
        "_root_due",
        "_rules",
        "_settings",
        "_show",
        "_uploads",
    )

    def __init__(
        self, root: str | bytes, settings: StaticSettings = DEFAULTS, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._rules = Rules(settings)
        self._root = Root(os.fsencode(root))
        self._entries = Entries(settings.file_cache)
        self._known = self._entries.known
        self._root_due = 0.0
        self._clock = clock
        self._uploads = Uploads(self._rules, settings) if settings.upload else None
        self._allow = ALLOW_UPLOADS if settings.upload else ALLOW
        self._show = partial(show, below=FORM, policy=POLICY) if settings.upload else show
        try:
            with self._root.walk() as walk:
                check_pages(walk, self._rules, settings)
        except ValueError:
            self._root.close()
            raise

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request, at once."""
        request = exchange.request
        entry = self._known.get(request.path)
        if entry is not None and request.method == "GET":
            now = exchange.now
            fields = request.headers.index
            if (entry.checked == now or self._trusted(entry, now)) and fields.keys().isdisjoint(CONDITIONAL_OR_RANGE):
                chosen = entry.choose(fields.get(b"accept-encoding")) if entry.variants else entry.plain
                body = chosen.body
                if body is not None and (chosen.checked == now or chosen.stands(self._root.fd, now)):
                    exchange.respond(chosen.response, body)
                    return
        self._answer(exchange)

    def close(self) -> None:
        """Let go of the folder; answers that are being sent go on."""
        self._entries.clear()
        self._root.close()

    def _answer(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.method == "OPTIONS":
            exchange.respond(options(self._allow))
        elif request.method not in ("GET", "HEAD") and not (self._uploads and request.method in ("POST", "PUT")):
            self._refuse(exchange, 405, self._allow)
        else:
            try:
                self._go(exchange)
            except OSError as error:
                self._refuse(exchange, _status_of(error))

    def _go(self, exchange: Exchange) -> None:
        """Answer GET and HEAD, and take what is sent. OSError says why there is nothing to answer with."""
        request = exchange.request
        path = request.path[len(exchange.mount) :]
        # A mount without a slash behind it is the folder, as any other folder's name without one is.
        route = parse_path(path) if path or not exchange.mount else BARE_MOUNT
        if isinstance(route, Fault):
            self._refuse(exchange, route.value)
            return
        if self._rules.hidden(route.segments):
            self._refuse(exchange, 404)
            return
        if self._uploads is not None and request.method in ("POST", "PUT"):
            self._follow_root(exchange.now)
            self._uploads.take(exchange, self._root, route)
            return
        if route.doubled:
            exchange.respond(redirect(route.segments, folder=route.folder, query=request.query, mount=exchange.mount))
            return
        try:
            self._serve(exchange, request.path, route)
        except OSError as error:
            if _status_of(error) != 404 or not self._navigates(exchange):
                raise
            self._serve(exchange, b"spa:", Route(self._rules.spa, False, False), (b"Accept",))

    def _serve(self, exchange: Exchange, key: bytes, route: Route, vary: tuple[bytes, ...] = ()) -> None:
        request = exchange.request
        for _ in range(ATTEMPTS):
            found = self._find(key, route, vary, exchange.now)
            if isinstance(found, Elsewhere):
                location = redirect(found.names, folder=found.folder, query=request.query, mount=exchange.mount)
                exchange.respond(location)
                return
            if isinstance(found, Contents):
                accept = request.headers.get(b"accept")
                made = self._show(_shown(route), found, request.query, accept, _mount(exchange))
                self._give(exchange, answer_made(request, *made, int(self._clock())))
                return
            content = found.choose(request.headers.get(b"accept-encoding"))
            try:
                if content.stands(self._root.fd, exchange.now):
                    self._send(exchange, key, found, content)
                    return
            except FileChanged:
                pass
            self._entries.forget(key)
        raise FileChanged(errno.ESTALE, "the file does not rest")

    def _send(self, exchange: Exchange, key: bytes, entry: Entry, content: Representation) -> None:
        new = content.body is None
        root, most = self._root.fd, self._settings.ranges
        answer = answer_file(exchange.request, content, root, most, int(self._clock()))
        if new and content.body is not None:
            # It has become heavier.
            self._entries.keep(key, entry)
        self._give(exchange, answer)

    def _find(self, key: bytes, route: Route, vary: tuple[bytes, ...], now: float) -> Entry | Elsewhere | Contents:
        """The file at a path, from memory or by a walk, or the other path, or what the folder holds."""
        entry = self._known.get(key)
        if entry is not None and self._trusted(entry, now):
            return entry
        self._follow_root(now)
        with self._root.walk() as walk:
            found = find(walk, route, self._rules, self._settings)
            if isinstance(found, Elsewhere):
                return found
            if isinstance(found, ServedFile):
                entry = make_entry(walk, found, self._rules, self._settings, vary, now, self._clock())
                self._entries.keep(key, entry)
                return entry
            if not self._settings.listing or self._root.deleted:
                raise FileNotFoundError(errno.ENOENT, "there is no folder to show")
            return read_folder(walk, found, dot_files=self._settings.dot_files, most=self._settings.listing_limit)

    def _trusted(self, entry: Entry, now: float) -> bool:
        return not self._follow_root(now) and entry.stands(self._root.fd, now)

    def _follow_root(self, now: float) -> bool:
        """Go over to the folder that the root's path leads to now, if it is another, and forget all of the old one."""
        if now < self._root_due:
            return False
        self._root_due = now + ROOT_EVERY
        if not self._root.replaced():
            return False
        try:
            new = Root(self._root.path)
        except OSError:
            # Gone again, or there are no descriptors left: the next look will tell.
            return False
        self._root, old = new, self._root
        old.close()
        self._entries.clear()
        return True

    def _navigates(self, exchange: Exchange) -> bool:
        """Whether a person goes to a path, in an application with paths of its own: only then HTML is asked for.

        Whoever takes anything (curl, health checks, previews of links) may mean a page, if no extension ends the path.
        """
        accept = (exchange.request.headers.get(b"accept") or b"").lower()
        page = b"." not in exchange.request.path.rpartition(b"/")[2]
        return (
            bool(self._rules.spa)
            and (b"text/html" in accept or (page and b"*/*" in accept))
            and choose_type(accept, (b"text/html",)) is not None
        )

    def _give(self, exchange: Exchange, answer: tuple[Response, Body] | Refuse) -> None:
        if isinstance(answer, Refuse):
            self._refuse(exchange, answer.status, *answer.fields)
        else:
            exchange.respond(*answer)

    def _refuse(self, exchange: Exchange, status: int, *more: Field) -> None:
        page = self._page(status, exchange.now)
        # Plain text where others have pages for it.
        plain = page is None and exchange.error_pages is not None
        accept = None if plain else exchange.request.headers.get(b"accept")
        exchange.respond(*error_answer(status, accept, *more, page=page))

    def _page(self, status: int, now: float) -> tuple[bytes, bytes] | None:
        """The Content-Type and the bytes of the page for this status, None if there is none to be had."""
        names = self._rules.error_pages.get(status)
        if names is None:
            return None
        try:
            entry = self._find(b"page:%d" % status, Route(names, False, False), (), now)
            if isinstance(entry, Entry) and entry.plain.size <= SMALL:
                return entry.plain.content_type, entry.plain.read(self._root.fd)
        except OSError:
            pass
        return None


# What is wrong with a file, to what is said of it. An error that is not named is a fault of the machine: 500.
_STATUS = {
    errno.ENOENT: 404,
    errno.ENOTDIR: 404,
    errno.ENAMETOOLONG: 404,
    errno.ELOOP: 404,
    # Names that this file system cannot have, and a socket or a device that took the place of a file.
    errno.EINVAL: 404,
    errno.EILSEQ: 404,
    errno.ENXIO: 404,
    errno.EACCES: 403,
    errno.EPERM: 403,
    errno.EMFILE: 503,
    errno.ENFILE: 503,
    errno.ESTALE: 503,
}


def _status_of(error: OSError) -> int:
    status = _STATUS.get(error.errno or 0)
    if status is None:
        raise error
    return status


def _mount(exchange: Exchange) -> bytes:
    return unquote_to_bytes(exchange.mount)


def _shown(route: Route) -> bytes:
    return b"/" + b"".join(name + b"/" for name in route.segments)
