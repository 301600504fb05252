"""What all floors speak: the request, the answer and the events between them; it knows no wire format and no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Field = tuple[bytes, bytes]

# RFC 9110 section 15, RFC 6585, RFC 8297, RFC 8470, RFC 7725 and the WebDAV codes that people meet.
PHRASES: dict[int, str] = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    511: "Network Authentication Required",
}


class Headers:
    """Header or trailer fields in their order; the names are lower-case bytes, the values stripped bytes.

    `get` answers with the combined value of RFC 9110 section 5.3; `all` gives the lines apart. Never changed once made:
    `plus` and `without` make new ones. `memo` and `block` are the protocols': what they made of them, as lines and as a
    block of HTTP/2, for those that are sent again.
    """

    __slots__ = ("_index", "block", "fields", "memo")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self.fields: tuple[Field, ...] = tuple(fields)
        self.memo: object = None
        self.block: object = None
        self._index: dict[bytes, bytes] | None = None

    @property
    def index(self) -> dict[bytes, bytes]:
        """Name to combined value; made at the first question, since many requests are never asked one."""
        index = self._index
        if index is None:
            index = dict(self.fields)
            if len(index) != len(self.fields):
                index = _combined(self.fields)
            self._index = index
        return index

    def get(self, name: bytes, default: bytes | None = None) -> bytes | None:
        """The value of the field, several lines joined by a comma (cookies by a semicolon), or the default."""
        return self.index.get(name, default)

    def all(self, name: bytes) -> list[bytes]:
        """The value of each line that has this name."""
        return [value for key, value in self.fields if key == name]

    def plus(self, *fields: Field) -> Headers:
        """These fields and then the given ones."""
        return Headers([*self.fields, *fields])

    def without(self, *names: bytes) -> Headers:
        """These fields less those of the given names."""
        return Headers([item for item in self.fields if item[0] not in names])

    def forget(self) -> None:
        """Let go of what was made of them besides the fields; it is made again when somebody asks."""
        self._index = self.memo = self.block = None

    def __contains__(self, name: bytes) -> bool:
        return name in self.index

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"Headers({list(self.fields)!r})"


def _combined(fields: tuple[Field, ...]) -> dict[bytes, bytes]:
    # RFC 9110 5.3 joins by a comma; RFC 9113 8.2.3 joins cookie crumbs by a semicolon, whatever carried them.
    lines: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        lines.setdefault(name, []).append(value)
    return {name: (b"; " if name == b"cookie" else b", ").join(values) for name, values in lines.items()}


NO_FIELDS = Headers()


# Not frozen: one is made for each request, and a frozen dataclass costs 2 µs more to make.
@dataclass(slots=True)
class Request:
    """The head of a request as the engine has checked it. `complete` says that no body follows.

    `target` is what stood on the wire; `path` and `query` are its parts, still percent-encoded. The path is b"*" for
    the asterisk form and b"" for CONNECT, where `authority` says it all (RFC 9110 section 7.1, RFC 9112 section 3.2).
    `scheme` is that of the connection, whatever an absolute target says. `length` is the size of the body in bytes,
    None where only its end will tell. `upgrade` holds the offered protocols of RFC 9110 section 7.8 as they stood, b""
    for none.
    """

    method: str
    target: bytes
    path: bytes
    query: bytes
    authority: bytes
    headers: Headers
    version: str = "1.1"
    scheme: bytes = b"http"
    complete: bool = True
    length: int | None = 0
    upgrade: bytes = b""


@dataclass(slots=True)
class Response:
    """The head of an answer. Status 1xx is informational, save 101, which is final and opens a tunnel.

    The engine frames the body: a content-length here is checked against it, a transfer-encoding is refused.
    """

    status: int
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True)
class Data:
    """Some bytes of a body, never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The end of a body, and the trailer fields after it (RFC 9110 section 6.5)."""

    trailers: Headers = NO_FIELDS


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer broke a rule: the status to answer with and the rule, with its RFC section; and, as far as it came, the
    request line that stood at the head of it, unread. With status 0 nobody can be answered: the engine has said what
    there is to say.
    """

    status: int
    why: str
    line: bytes = b""


@dataclass(frozen=True, slots=True)
class Reset:
    """The peer gave up this exchange, or the connection under it is gone."""

    why: str


Event = Request | Data | End | Refused | Reset

END = End()
