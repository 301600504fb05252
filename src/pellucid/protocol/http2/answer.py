"""An answer's fields as blocks of HPACK: what an app gave is checked, and spelled once if it comes again."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.errors import WrongAnswer
from pellucid.message import Headers
from pellucid.protocol.content import declared_length
from pellucid.protocol.fields import KEPT_HEADS, check_outgoing_trailers
from pellucid.protocol.http2.frames import DATA, END_HEADERS, END_STREAM, HEADERS, LARGEST
from pellucid.protocol.http2.hpack import encode_field, encode_status, represent

OF_CONNECTIONS = (b"connection", b"keep-alive", b"proxy-connection", b"upgrade")
"""What an app may say of an HTTP/1 connection, and nobody is told here (RFC 9113 section 8.2.2)."""


class KeptHead(NamedTuple):
    """A whole answer but for its body and the stream's number, which stands behind `headers` and behind `data`: the
    beginnings of the two frames. It is good for as long as the Date line is the same object.
    """

    date: bytes
    headers: bytes
    block: bytes
    data: bytes


class Block:
    """Fields as HPACK spells them, checked, and what they say of the content; kept as the `block` of a Headers.

    Content-Length is not among them: the framing spells it. `heads` are whole heads by status and size of the body.
    """

    __slots__ = ("dated", "fields", "heads", "length")

    def __init__(self, headers: Headers) -> None:
        index = headers.index
        if b"transfer-encoding" in index:
            raise WrongAnswer("an app does not give transfer-encoding: framing is the protocol's (RFC 9113 8.2.2)")
        own = any(name in index for name in OF_CONNECTIONS) or b"content-length" in index
        fields = headers.without(*OF_CONNECTIONS, b"content-length").fields if own else headers.fields
        self.fields = b"".join(map(encode_field, fields))
        self.dated = b"date" in index
        self.length = declared_length(index.get(b"content-length"))
        self.heads: dict[tuple[int, int], KeptHead] = {}

    def keep_head(self, status: int, size: int, date: bytes, block: bytes) -> None:
        """Keep a whole head of an answer with a body of so many bytes, for as long as its date is true."""
        if len(block) <= LARGEST and (len(self.heads) < KEPT_HEADS or (status, size) in self.heads):
            headers = b"%b%c%c" % (len(block).to_bytes(3, "big"), HEADERS, END_HEADERS)
            data = b"%b%c%c" % (size.to_bytes(3, "big"), DATA, END_STREAM)
            self.heads[status, size] = KeptHead(date, headers, block, data)


def block_of(headers: Headers) -> Block:
    """The block of an answer's fields. Raises WrongAnswer for one that would break the wire."""
    block = headers.block
    if type(block) is not Block:
        block = headers.block = Block(headers)
    return block


def head_block(status: int, block: Block, length: int | None, date: bytes) -> bytes:
    """The whole block of an answer's head; `length` is told in Content-Length, `date` is a line as in HTTP/1."""
    told = b"" if length is None else encode_field((b"content-length", b"%d" % length))
    when = b"" if block.dated or not date else date_block(date)
    return b"%b%b%b%b" % (encode_status(status), block.fields, told, when)


def trailers_block(trailers: Headers) -> bytes:
    """The block of the trailers (RFC 9113 section 8.1). Raises WrongAnswer like `block_of`, or for one too late."""
    check_outgoing_trailers(trailers.fields)
    return block_of(trailers).fields


def date_block(line: bytes) -> bytes:
    """The Date line as a field; spelled once a second."""
    if line is not _date[0]:
        _date[:] = [line, represent(b"date", line[6:-2])]
    return _date[1]


_date = [b"", b""]
