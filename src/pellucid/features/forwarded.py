"""What a proxy in front says of its client: believed if the proxy is trusted, else taken out before an app sees it.

A list of hops is read from its right end, where the nearest proxy has written: past trusted addresses to the first
that is not, the client. What stands left of that anybody can have written. Where a trusted proxy must have written and
nothing can be understood, the request is refused: to take the proxy for the client would hand out the proxy's rights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pellucid.features.feature import Ask, Feature
from pellucid.message import Headers
from pellucid.net.trusted import LONGEST, ProxySettings, Trusted, parse_ip
from pellucid.protocol.fields import Broken, remember
from pellucid.protocol.target import check_host
from pellucid.semantics.lists import split_list
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.setting import setting

FAMILIES = ("x-forwarded", "x-forwarded-host", "forwarded", "off")

MOST_HOPS = 32
"""How many proxies may stand in a row."""

KEPT = 1024
"""How many names of fields, and how many addresses, are remembered."""

REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")


@dataclass(frozen=True, slots=True)
class ForwardedSettings:
    """Which of the fields that trusted proxies may set are believed."""

    forwarded: str = setting(
        "x-forwarded",
        "What trusted proxies tell about the client: x-forwarded (X-Forwarded-For and -Proto), x-forwarded-host "
        "(-Host and -Port as well, for proxies that set them anew and do not pass them on), forwarded (RFC 7239), or "
        "off. One alone is believed, since a proxy passes on the others as the client sent them.",
        unit="fields",
    )


def forwarded_feature(proxies: ProxySettings, settings: ForwardedSettings) -> Feature:
    """The feature that believes trusted proxies and no one else. ValueError names what cannot be understood."""
    trusted = Trusted(proxies.trusted_proxies)
    if settings.forwarded not in FAMILIES:
        known = f"{', '.join(FAMILIES[:-1])} or {FAMILIES[-1]}"
        raise ValueError(f"unknown family of fields {settings.forwarded!r} for forwarded: it is {known}")
    return Feature(ask=_believing(trusted, settings.forwarded) if trusted.anybody else strip)


def strip(exchange: Exchange) -> None:
    """Take out of the request what only a trusted proxy may say."""
    headers = exchange.request.headers
    # Heads that come again are the same Headers (protocol/http1/head.py), so what was found out is noted on them.
    # Whoever notes something else there was asked after this: then they are clean, and the note is to stay.
    if headers.memo is None:
        if True in map(_SPOKEN.__getitem__, headers.index):
            headers = Headers([item for item in headers.fields if not _SPOKEN[item[0]]])
            exchange.request.headers = headers
        headers.memo = _CLEAN


class Client(NamedTuple):
    """What trusted proxies tell of a client. An empty address says that they hide it, None that they tell none; scheme
    and host are b"" where they tell none. `passed_on` is what an app may see of the fields that told it.
    """

    address: str | None
    port: int
    scheme: bytes
    host: bytes
    passed_on: dict[bytes, bytes]


def walk(nodes: Sequence[bytes], trusted: Trusted) -> tuple[str | None, int, int]:
    """The address and port of the first hop that is not trusted, from the nearest one, the last, on; and how many hops
    that is. Raises Broken.
    """
    address, port, count = None, 0, 0
    for node in reversed(nodes):
        if count == MOST_HOPS:
            raise Broken(400, f"more than {MOST_HOPS} proxies in a row")
        if len(node) > LONGEST:  # what is longer is no address, and none that is worth to be remembered
            raise Broken(400, _NO_ADDRESS)
        address, port = read_node(node)
        count += 1
        if not trusted.peer(address, "unix:" if node == _UNIX else ""):
            break
    return address, port, count


@lru_cache(KEPT)
def read_node(node: bytes) -> tuple[str, int]:
    """The address and port that stand for a hop: an empty address for `unknown` and for a pseudonym, port 0 for none.

    An IPv6 address may stand without brackets, as X-Forwarded-For has it. Raises Broken.
    """
    if node == _UNIX:
        return "", 0
    match = _NODE.fullmatch(node)
    if match is None:
        raise Broken(400, _NO_ADDRESS)
    if match["hidden"]:
        return "", 0
    address = parse_ip((match["six"] or match["four"] or match["bare"]).decode())
    port = int(match["port"] or 0)
    if address is None or port > 65535:
        raise Broken(400, _NO_ADDRESS)
    return str(address), port


def from_x_forwarded(headers: Headers, trusted: Trusted, with_host: bool) -> Client:
    """What the X-Forwarded fields tell. Raises Broken.

    Each proxy adds to a list, or sets it anew: so of schemes and hosts as many from the right are believed as hops are.
    """
    nodes = _members(headers, b"x-forwarded-for")
    address, port, count = walk(nodes, trusted)
    scheme = _furthest(_members(headers, b"x-forwarded-proto"), count)
    host = outer = b""
    if with_host:
        host = _furthest(_members(headers, b"x-forwarded-host"), count)
        outer = _furthest(_members(headers, b"x-forwarded-port"), count)
    passed_on = {
        b"x-forwarded-for": b", ".join(nodes[-count:]) if count else b"",
        b"x-forwarded-proto": scheme,
        b"x-forwarded-host": host,
        b"x-forwarded-port": outer,
    }
    if host and outer and b":" not in host.rpartition(b"]")[2] and outer != _USUAL_PORTS.get(scheme.lower()):
        host += b":" + outer
    return Client(address, port, scheme, host, passed_on)


def from_forwarded(headers: Headers, trusted: Trusted) -> Client:
    """What the Forwarded field tells (RFC 7239 section 4). Raises Broken.

    All of it must be well formed: a quote that is left open on the left would swallow what a proxy has added.
    """
    elements = split_list(headers.index.get(b"forwarded", b""))
    hops = [_parameters(element) for element in elements]
    address, port, count = walk([hop.get(b"for", b"unknown") for hop in hops], trusted)
    believed = hops[-count:] if count else []
    scheme = next((hop[b"proto"] for hop in believed if b"proto" in hop), b"")
    host = next((hop[b"host"] for hop in believed if b"host" in hop), b"")
    return Client(address, port, scheme, host, {b"forwarded": b", ".join(elements[-count:]) if count else b""})


def from_nothing(headers: Headers, trusted: Trusted) -> Client:
    """Where no field is believed."""
    return Client(None, 0, b"", b"", {})


def _believing(trusted: Trusted, family: str) -> Ask:
    read: Callable[[Headers, Trusted], Client] = {
        "x-forwarded": lambda headers, trusted: from_x_forwarded(headers, trusted, with_host=False),
        "x-forwarded-host": lambda headers, trusted: from_x_forwarded(headers, trusted, with_host=True),
        "forwarded": from_forwarded,
        "off": from_nothing,
    }[family]
    others = family.startswith("x-forwarded")

    def ask(exchange: Exchange) -> None:
        if not trusted.peer(exchange.peer, exchange.local):
            strip(exchange)
            return
        try:
            client = read(exchange.request.headers, trusted)
            _believe(exchange, client, others)
        except Broken as broken:
            exchange.respond(*refusal(broken.status, broken.why))
            exchange.why = broken.why

    return ask


def _believe(exchange: Exchange, client: Client, others: bool) -> None:
    request, told = exchange.request, client.passed_on
    fields = request.headers.fields
    request_id = request.headers.index.get(b"x-request-id")
    if client.host and request.method != "CONNECT":
        check_host(client.host, "the host that a trusted proxy tells")
        request.authority = client.host
        fields = ((b"host", client.host), *(item for item in fields if item[0] != b"host"))
    if client.scheme:
        request.scheme = _scheme(client.scheme)
    if client.address is not None:
        if others and client.address and b"x-real-ip" in request.headers:
            told[b"x-real-ip"] = client.address.encode()
        exchange.peer, exchange.peer_port = client.address, client.port
    if request_id is not None and REQUEST_ID.fullmatch(request_id):
        exchange.request_id = request_id.decode()
    # What proxies say beyond this, such as X-Forwarded-User, is between them and the app.
    kept = [
        item
        for item in fields
        if not _SPOKEN[item[0]] or (others and item[0].startswith(b"x-forwarded-") and item[0] not in told)
    ]
    request.headers = Headers([*kept, *(item for item in told.items() if item[1])])


def _scheme(word: bytes) -> bytes:
    scheme = _SCHEMES.get(word.lower())
    if scheme is None:
        raise Broken(400, "a trusted proxy tells a scheme that is neither http nor https (RFC 7239 5.4)")
    return scheme


def _members(headers: Headers, name: bytes) -> list[bytes]:
    value = headers.index.get(name)
    return [member for part in value.split(b",") if (member := part.strip(b" \t"))] if value else []


def _furthest(members: list[bytes], count: int) -> bytes:
    return members[-min(max(count, 1), len(members))] if members else b""


def _parameters(element: bytes) -> dict[bytes, bytes]:
    told: dict[bytes, bytes] = {}
    for pair in split_list(element, b";"):
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise Broken(400, "a Forwarded field that cannot be read (RFC 7239 4)")
        name = match["name"].lower()
        if name in told:
            raise Broken(400, "a parameter that stands twice in an element of Forwarded (RFC 7239 4)")
        quoted = match["quoted"]
        told[name] = match["token"] if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)
    return told


class _Spoken(dict[bytes, bool]):
    """A bounded memory of which fields are a proxy's. WSGI and CGI make one name of dashes and underscores."""

    def __missing__(self, name: bytes) -> bool:
        plain = name.replace(b"_", b"-")
        spoken = plain in (b"forwarded", b"x-real-ip") or plain.startswith(b"x-forwarded-")
        if len(name) <= 64:
            remember(self, name, spoken, KEPT)
        return spoken


