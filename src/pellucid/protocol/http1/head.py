"""A request's head from bytes to a `Request`, with every rule of RFC 9112 sections 2, 3, 5, 6.3 and 9 checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pellucid.message import Headers, Request
from pellucid.protocol.content import check_expectation, content_length
from pellucid.protocol.fields import KEPT_LENGTH, SECRET, Broken, ReadLines, remember
from pellucid.protocol.grammar import BARE_END, TOKEN, VERSION, is_token, list_members
from pellucid.protocol.limits import Limits
from pellucid.protocol.target import check_host, parse_target

_read_line = ReadLines().__getitem__

BLOCKS = 256
"""How many blocks of fields, and how many request lines, are kept read."""

TLS_RECORD = b"\x16"
"""How a TLS handshake begins (RFC 9846 section 5.1), and no method does."""

BARE_LF = "a line that ends with a bare LF (RFC 9112 2.2)"


class ParsedHead(NamedTuple):
    """A request and what its connection must know beyond it."""

    request: Request
    keep_alive: bool = True
    chunked: bool = False
    expects_continue: bool = False


# What ParsedHead(…) comes to in the end, without its function in Python: one is made for each request.
_plain_head: Callable[[tuple[Request, bool, bool, bool]], ParsedHead] = partial(tuple.__new__, ParsedHead)


class RequestLine(NamedTuple):
    """A request line taken apart; `authority` is empty where the target has none."""

    method: str
    target: bytes
    version: str
    path: bytes
    query: bytes
    authority: bytes


class FieldBlock:
    """The fields of a head, and what they say. `plain` is the usual case: a host, no body, nothing special asked of
    the connection.
    """

    __slots__ = ("headers", "host", "options", "plain")

    def __init__(self, lines: list[bytes]) -> None:
        self.headers = Headers(map(_read_line, lines))
        index = self.headers.index
        self.host = index.get(b"host")
        connection = index.get(b"connection")
        self.options = list_members(connection) if connection else []
        self.plain = bool(self.host) and self.options in ([], [b"keep-alive"]) and SPECIAL.isdisjoint(index)


SPECIAL = frozenset((b"content-length", b"transfer-encoding", b"expect"))


class _ReadFields(dict[bytes, FieldBlock]):
    """A bounded cache of whole blocks of fields: a client that keeps its connection often sends the same again.

    A block with a secret in it stays out, as does a large one.
    """

    def __missing__(self, block: bytes) -> FieldBlock:
        fields = FieldBlock(block.split(b"\r\n") if block else [])
        if fields.host:
            check_host(fields.host, "the Host field")
        if len(block) <= 2048 and SECRET.isdisjoint(fields.headers.index):
            remember(self, block, fields, BLOCKS)
        return fields


class _ReadRequestLines(dict[bytes, RequestLine]):
    """A bounded cache of request lines. One with a query stays out: it is seldom sent twice, and may hold a secret."""

    def __missing__(self, line: bytes) -> RequestLine:
        method, target, version = split_request_line(line)
        read = RequestLine(method, target, version, *parse_target(method, target))
        if len(line) <= KEPT_LENGTH and not read.query:
            remember(self, line, read, BLOCKS)
        return read


_read_fields = _ReadFields()
_read_request_line = _ReadRequestLines()


def parse_head(head: bytes, limits: Limits) -> ParsedHead:
    """Read a head, given without its empty line. Raises Broken with the status and the rule."""
    try:
        return _parse_head(head, limits)
    except Broken:
        # Judged again as if it had come in drips: the reason must not depend on how the bytes were split.
        check_partial_head(head + b"\r\n\r\n", limits)
        if head.count(b"\n") != head.count(b"\r\n"):
            raise Broken(400, BARE_LF) from None
        raise


def check_partial_head(head: bytes, limits: Limits) -> None:
    """Refuse the beginning of a head that is too large already, or that others would take to end with a bare LF.

    What shows first is told, so that the reason does not depend on how the bytes were split. Raises Broken.
    """
    if head.startswith(TLS_RECORD):
        raise Broken(400, "this is TLS, and plain HTTP is spoken here: use http:// (RFC 9112 9.7)")
    bare = BARE_END.search(head)
    seen = head if bare is None else head[: bare.end() - 1]
    line, size = limits.request_line, limits.head_size
    if line and (line <= size or not size) and len(seen) > line + 1 and b"\r\n" not in seen[: line + 2]:
        raise Broken(414, f"a request line of more than {line} bytes: request-line (RFC 9112 3)")
    if size and len(seen) > size + 3 and b"\r\n\r\n" not in seen[: size + 4]:
        raise Broken(431, f"a head of more than {size} bytes: head-size (RFC 6585 5)")
    if bare is not None:
        raise Broken(400, BARE_LF)


def _parse_head(head: bytes, limits: Limits) -> ParsedHead:
    line, _, block = head.partition(b"\r\n")
    if limits.head_size and len(head) > limits.head_size:
        raise Broken(431, f"a head of more than {limits.head_size} bytes: head-size (RFC 6585 5)")
    if limits.request_line and len(line) > limits.request_line:
        raise Broken(414, f"a request line of more than {limits.request_line} bytes: request-line (RFC 9112 3)")
    if limits.field_count and block.count(b"\r\n") >= limits.field_count:
        raise Broken(431, f"more than {limits.field_count} header fields: field-count (RFC 6585 5)")
    method, target, version, path, query, authority = _read_request_line[line]
    fields = _read_fields[block]
    if fields.plain and version == "1.1" and not authority:
        return _plain_head(
            (Request(method, target, path, query, fields.host or b"", fields.headers), True, False, False)
        )
    headers, index = fields.headers, fields.headers.index
    if fields.host is None and version == "1.1":
        raise Broken(400, "no Host field (RFC 9112 3.2)")
    if fields.host == b"" and authority:
        raise Broken(400, "an empty Host field beside an authority in the target (RFC 9112 3.2)")
    if authority:  # RFC 9112 3.2.2: the target's host counts, not the field's
        headers = Headers([(b"host", authority), *headers.without(b"host").fields])
    chunked, length = body_framing(method, version, index, limits)
    request = Request(method, target, path, query, authority or fields.host or b"", headers, version)
    request.complete = length == 0
    request.length = length
    if b"upgrade" in fields.options and version == "1.1":
        request.upgrade = index.get(b"upgrade", b"")
    closes = b"close" in fields.options
    keep_alive = not closes and (version == "1.1" or b"keep-alive" in fields.options)
    return ParsedHead(request, keep_alive, chunked, b"expect" in index and expects_continue(version, index[b"expect"]))


def split_request_line(line: bytes) -> tuple[str, bytes, str]:
    """The method, the target and the version, "1.0" or "1.1" (RFC 9112 section 3)."""
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Broken(400, "the request line is not method, target and version with one space between (RFC 9112 3)")
    method, target, version = parts
    if not method or method.translate(None, TOKEN):
        raise Broken(400, "the method is no token (RFC 9110 9.1)")
    return method.decode(), target, "1.1" if version == b"HTTP/1.1" else _other_version(version)


def _other_version(version: bytes) -> str:
    match = VERSION.fullmatch(version)
    if match is None:
        raise Broken(400, "the version is not HTTP/ and two digits (RFC 9112 2.3)")
    if match[1] != b"1":
        raise Broken(505, "the major version is not 1 (RFC 9110 15.6.6)")
    return "1.0" if match[2] == b"0" else "1.1"  # RFC 9110 2.5: a higher minor version is read as the highest known


def body_framing(method: str, version: str, index: dict[bytes, bytes], limits: Limits) -> tuple[bool, int | None]:
    """Whether the body is chunked, and its length, None for chunked (RFC 9112 section 6)."""
    coding = index.get(b"transfer-encoding")
    declared = index.get(b"content-length")
    if coding is None and declared is None:
        if version == "1.0" and method in ("POST", "PUT"):
            raise Broken(411, f"HTTP/1.0 {method} without Content-Length (RFC 1945 7.2.2)")
        return False, 0
    if coding is None:
        assert declared is not None
        length = content_length(declared, limits)
        if length and method == "CONNECT":
            raise Broken(400, "CONNECT has no content (RFC 9110 9.3.6)")
        return False, length
    if method == "CONNECT":
        raise Broken(400, "CONNECT has no content (RFC 9110 9.3.6)")
    if version == "1.0":
        raise Broken(400, "Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)")
    if declared is not None:
        raise Broken(400, "both Transfer-Encoding and Content-Length (RFC 9112 6.1)")
    if coding.lower() != b"chunked":
        _refuse_coding(coding)
    return True, None


def _refuse_coding(value: bytes) -> None:
    codings = [coding.strip(b" \t").lower() for coding in value.split(b",")]
    if not all(map(is_token, codings)):
        raise Broken(400, "Transfer-Encoding is not a list of codings (RFC 9112 6.1)")
    if codings[-1] != b"chunked":
        raise Broken(400, "chunked is not the last transfer coding (RFC 9112 6.3)")
    if codings.count(b"chunked") > 1:
        raise Broken(400, "chunked stands twice among the transfer codings (RFC 9112 6.1)")
    raise Broken(501, "a transfer coding other than chunked (RFC 9112 6.1)")


def expects_continue(version: str, value: bytes) -> bool:
    """Whether the client waits for 100; in HTTP/1.0 none does (RFC 9110 section 10.1.1)."""
    if version == "1.0":
        return False
    check_expectation(value)
    return True
