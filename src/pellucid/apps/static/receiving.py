"""The body of a request on its way into files, and the answer when they are there; it knows no rule about either."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote_from_bytes

from pellucid.apps.static.landing import Landing
from pellucid.apps.static.representation import NOSNIFF
from pellucid.message import End, Headers, Response
from pellucid.semantics.multipart import BrokenForm, Form, Part
from pellucid.semantics.negotiation import choose_type
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal


class Refused(Exception):
    """What is sent is not taken: the status to answer with, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Sink(Protocol):
    """Where the bytes of a body go."""

    def take(self, data: bytes) -> None:
        """Some more. Raises Refused, BrokenForm and OSError, as the next one does."""

    def finish(self) -> tuple[Response, bytes]:
        """That was all: the answer."""

    def discard(self) -> None:
        """It comes to nothing. What was whole before that stays."""


class Receiving:
    """The body of one request, of which `most` bytes are taken at the most."""

    __slots__ = ("_count", "_exchange", "_most", "_sink")

    def __init__(self, exchange: Exchange, sink: Sink, most: int) -> None:
        self._exchange = exchange
        self._sink = sink
        self._most = most
        self._count = 0

    def begin(self) -> None:
        """Take what is there, and then what comes."""
        self._exchange.on_body = self._read
        self._exchange.on_gone = self._sink.discard
        self._read()

    def _read(self) -> None:
        exchange = self._exchange
        try:
            while (data := exchange.read()) is not None:
                if not data:
                    answer = self._sink.finish()
                    self._leave()
                    exchange.respond(*answer)
                    return
                self._count += len(data)
                if self._count > self._most:
                    raise too_large(self._most)
                self._sink.take(data)
        except (Refused, BrokenForm, OSError) as error:
            self._leave()
            self._sink.discard()
            refuse(exchange, error)

    def _leave(self) -> None:
        del self._exchange.on_body, self._exchange.on_gone


class OneFile:
    """The body is the file."""

    __slots__ = ("_landing", "_name", "_new", "_place", "_replace")

    def __init__(self, folder: int, name: bytes, place: bytes, *, replace: bool, new: bool) -> None:
        """Into the folder of this descriptor; `place` is where it can be had then. `new` says that the client wants it
        only where there is none. OSError as Landing.
        """
        self._new = new
        self._landing: Landing | None = Landing(folder)
        self._name = name
        self._place = place
        self._replace = replace and not new

    def take(self, data: bytes) -> None:
        """Some more of the file."""
        assert self._landing is not None
        self._landing.write(data)

    def finish(self) -> tuple[Response, bytes]:
        """201 for a new one, and 204 for one that takes another's place (RFC 9110 section 9.3.4)."""
        landing, self._landing = self._landing, None
        assert landing is not None
        try:
            stood = landing.publish(self._name, replace=self._replace)
        except FileExistsError:
            if self._new:
                raise Refused(412, "there is something of this name already (RFC 9110 13.1.2)") from None
            raise
        if stood:
            return Response(204, Headers([NOSNIFF])), b""
        return refusal(201, "", (b"location", self._place))

    def discard(self) -> None:
        """It does not come to be."""
        landing, self._landing = self._landing, None
        if landing is not None:
            landing.discard()


class FormFiles:
    """The body is a form with files. Each is there as soon as it is whole, whatever becomes of those behind it."""

    __slots__ = ("_accept", "_check", "_done", "_folder", "_form", "_landing", "_name", "_place", "_replace")

    def __init__(
        self,
        folder: int,
        form: Form,
        place: bytes,
        check: Callable[[int, bytes], None],
        *,
        replace: bool,
        accept: bytes | None,
    ) -> None:
        """Into the folder of this descriptor, which can be seen at `place`. `check` raises Refused for a name that a
        file cannot have in it.
        """
        self._folder = os.dup(folder)
        self._form = form
        self._place = place
        self._check = check
        self._replace = replace
        self._accept = accept
        self._landing: Landing | None = None
        self._name = b""
        self._done: list[bytes] = []

    def take(self, data: bytes) -> None:
        """Some more of the form."""
        for event in self._form.feed(data):
            if isinstance(event, Part):
                self._begin(event)
            elif self._landing is None:
                pass  # of a field that is no file
            elif isinstance(event, End):
                landing, self._landing = self._landing, None
                landing.publish(self._name, replace=self._replace)
                self._done.append(self._name)
            else:
                self._landing.write(event)

    def finish(self) -> tuple[Response, bytes]:
        """A person is shown the folder, a program is told the files."""
        if not self._form.finished:
            raise BrokenForm("the form has no end (RFC 2046 5.1.1)")
        if not self._done:
            raise Refused(400, "the form has no file")
        self.discard()
        if choose_type(self._accept, (b"application/json", b"text/html")) == b"text/html":
            return Response(303, Headers([(b"location", self._place), NOSNIFF])), b""
        names = [
            {"name": name.decode("utf-8", "replace"), "href": f"./{quote_from_bytes(name, safe='')}"}
            for name in self._done
        ]
        fields = [(b"content-type", b"application/json"), (b"location", self._place), NOSNIFF]
        return Response(201, Headers(fields)), json.dumps({"items": names}).encode() + b"\n"

    def discard(self) -> None:
        """No more of it."""
        landing, self._landing = self._landing, None
        if landing is not None:
            landing.discard()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _begin(self, part: Part) -> None:
        if part.file:  # empty where no file was chosen
            self._name = part.file.replace(b"\\", b"/").rpartition(b"/")[2]  # some clients tell a whole path
            self._check(self._folder, self._name)
            self._landing = Landing(self._folder)


def refuse(exchange: Exchange, error: Refused | BrokenForm | OSError) -> None:
    """Answer why it was not taken. An error of the machine that has no name here is raised."""
    if isinstance(error, Refused):
        status, why = error.status, str(error)
    elif isinstance(error, BrokenForm):
        status, why = 400, str(error)
    elif error.errno in _STATUS:
        status, why = _STATUS[error.errno]
    else:
        raise error
    exchange.why = exchange.why or why
    exchange.respond(*refusal(status, why))


def too_large(most: int) -> Refused:
    """More than is taken."""
    return Refused(413, f"at most {most:,} bytes are taken here at once (upload-size)")


_NO_PLACE = 404, "there is no such folder"
_NOT_ALLOWED = 403, "the server may not write here"
_NO_ROOM = 507, "there is no room for this"
_BUSY = 503, "the server cannot open a file at the moment"

_STATUS: dict[int | None, tuple[int, str]] = {
    errno.EEXIST: (409, "there is something of this name already"),
    errno.EISDIR: (409, "there is a folder of this name"),
    errno.ENOENT: _NO_PLACE,
    errno.ENOTDIR: _NO_PLACE,
    errno.ELOOP: _NO_PLACE,
    errno.EINVAL: _NO_PLACE,
    errno.EILSEQ: _NO_PLACE,
    errno.ENAMETOOLONG: (400, "this name is too long"),
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EROFS: _NOT_ALLOWED,
    errno.EFBIG: (413, "the file system takes no file of this size"),
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EMFILE: _BUSY,
    errno.ENFILE: _BUSY,
}