_SPOKEN = _Spoken()
_CLEAN = object()
_UNIX = b"unix:"
"""What nginx writes of a peer that came over a unix socket, such as another proxy on the same machine."""
_USUAL_PORTS = {b"http": b"80", b"https": b"443"}
# WebSockets begin as requests, and some proxies name the scheme of what they become.
_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}
_NO_ADDRESS = "a trusted proxy tells an address that is none (RFC 7239 6)"

# RFC 7239 6       node = nodename [ ":" node-port ];  node-port = port / obfport;  port = 1*5DIGIT
#                  nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode
# RFC 7239 6.3     obfnode = "_" 1*( ALPHA / DIGIT / "." / "_" / "-"), and obfport likewise
_NODE = re.compile(
    rb"""(?: (?P<hidden> unknown | _[A-Za-z0-9._-]+ ) | \[ (?P<six> [0-9A-Fa-f]*:[0-9A-Fa-f:.]{1,44} ) \]
        | (?P<four> [0-9.]{7,15} ) ) (?: : (?: (?P<port> [0-9]{1,5} ) | _[A-Za-z0-9._-]+ ) )?
    | (?P<bare> [0-9A-Fa-f:.]{2,45} )""",
    re.VERBOSE | re.IGNORECASE,
)

# RFC 7239 4       forwarded-pair = token "=" value;  value = token / quoted-string
_PAIR = re.compile(
    rb"""(?P<name> [!#$%&'*+.^_`|~0-9A-Za-z-]+ ) = (?: (?P<token> [!#$%&'*+.^_`|~0-9A-Za-z-]+ )
    | " (?P<quoted> (?: [^"\\\x00-\x08\x0a-\x1f\x7f] | \\[\t\x20-\x7e\x80-\xff] )* ) " )""",
    re.VERBOSE,
)
