"""An answer's head from a `Response` to bytes, and how the end of its body will be told (RFC 9112 section 6)."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.errors import WrongAnswer
from pellucid.message import PHRASES, Headers, Response
from pellucid.piece import FileSlice, Piece
from pellucid.protocol.content import content_of, declared_length
from pellucid.protocol.fields import KEPT_HEADS, SpelledLines, check_outgoing_trailers
from pellucid.protocol.grammar import list_members

_spell = SpelledLines().__getitem__

STATUS_LINES = {status: f"HTTP/1.1 {status} {phrase}\r\n".encode() for status, phrase in PHRASES.items()}

CHUNKED = b"transfer-encoding: chunked\r\n"
CLOSE = b"connection: close\r\n"
KEEP_ALIVE = b"connection: keep-alive\r\n"
UPGRADE = b"connection: upgrade\r\n"


class Spelled:
    """Fields as lines, checked, and what they say of framing and of the connection; kept as the memo of a Headers.

    Not among the lines are those of connection and keep-alive, which are this connection's own (RFC 9110 section
    7.6.1), and of content-length, which the framing spells. `heads` are whole heads by status and size of the body.
    """

    __slots__ = ("closes", "dated", "heads", "length", "lines")

    def __init__(self, headers: Headers) -> None:
        index = headers.index
        if b"transfer-encoding" in index:
            raise WrongAnswer("an app does not give transfer-encoding: framing is the protocol's (RFC 9112 6.1)")
        own = b"connection" in index or b"content-length" in index or b"keep-alive" in index
        fields = headers.without(b"connection", b"keep-alive", b"content-length").fields if own else headers.fields
        self.lines = b"".join(map(_spell, fields))
        self.dated = b"date" in index
        self.closes = b"connection" in index and b"close" in list_members(index[b"connection"])
        self.length = declared_length(index.get(b"content-length"))
        self.heads: dict[tuple[int, int], bytes] = {}

    def keep_head(self, status: int, size: int, framing: bytes) -> None:
        """Keep the whole head of an answer with a body of so many bytes, save its date. Few are kept: most fields come
        with one status and one length.
        """
        if not self.dated and len(self.heads) < KEPT_HEADS:
            self.heads[status, size] = b"%b%b%b" % (status_line(status), self.lines, framing)


def spelled(headers: Headers) -> Spelled:
    """The lines of an answer's fields. Raises WrongAnswer for one that would break the wire."""
    memo = headers.memo
    if type(memo) is not Spelled:
        memo = headers.memo = Spelled(headers)
    return memo


class Framing(NamedTuple):
    """How an answer's body goes out: `wanted` is False where there is none, whatever the app gives; `length` is None
    where the body is chunked, or, without `chunked`, ends with the connection.
    """

    wanted: bool
    length: int | None
    chunked: bool
    line: bytes

    @property
    def unending(self) -> bool:
        """Whether only the end of the connection tells the end of the body (RFC 9112 section 6.3)."""
        return self.wanted and self.length is None and not self.chunked


def frame(method: str, version: str, status: int, declared: int | None, length: int | None) -> Framing:
    """Decide the framing of an answer whose app declared one length and whose body has another, None for not known.

    Raises WrongAnswer where the two differ.
    """
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return Framing(True, None, False, b"")
    content = content_of(method, status, declared, length)
    if content.announced:
        return Framing(content.wanted, content.length, False, b"content-length: %d\r\n" % (content.length or 0))
    # RFC 9112 6.1 allows Transfer-Encoding without a body, but Python's http.client then waits for the chunks of a 304.
    if content.wanted and version == "1.1":
        return Framing(True, None, True, CHUNKED)
    return Framing(content.wanted, content.length, False, b"")


def connection_line(method: str, version: str, status: int, keeps: bool) -> bytes:
    """What is said of the connection behind an answer, which `keeps` it or ends it (RFC 9112 section 9.3, 9.6)."""
    if status == 101:
        return UPGRADE
    if keeps:
        return KEEP_ALIVE if version == "1.0" else b""
    return b"" if method == "CONNECT" and status < 300 else CLOSE


def spell_informational(response: Response) -> bytes:
    """A whole 1xx answer, which has no framing (RFC 9110 section 15.2)."""
    return b"%b%b\r\n" % (status_line(response.status), spelled(response.headers).lines)


def spell_trailers(trailers: Headers) -> bytes:
    """The trailer fields as lines (RFC 9112 section 7.1.2). Raises WrongAnswer like `spelled`, or for one too late."""
    check_outgoing_trailers(trailers.fields)
    return b"".join(map(_spell, trailers.fields))


def status_line(status: int) -> bytes:
    """The first line of an answer (RFC 9112 section 4)."""
    line = STATUS_LINES.get(status)
    if line is not None:
        return line
    if type(status) is not int or not 100 <= status <= 599:
        raise WrongAnswer(f"{status!r} is no status code (RFC 9110 15)")
    return b"HTTP/1.1 %d \r\n" % status


class BodyWriter:
    """The body of an answer on its way out, told from what follows as its framing says."""

    __slots__ = ("_chunked", "_left")

    def __init__(self, framing: Framing) -> None:
        self._chunked = framing.chunked
        self._left = framing.length

    def data(self, piece: Piece) -> list[Piece]:
        """The piece as it goes out. Raises WrongAnswer where the body becomes longer than was said."""
        if not piece:
            if isinstance(piece, FileSlice):
                piece.release()
            return []  # as a chunk, it would end the body
        if self._chunked:
            return [b"%x\r\n" % len(piece), piece, b"\r\n"]
        if self._left is not None:
            if len(piece) > self._left:
                raise WrongAnswer("the body is longer than its Content-Length (RFC 9112 6.3)")
            self._left -= len(piece)
        return [piece]

    def end(self, trailers: Headers) -> list[Piece]:
        """What goes out behind the last piece. Raises WrongAnswer where the body is shorter than was said."""
        if self._chunked:
            return [b"0\r\n" + spell_trailers(trailers) + b"\r\n"]
        if self._left:
            raise WrongAnswer(f"the body is {self._left} bytes shorter than its Content-Length (RFC 9112 6.3)")
        return []
