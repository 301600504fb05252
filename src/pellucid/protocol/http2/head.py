"""A request's head from decoded fields to a `Request`, with every rule of RFC 9113 section 8.2, 8.3 and 8.5 checked."""

from __future__ import annotations

from pellucid.message import Field, Headers, Request
from pellucid.protocol.content import check_expectation, content_length
from pellucid.protocol.fields import Broken, CheckedFields, check_trailers
from pellucid.protocol.grammar import is_token
from pellucid.protocol.http2.priority import USUAL, Priority, read_priority
from pellucid.protocol.limits import Limits
from pellucid.protocol.target import Target, check_host, parse_target

_check = CheckedFields()

PSEUDO = frozenset((b":method", b":scheme", b":authority", b":path", b":protocol"))
"""The pseudo-fields of a request (section 8.3.1, RFC 8441 section 4)."""

OF_CONNECTIONS = frozenset((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"))
"""Fields that speak of an HTTP/1 connection, and have no place here (section 8.2.2)."""

NOT_PLAIN = frozenset((b"host", b"cookie", b"te", b"content-length", b"expect", b"priority")) | OF_CONNECTIONS
"""Fields that are to be looked at; a head with none of them needs no more checks."""

SHOWN = 256
"""How much of the line of a request that is refused is told, in bytes."""


class Head:
    """A checked head: a `Request` is made of it for each stream that begins with it.

    `length` is the Content-Length, None where there is none; `tunnel` says that it asks for one; `priority` is how
    urgent the answer is.
    """

    __slots__ = ("_parts", "expects_continue", "length", "method", "plain", "priority", "protocol", "tunnel")

    def __init__(self, pseudo: dict[bytes, bytes], fields: list[Field], limits: Limits) -> None:
        method, target, parsed = _target(pseudo, limits)
        self.method = method
        self.protocol = pseudo.get(b":protocol", b"")
        self.tunnel = method == "CONNECT"
        names = dict(fields)
        self.plain = NOT_PLAIN.isdisjoint(names) and not self.tunnel
        host = pseudo.get(b":authority")
        if not self.plain:
            _check_names(names)
            fields, host = _joined(fields), _host(host, Headers(fields))
        if host is None:
            raise Broken(400, "neither :authority nor Host (RFC 9113 8.3.1)")
        check_host(host, ":authority")
        headers = Headers([(b"host", host), *fields])
        _check_size(limits, len(headers))
        self.length: int | None = None
        self.expects_continue = False
        self.priority: Priority = USUAL
        if not self.plain:
            self._look_at(headers.index, limits)
        self._parts = (method, target, parsed.path, parsed.query, host, headers)

    def _look_at(self, index: dict[bytes, bytes], limits: Limits) -> None:
        if b"content-length" in index:
            if self.tunnel:
                raise Broken(400, "CONNECT has no content (RFC 9110 9.3.6)")
            self.length = content_length(index[b"content-length"], limits)
        if b"expect" in index:
            check_expectation(index[b"expect"])
            self.expects_continue = True
        if b"priority" in index:
            self.priority = read_priority(index[b"priority"])

    def request(self, scheme: bytes, complete: bool) -> Request:
        """The request; `complete` says that no body follows. Raises Broken where a length was told and none comes."""
        if complete:
            if self.length:
                raise Broken(400, "the end of a request before its Content-Length (RFC 9113 8.1.1)")
            if not self.tunnel:
                return Request(*self._parts, "2", scheme)
        length = 0 if self.tunnel else self.length
        return Request(*self._parts, "2", scheme, False, length, self.protocol)


def parse_head(fields: tuple[Field, ...], limits: Limits) -> Head:
    """Check the fields of a head. Raises Broken with the status and the rule."""
    pseudo: dict[bytes, bytes] = {}
    rest: list[Field] = []
    for field in fields:
        name, value = field
        if name[:1] != b":":
            rest.append(_check[field])
            continue
        if rest:
            raise Broken(400, "a pseudo-field behind the other fields (RFC 9113 8.3)")
        if name in pseudo:
            raise Broken(400, f"{name.decode('latin-1')} stands twice (RFC 9113 8.3)")
        if name not in PSEUDO:
            raise Broken(400, "a pseudo-field that is none of a request's (RFC 9113 8.3)")
        pseudo[name] = value
    return Head(pseudo, rest, limits)


def parse_trailers(fields: tuple[Field, ...], limits: Limits) -> Headers:
    """Check the fields behind a body (RFC 9113 section 8.1). Raises Broken."""
    for name, _ in fields:
        if name[:1] == b":":
            raise Broken(400, "a pseudo-field in the trailers (RFC 9113 8.1)")
    trailers = Headers(map(_check.__getitem__, fields))
    _check_names(trailers.index)
    check_trailers(fields)
    if limits.field_count and len(trailers) > limits.field_count:
        raise Broken(431, f"more than {limits.field_count} trailer fields: field-count (RFC 6585 5)")
    return trailers


def request_line(fields: tuple[Field, ...]) -> bytes:
    """What stands for the request line of a head that is refused, as far as it came: a method and a target."""
    pseudo = dict(reversed([field for field in fields if field[0][:1] == b":"]))
    method = pseudo.get(b":method", b"")
    target = pseudo.get(b":path") or pseudo.get(b":authority", b"")
    return b"%b %b" % (method[:SHOWN], target[:SHOWN]) if method else b""


def _target(pseudo: dict[bytes, bytes], limits: Limits) -> tuple[str, bytes, Target]:
    method = pseudo.get(b":method", b"")
    if not is_token(method):
        raise Broken(400, "no :method that is a token (RFC 9113 8.3.1)")
    if b":protocol" in pseudo:
        _check_protocol(method, pseudo[b":protocol"])
    elif method == b"CONNECT":
        return _connect(pseudo)
    if pseudo.get(b":scheme", b"").lower() not in (b"http", b"https"):
        raise Broken(400, "no :scheme that is http or https (RFC 9113 8.3.1)")
    path = pseudo.get(b":path", b"")
    line = limits.request_line
    if line and len(method) + len(path) + len(b"  HTTP/2.0") > line:
        raise Broken(414, f"a request line of more than {line} bytes: request-line (RFC 9110 15.5.15)")
    if path[:1] != b"/" and (path != b"*" or method != b"OPTIONS"):
        raise Broken(400, "no :path that begins with a slash (RFC 9113 8.3.1)")
    # What CONNECT asks for here is a resource, named as by any other method (RFC 8441 4).
    parsed = parse_target("GET" if b":protocol" in pseudo else method.decode(), path)
    return method.decode(), path, parsed


def _check_protocol(method: bytes, protocol: bytes) -> None:
    if method != b"CONNECT":
        raise Broken(400, ":protocol without CONNECT (RFC 8441 4)")
    if not is_token(protocol):
        raise Broken(400, "a :protocol that is no token (RFC 8441 4)")


def _connect(pseudo: dict[bytes, bytes]) -> tuple[str, bytes, Target]:
    if b":scheme" in pseudo or b":path" in pseudo:
        raise Broken(400, "CONNECT with :scheme or :path (RFC 9113 8.5)")
    authority = pseudo.get(b":authority", b"")
    return "CONNECT", authority, parse_target("CONNECT", authority)


def _check_names(index: dict[bytes, bytes]) -> None:
    for name in OF_CONNECTIONS:
        if name in index:
            raise Broken(400, f"{name.decode()} has no place in HTTP/2 (RFC 9113 8.2.2)")
    if index.get(b"te", b"trailers").lower() != b"trailers":
        raise Broken(400, "TE with more than trailers (RFC 9113 8.2.2)")


def _host(authority: bytes | None, headers: Headers) -> bytes | None:
    host = headers.get(b"host")
    if authority is None or host is None:
        return host if authority is None else authority
    if host.lower() != authority.lower():
        raise Broken(400, "a Host that is not :authority (RFC 9113 8.3.1)")
    return authority


def _joined(fields: list[Field]) -> list[Field]:
    # Without Host, which :authority takes the place of, and with the crumbs of cookies put together (section 8.2.3).
    crumbs = [value for name, value in fields if name == b"cookie"]
    kept: list[Field] = []
    for field in fields:
        if field[0] == b"cookie":
            if crumbs:
                kept.append((b"cookie", b"; ".join(crumbs)))
                crumbs = []
        elif field[0] != b"host":
            kept.append(field)
    return kept


def _check_size(limits: Limits, count: int) -> None:
    if limits.field_count and count > limits.field_count:
        raise Broken(431, f"more than {limits.field_count} header fields: field-count (RFC 6585 5)")
