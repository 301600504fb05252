"""An answer's head from a `Response` to bytes, and how the end of its body will be told (RFC 9112 section 6)."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.errors import WrongAnswer
from pellucid.message import PHRASES, Headers, Response
from pellucid.piece import Piece
from pellucid.protocol.fields import SpelledLines
from pellucid.protocol.grammar import list_members

_spell = SpelledLines().__getitem__

STATUS_LINES = {status: f"HTTP/1.1 {status} {phrase}\r\n".encode() for status, phrase in PHRASES.items()}

CHUNKED = b"transfer-encoding: chunked\r\n"
CLOSE = b"connection: close\r\n"
KEEP_ALIVE = b"connection: keep-alive\r\n"
UPGRADE = b"connection: upgrade\r\n"


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


def frame(method: str, version: str, response: Response, length: int | None) -> Framing:
    """Decide the framing of an answer whose body has this length, None where that is not known.

    Raises WrongAnswer where the app's own Content-Length is no number or says something else.
    """
    index = response.headers.index
    status = response.status
    if b"transfer-encoding" in index:
        raise WrongAnswer("an app does not give transfer-encoding: framing is the protocol's (RFC 9112 6.1)")
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return Framing(True, None, False, b"")
    declared = index.get(b"content-length")
    if declared is not None:
        length = _agreed(declared, length, method == "HEAD" or status == 304)
    wanted = method != "HEAD" and status not in (204, 304)
    if declared is not None or (status == 304 and length == 0) or status == 204:
        return Framing(wanted, length, False, b"")  # RFC 9110 8.6: none with 204, and 304 tells that of the 200
    if length is not None:
        return Framing(wanted, length, False, b"content-length: %d\r\n" % length)
    if version == "1.1":
        return Framing(wanted, None, True, CHUNKED)
    return Framing(wanted, None, False, b"")


def _agreed(declared: bytes, length: int | None, bodiless: bool) -> int:
    if not declared.isdigit():
        raise WrongAnswer(f"the Content-Length {declared!r} is not one row of digits (RFC 9110 8.6)")
    if length is not None and length != int(declared) and not (bodiless and length == 0):
        raise WrongAnswer(f"a body of {length} bytes with a Content-Length of {int(declared)} (RFC 9110 8.6)")
    return int(declared)


def spell_head(response: Response, framing: bytes, connection: bytes, date: bytes) -> list[bytes]:
    """The lines of a head, its empty line included. Raises WrongAnswer for a field that would break the wire."""
    headers = response.headers
    index = headers.index
    if b"connection" in index or b"keep-alive" in index:
        headers = headers.without(b"connection", b"keep-alive")  # RFC 9110 7.6.1: they are this connection's own
    if response.status == 204 and b"content-length" in index:
        headers = headers.without(b"content-length")  # RFC 9110 8.6
    lines = [_status_line(response.status), *map(_spell, headers.fields), framing]
    if b"date" not in index:
        lines.append(date)
    lines.append(connection)
    lines.append(b"\r\n")
    return lines


def spell_informational(response: Response) -> bytes:
    """A whole 1xx answer, which has no framing (RFC 9110 section 15.2)."""
    return b"".join([_status_line(response.status), *map(_spell, response.headers.fields), b"\r\n"])


def spell_trailers(trailers: Headers) -> bytes:
    """The trailer fields as lines (RFC 9112 section 7.1.2). Raises WrongAnswer like `spell_head`."""
    return b"".join(map(_spell, trailers.fields))


def says_close(response: Response) -> bool:
    """Whether the app asks for the connection to be closed after this answer."""
    value = response.headers.index.get(b"connection")
    return value is not None and b"close" in list_members(value)


def _status_line(status: int) -> bytes:
    line = STATUS_LINES.get(status)
    if line is not None:
        return line
    if type(status) is not int or not 100 <= status <= 999:
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
