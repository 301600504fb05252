"""A request's head from decoded fields to a `Request`, with every rule of RFC 9113 section 8.2, 8.3 and 8.5 checked."""

from __future__ import annotations

from pellucid.message import Field, Headers, Request
from pellucid.protocol.content import check_expectation, content_length, too_large
from pellucid.protocol.fields import SECRET, Broken, CheckedFields, check_field, check_trailers, remember
from pellucid.protocol.grammar import is_token
from pellucid.protocol.http2.priority import UNTOLD, Priority, read_priority
from pellucid.protocol.limits import REFUSED_LINE, Limits
from pellucid.protocol.target import Target, check_host, parse_target

PSEUDO = frozenset((b":method", b":scheme", b":authority", b":path", b":protocol"))
"""The pseudo-fields of a request (section 8.3.1, RFC 8441 section 4)."""

OF_CONNECTIONS = frozenset((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"))
"""Fields that speak of an HTTP/1 connection, and have no place here (section 8.2.2)."""

TELLING = frozenset((b"host", b"cookie", b"te", b"content-length", b"expect", b"priority")) | OF_CONNECTIONS
"""Fields that are to be looked at; where none of them is, there is nothing more to check."""

KEPT_SETS = 256
"""How many sets of fields are kept checked."""

KEPT_SIZE = 2048
"""How large a head is that is kept, in bytes."""

_USUAL_PSEUDO = frozenset((b":method", b":scheme", b":authority", b":path"))
_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}

_NO_LIMITS = Limits(body_size=0)

_check = CheckedFields()


class FieldSet:
    """The fields of a head behind its pseudo-fields, checked, with what they say.

    `host` is the authority that is asked for. `length` is the Content-Length, None where there is none. `plain` says
    that neither a body nor a priority was told of. `size` is how much they count.
    """

    __slots__ = ("expects_continue", "headers", "host", "length", "plain", "priority", "size")

    def __init__(self, authority: bytes | None, fields: tuple[Field, ...]) -> None:
        _check_order(fields)
        names = {name for name, _ in map(_check.__getitem__, fields)}
        usual = TELLING.isdisjoint(names)
        host = authority if usual else _host(authority, fields)
        if host is None:
            raise Broken(400, "neither :authority nor Host (RFC 9113 8.3.1)")
        check_host(host, ":authority")
        self.host = host
        self.headers = Headers([(b"host", host), *(fields if usual else _joined(fields))])
        self.size = sum(len(name) + len(value) for name, value in self.headers)
        self.length: int | None = None
        self.expects_continue = False
        self.priority: Priority = UNTOLD
        if not usual:
            self._look_at(self.headers.index)
        self.plain = self.length is None and not self.expects_continue and self.priority is UNTOLD

    def _look_at(self, index: dict[bytes, bytes]) -> None:
        _check_names(index)
        if b"content-length" in index:
            self.length = content_length(index[b"content-length"], _NO_LIMITS)
        if b"expect" in index:
            check_expectation(index[b"expect"])
            self.expects_continue = True
        if b"priority" in index:
            self.priority = read_priority(index[b"priority"])

    def around(self, fields: tuple[Field, ...], secrets: list[Field]) -> FieldSet:
        """What these fields say, which are the same and these secrets among them, checked already."""
        made = FieldSet.__new__(FieldSet)
        made.host, made.plain, made.priority = self.host, self.plain, self.priority
        made.length, made.expects_continue = self.length, self.expects_continue
        made.size = self.size + sum(len(name) + len(value) for name, value in secrets)
        alone = len(secrets) == 1 and len(self.headers.fields) == len(fields)  # with Host, there would be one less
        made.headers = Headers([(b"host", self.host), *(fields if alone else _joined(fields))])
        return made


class _FieldSets(dict[tuple[bytes | None, tuple[Field, ...]], FieldSet]):
    """A bounded cache of sets of fields: a client that keeps its connection sends the same behind each path.

    A large one stays out; so do secrets, and only what stands around them is found here.
    """

    def __missing__(self, key: tuple[bytes | None, tuple[Field, ...]]) -> FieldSet:
        authority, fields = key
        secrets = [field for field in fields if field[0] in SECRET]
        if secrets:
            for name, value in secrets:
                check_field(name, value)
            open_ones = tuple([field for field in fields if field[0] not in SECRET])
            return self[authority, open_ones].around(fields, secrets)
        found = FieldSet(authority, fields)
        if found.size <= KEPT_SIZE:
            remember(self, key, found, KEPT_SETS)
        return found


_field_sets = _FieldSets()


class Head:
    """A checked head: a `Request` is made of it for each stream that begins with it. `tunnel` says that it asks for
    one, for a `protocol` where that is named.
    """

    __slots__ = ("_parts", "fields", "method", "plain", "protocol", "tunnel")

    def __init__(self, method: str, target: bytes, parsed: Target, fields: FieldSet, protocol: bytes) -> None:
        self.method = method
        self.fields = fields
        self.protocol = protocol
        self.tunnel = method == "CONNECT"
        self.plain = fields.plain and not self.tunnel
        self._parts = (method, target, parsed[0], parsed[1], fields.host, fields.headers)

    def request(self, scheme: bytes, complete: bool) -> Request:
        """The request; `complete` says that no body follows. Raises Broken where a length was told and none comes."""
        length = self.fields.length
        if complete and length:
            raise Broken(400, "the end of a request before its Content-Length (RFC 9113 8.1.1)")
        if self.tunnel:
            return Request(*self._parts, "2", scheme, False, 0, self.protocol)
        return Request(*self._parts, "2", scheme, complete, 0 if complete else length)


def parse_head(fields: tuple[Field, ...], limits: Limits) -> Head:
    """Check the fields of a head. Raises Broken with the status and the rule."""
    pseudo = dict(fields[:4])
    rest = fields[4:]
    if pseudo.keys() != _USUAL_PSEUDO or (rest and rest[0][0][:1] == b":"):
        pseudo, rest = _split(fields)
    method, target, parsed = _target(pseudo, limits)
    found = _field_sets[pseudo.get(b":authority"), rest]
    if limits.field_count and len(found.headers.fields) > limits.field_count:
        raise Broken(431, f"more than {limits.field_count} header fields: field-count (RFC 6585 5)")
    if found.length is not None:
        if method == "CONNECT":
            raise Broken(400, "CONNECT has no content (RFC 9110 9.3.6)")
        if limits.body_size and found.length > limits.body_size:
            raise too_large(limits.body_size)
    return Head(method, target, parsed, found, pseudo.get(b":protocol", b""))


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
    """What stands for the request line of a head that is refused, as far as it came: a method and a target, and
    the version as in the lines of requests that were taken: whoever reads a log looks for three words.
    """
    pseudo = dict(reversed([field for field in fields if field[0][:1] == b":"]))
    method = pseudo.get(b":method", b"")
    target = pseudo.get(b":path") or pseudo.get(b":authority", b"")
    return b"%b %b HTTP/2.0" % (method[:REFUSED_LINE], target[:REFUSED_LINE]) if method else b""


def _split(fields: tuple[Field, ...]) -> tuple[dict[bytes, bytes], tuple[Field, ...]]:
    pseudo: dict[bytes, bytes] = {}
    for name, value in fields:
        if name[:1] != b":":
            break
        if name in pseudo:
            raise Broken(400, f"{name.decode('latin-1')} stands twice (RFC 9113 8.3)")
        if name not in PSEUDO:
            raise Broken(400, "a pseudo-field that is none of a request's (RFC 9113 8.3)")
        pseudo[name] = value
    rest = fields[len(pseudo) :]
    _check_order(rest)
    return pseudo, rest


def _check_order(fields: tuple[Field, ...]) -> None:
    if any(name[:1] == b":" for name, _ in fields):
        raise Broken(400, "a pseudo-field behind the other fields (RFC 9113 8.3)")


def _target(pseudo: dict[bytes, bytes], limits: Limits) -> tuple[str, bytes, Target]:
    method = pseudo.get(b":method", b"")
    name = _METHODS.get(method)
    if name is None:
        if not is_token(method):
            raise Broken(400, "no :method that is a token (RFC 9113 8.3.1)")
        if method == b"CONNECT" and b":protocol" not in pseudo:
            return _connect(pseudo)
        name = method.decode()
    if b":protocol" in pseudo:
        _check_protocol(method, pseudo[b":protocol"])
    if pseudo.get(b":scheme", b"").lower() not in (b"http", b"https"):
        raise Broken(400, "no :scheme that is http or https (RFC 9113 8.3.1)")
    path = pseudo.get(b":path", b"")
    line = limits.request_line
    if line and len(method) + len(path) + len(b"  HTTP/2.0") > line:
        raise Broken(414, f"a request line of more than {line} bytes: request-line (RFC 9110 15.5.15)")
    if path[:1] != b"/" and (path != b"*" or method != b"OPTIONS"):
        raise Broken(400, "no :path that begins with a slash (RFC 9113 8.3.1)")
    # What CONNECT asks for here is a resource, named as by any other method (RFC 8441 4).
    return name, path, parse_target("GET" if b":protocol" in pseudo else name, path)


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


def _host(authority: bytes | None, fields: tuple[Field, ...]) -> bytes | None:
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) > 1:
        raise Broken(400, "Host stands twice (RFC 9110 7.2)")
    if authority is None or not hosts:
        return hosts[0] if hosts else authority
    if hosts[0].lower() != authority.lower():
        raise Broken(400, "a Host that is not :authority (RFC 9113 8.3.1)")
    return authority


def _joined(fields: tuple[Field, ...]) -> list[Field]:
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
