"""Which files clients may send into a folder, by PUT or in a form; what becomes of their bytes is elsewhere."""

from __future__ import annotations

import os

from pellucid.apps.static.beneath import Root
from pellucid.apps.static.receiving import FormFiles, OneFile, Receiving, Refused, Sink, refuse, too_large
from pellucid.apps.static.representation import CODINGS
from pellucid.apps.static.rules import Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.semantics.multipart import Form, boundary_of
from pellucid.semantics.path import Route, canonical_path, servable
from pellucid.server.exchange import Exchange

LONGEST_NAME = 255

CONDITIONS = frozenset((b"if-match", b"if-unmodified-since"))


class Uploads:
    """The rules for files that are sent."""

    __slots__ = ("_most", "_replace", "_rules")

    def __init__(self, rules: Rules, settings: StaticSettings) -> None:
        self._rules = rules
        self._most = settings.upload_size
        self._replace = settings.upload_overwrite

    def take(self, exchange: Exchange, root: Root, route: Route) -> None:
        """Take what PUT or POST brings to a path beneath a root, and answer when it is there."""
        request = exchange.request
        take = self._put if request.method == "PUT" else self._post
        try:
            if self._rules.hidden((b"", *route.segments)):  # in /.well-known one shows whose site it is (RFC 8555 8.3)
                raise Refused(403, "nothing is taken beneath a name with a dot before it")
            if request.length is not None and request.length > self._most:
                raise too_large(self._most)
            sink = take(exchange, root, route)
        except (Refused, OSError) as error:
            refuse(exchange, error)
        else:
            Receiving(exchange, sink, self._most).begin()

    def _put(self, exchange: Exchange, root: Root, route: Route) -> Sink:
        fields = exchange.request.headers.index
        if not route.segments or route.folder or route.doubled:
            raise Refused(409, "PUT needs the path of a file")
        if b"content-range" in fields:
            raise Refused(400, "a part of a file cannot be written (RFC 9110 14.5)")
        if b"content-encoding" in fields:
            raise Refused(415, "files are taken as they are, without a content coding (RFC 9110 8.4)")
        if not CONDITIONS.isdisjoint(fields):
            raise Refused(412, "this condition cannot be judged, so nothing was written (RFC 9110 13.2)")
        *above, name = route.segments
        # With this condition a file is wanted only where there is none (RFC 9110 section 13.1.2).
        new = b"if-none-match" in fields
        place = exchange.mount + canonical_path(route.segments, folder=False)
        with root.walk() as walk:
            found = walk.look(above)
            if not found.folder:
                raise Refused(404, "there is no such folder")
            self._check(found.place[-1], name)
            return OneFile(found.place[-1], name, place, replace=self._replace, new=new)

    def _post(self, exchange: Exchange, root: Root, route: Route) -> Sink:
        headers = exchange.request.headers
        if foreign(exchange):
            raise Refused(403, "pages of other sites may not send files here")
        boundary = boundary_of(headers.get(b"content-type") or b"")
        if boundary is None:
            raise Refused(415, "POST takes a form with files (multipart/form-data), and PUT takes a file")
        place = exchange.mount + canonical_path(route.segments, folder=True)
        with root.walk() as walk:
            found = walk.look(route.segments)
            if not found.folder:
                raise Refused(409, "this is no folder")
            accept = headers.get(b"accept")
            fd = found.place[-1]
            return FormFiles(fd, Form(boundary), place, self._check, replace=self._replace, accept=accept)

    def _check(self, folder: int, name: bytes) -> None:
        plain = name and servable(name) and min(name) >= 32 and 127 not in name and len(name) <= LONGEST_NAME
        if not plain or self._rules.hidden((b"", name)):
            raise Refused(403, "a file cannot have such a name here")
        if not self._replace and _stands_for_another(folder, name):
            raise Refused(409, "this would be sent in the place of a file that is there already")


def foreign(exchange: Exchange) -> bool:
    """Whether a page of another site has brought this about. A browser tells; whatever else asks acts for nobody."""
    headers = exchange.request.headers
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2].lower() != exchange.request.authority.lower()


def _stands_for_another(folder: int, name: bytes) -> bool:
    # page.html.br is what clients get who ask for page.html.
    for coding in CODINGS:
        if name.endswith(coding.ending):
            try:
                os.stat(name.removesuffix(coding.ending) or b".", dir_fd=folder, follow_symlinks=False)
            except OSError:
                return False
            return True
    return False
