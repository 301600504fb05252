"""What becomes of each answer that may be compressed. How it is coded, and by which rules, is in other files."""

from __future__ import annotations

from pellucid.features.compression.coded import MOST, Coded
from pellucid.features.compression.codings import Coding, codings_of
from pellucid.features.compression.rules import (
    WITHOUT_CONTENT,
    compressible,
    encoded,
    guessable,
    unchanged,
    varied,
)
from pellucid.features.compression.settings import CompressionSettings
from pellucid.features.feature import KEPT, ChangedHeaders
from pellucid.message import Headers, Request, Response
from pellucid.piece import Body, Portions, Source, close
from pellucid.semantics.negotiation import choose_coding
from pellucid.server.exchange import Exchange

STREAMS = 256
"""How many bodies may be on their way through encoders at once. One more is sent as it is, since each of them holds up
to half a megabyte for as long as its client takes to read.
"""

REMEMBERED = 4 << 20
"""How many bytes of bodies that come again are remembered, together with what was made of them."""


class Compression:
    """Compresses answers, in the loop's thread and never much of one at a time. `streams` counts those under way."""

    __slots__ = ("_codings", "_encoded", "_judge", "_judged", "_least", "_most", "_remembered", "_varied", "streams")

    def __init__(self, settings: CompressionSettings) -> None:
        codings = codings_of(settings.compress, settings.compress_level)
        self._codings = {coding.name: coding for coding in codings}
        self._encoded = {coding.name: ChangedHeaders(encoded(coding.name)) for coding in codings}
        self._varied = ChangedHeaders(varied)
        self._judge = compressible(settings.compress_types)
        self._judged: dict[int, tuple[Headers, bool]] = {}
        self._remembered = Remembered()
        self._least = settings.compress_min
        self._most = settings.compress_max
        self.streams = 0

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        """The answer as it goes to this client."""
        status, headers, request = response.status, response.headers, exchange.request
        if status == 304:
            close(body)  # of it there is the length alone, which is not that of what was compressed (RFC 9110 8.6)
            return Response(304, unchanged(request, headers)), b""
        if status < 200 or status in WITHOUT_CONTENT or request.method == "CONNECT" or not self._may_be(headers):
            return response, body
        size = size_of(request, headers, body)
        if size is not None and (size < self._least or size > self._most > 0):
            return response, body
        if isinstance(body, bytes) and size != len(body) and request.method != "HEAD":
            return response, body  # it is not what the app has said of it, and refused for that
        coding = self._coding_for(exchange)
        if coding is None:
            return Response(status, self._varied.of(headers)), body
        coded = Response(status, self._encoded[coding.name].of(headers))
        if request.method == "HEAD":  # as GET would be answered, less the length, which nobody knows (RFC 9110 9.3.2)
            close(body)
            return coded, b""
        if isinstance(body, bytes) and len(body) <= MOST:
            made = self._remembered.of(coding, body) if b"etag" in headers else coding.whole(body)
            return (coded, made) if len(made) < len(body) else (Response(status, self._varied.of(headers)), body)
        source = Portions(body) if isinstance(body, bytes) else body
        self.streams += 1
        return coded, Coded(source, coding.begin(), size, self._closed)

    def _may_be(self, headers: Headers) -> bool:
        # Remembered, as apps give the same fields again and again.
        judged = self._judged.get(id(headers))
        if judged is None:
            if len(self._judged) >= KEPT:
                self._judged.clear()
            judged = self._judged[id(headers)] = (headers, self._judge(headers))
        return judged[1]

    def _coding_for(self, exchange: Exchange) -> Coding | None:
        request = exchange.request
        if request.version == "1.0" or self.streams >= STREAMS or guessable(exchange):
            return None  # of a client of HTTP/1.0, only the end of the connection would tell the end of the body
        name = choose_coding(request.headers.get(b"accept-encoding"), [*self._codings])
        return None if name is None else self._codings[name]

    def _closed(self) -> None:
        self.streams -= 1


class Remembered:
    """What was made of bodies that an app gives again, as a folder does with small files. They are known by being the
    same object, so that nobody is ever given what was another's.
    """

    __slots__ = ("_made", "_size")

    def __init__(self) -> None:
        self._made: dict[tuple[int, bytes], tuple[bytes, bytes]] = {}
        self._size = 0

    def of(self, coding: Coding, body: bytes) -> bytes:
        """The body in this coding."""
        key = id(body), coding.name
        known = self._made.get(key)
        if known is not None:
            return known[1]
        made = coding.whole(body)
        self._size += len(body) + len(made)
        if self._size > REMEMBERED:
            self._made.clear()
            self._size = len(body) + len(made)
        self._made[key] = body, made  # the body too, so that no other can come to have its identity
        return made


def size_of(request: Request, headers: Headers, body: Body) -> int | None:
    """How long the body is, or would be under GET; None where nobody can know."""
    declared = headers.get(b"content-length")
    if declared is not None:
        return int(declared)
    if isinstance(body, bytes):
        return len(body) if body or request.method != "HEAD" else None
    source: Source = body
    return source.length
