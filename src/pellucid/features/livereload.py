"""For development: pages that are open in a browser reload themselves once the server has begun anew.

Each page gets a script at its end, with the moment at which it was made. The script listens to a stream of events that
tells when the process behind it began: a page that was made before that is old. So no process has to know of another
one, and whichever of several workers answers, a page is reloaded once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pellucid.features.feature import Feature
from pellucid.message import End, Field, Headers, Request, Response
from pellucid.piece import Body, Piece, Source
from pellucid.server.events import EventStream
from pellucid.server.exchange import Exchange
from pellucid.setting import setting

SCRIPT_PATH = b"/-/reload.js"
STREAM_PATH = b"/-/reload"

RETRY = 200
"""After how many milliseconds a browser looks whether the server is back."""

SCRIPT = b"""\
// This page reloads itself once the server has begun anew since the page was made.
(() => {
  "use strict";
  const made = Number(new URL(document.currentScript.src).search.slice(1));
  let stream = null;
  function listen() {
    stream?.close();
    stream = null;
    // A browser keeps few connections to a server: a page that nobody sees needs none, and catches up when it is seen.
    if (document.hidden) return;
    stream = new EventSource("/-/reload");
    stream.onmessage = event => {
      if (Number(event.data) <= made) return;
      stream.close();
      location.reload();
    };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
    };
  }
  document.addEventListener("visibilitychange", listen);
  listen();
})();
"""

# A page is made anew each time, and what is said of it does not hold for one with a script at its end.
OUTDATED = frozenset(
    b"accept-ranges cache-control content-digest content-md5 digest etag expires last-modified repr-digest".split()
)
NEVER_KEPT: Field = (b"cache-control", b"no-store")

SCRIPT_FIELDS = Headers(
    [(b"content-type", b"text/javascript; charset=utf-8"), NEVER_KEPT, (b"x-content-type-options", b"nosniff")]
)

UNHEARD = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"if-range", b"range")
"""What is not asked of the app where somebody goes to a page: it is to come whole, and in plain text."""

WITHOUT_BODY = (204, 205, 206, 304)
"""These have no body, or only a part of one (RFC 9110 section 15)."""


@dataclass(frozen=True, slots=True)
class LiveReloadSettings:
    """Pages that reload themselves."""

    reload_browser: bool = setting(
        False,
        "For development: as reload, where the files of mounted folders matter too, and pages that are open in a "
        "browser reload themselves after a change. They get a script at their end for it, and no browser keeps them.",
    )


def livereload_feature(settings: LiveReloadSettings, clock: Callable[[], float] = time.monotonic) -> Feature | None:
    """The feature that puts the script into pages, and answers for it and for its stream. The clock is one for all
    processes of the machine, as the monotonic one is.
    """
    if not settings.reload_browser:
        return None
    began = _microseconds(clock())

    def ask(exchange: Exchange) -> None:
        request = exchange.request
        if request.method not in ("GET", "HEAD"):
            return
        if request.path == SCRIPT_PATH:
            exchange.respond(Response(200, SCRIPT_FIELDS), SCRIPT)
        elif request.path == STREAM_PATH:
            # It stays open until one of both sides leaves: then a browser comes again, and hears of the next process.
            # Nothing else is sent meanwhile, as a browser comes again after any other end too.
            EventStream(exchange, heartbeat=0, retry=RETRY).send(str(began))
        elif goes_to_page(request):
            # A browser may have kept the page from before, and would be told that it has not changed.
            request.headers = request.headers.without(*UNHEARD)

    def answer(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        request = exchange.request
        if not (goes_to_page(request) and is_page(response)):
            return response, body
        return append(request, response, body, b'<script src="/-/reload.js?%d"></script>\n' % _microseconds(clock()))

    return Feature(ask, answer)


def goes_to_page(request: Request) -> bool:
    """Whether somebody goes to a page in a window. A part of a page that a script fetches gets no script of ours, nor
    does what a form was answered with, which a browser would not reload without asking.
    """
    if request.method not in ("GET", "HEAD"):
        return False
    headers = request.headers.index
    # Browsers tell it where the connection is safe, or the machine their own (Fetch Metadata Request Headers).
    into = headers.get(b"sec-fetch-dest")
    return into == b"document" if into is not None else b"text/html" in headers.get(b"accept", b"").lower()


def is_page(response: Response) -> bool:
    """Whether an answer is a whole HTML page, in bytes at whose end ASCII can stand."""
    headers = response.headers.index
    content_type = headers.get(b"content-type", b"").lower()
    return (
        content_type.partition(b";")[0].strip() == b"text/html"
        and b"utf-16" not in content_type
        and b"utf-32" not in content_type
        and headers.get(b"content-encoding", b"identity").lower() == b"identity"
        and response.status >= 200
        and response.status not in WITHOUT_BODY
    )


def append(request: Request, response: Response, body: Body, tail: bytes) -> tuple[Response, Body]:
    """The answer with this at the end of its body, and a head for it."""
    declared = response.headers.get(b"content-length")
    empty = not body if isinstance(body, bytes) else body.length == 0
    if empty and (request.method != "HEAD" or declared in (None, b"0")):
        return response, body
    changed = Response(response.status, Headers(_changed(request, response.headers, len(tail))))
    if isinstance(body, bytes):
        return changed, body + tail if body else body  # under HEAD an app may leave it out
    return changed, Appended(body, tail)


def permit(policy: bytes, script: bytes, stream: bytes) -> bytes:
    """A Content-Security-Policy that allows these two sources besides all that it allows already (CSP 3 section 6.7).

    One with 'strict-dynamic' asks for more than a source; where that stands, no script of ours runs.
    """
    return b", ".join(_permit(each, script, stream) for each in policy.split(b","))


class Appended:
    """A source with some bytes at its end."""

    __slots__ = ("_end", "_source", "_tail", "length")

    def __init__(self, source: Source, tail: bytes) -> None:
        self._source = source
        self._tail = tail
        self._end: End | None = None
        self.length = None if source.length is None else source.length + len(tail)

    def pull(self, limit: int) -> Piece | End | None:
        """What the source gives, and behind it the bytes."""
        if self._end is None:
            piece = self._source.pull(limit)
            if not isinstance(piece, End):
                return piece
            self._end = piece
        if not self._tail:
            return self._end
        part, self._tail = self._tail[:limit], self._tail[limit:]
        return part

    def close(self) -> None:
        """As the source."""
        self._source.close()


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _changed(request: Request, headers: Headers, more: int) -> Iterable[Field]:
    script, stream = _source_of(request, SCRIPT_PATH), _source_of(request, STREAM_PATH)
    for name, value in headers.fields:
        if name == b"content-length" and value.isdigit():
            yield name, b"%d" % (int(value) + more)
        elif name == b"content-security-policy":
            yield name, permit(value, script, stream)
        elif name not in OUTDATED:
            yield name, value
    yield NEVER_KEPT


# What a policy can name: there is no IPv6 address among it (CSP 3 section 2.3.1).
_NAMEABLE = re.compile(rb"[A-Za-z0-9.-]+(?::[0-9]+)?")


def _source_of(request: Request, path: bytes) -> bytes:
    # As narrow as can be: what would not run in production must not run here either.
    if _NAMEABLE.fullmatch(request.authority):
        return b"%b://%b%b" % (request.scheme, request.authority, path)
    return b"'self'"


def _permit(policy: bytes, script: bytes, stream: bytes) -> bytes:
    directives = [words for part in policy.split(b";") if (words := part.split())]
    for source, names in (
        (script, (b"script-src-elem", b"script-src", b"default-src")),
        (stream, (b"connect-src", b"default-src")),
    ):
        # The first directive of a name counts, and what stands nearest to the thing.
        found = next((words for name in names for words in directives if words[0].lower() == name), None)
        if found is None:
            continue  # nothing forbids it
        sources = [word for word in found[1:] if word.lower() != b"'none'"]
        if found[0].lower() == b"default-src":
            directives.append([names[-2], *sources, source])
        else:
            found[1:] = [*sources, source]
    return b"; ".join(b" ".join(words) for words in directives)
