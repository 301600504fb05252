"""Which other sites' scripts may read what is served: the CORS protocol of the WHATWG Fetch standard.

Unless credentials are allowed, and then to sites that are named, what is allowed here is only what anybody could read
without a login.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from pellucid.features.feature import ChangedHeaders, Feature
from pellucid.message import Field, Headers, Request, Response
from pellucid.piece import Body
from pellucid.protocol.grammar import is_token, list_members
from pellucid.semantics.negotiation import varying
from pellucid.server.exchange import Exchange
from pellucid.setting import setting

# Fetch, "CORS-safelisted response-header name": scripts see those few without being told. Seeking in a file and asking
# whether it has changed need these too.
EXPOSED = (b"access-control-expose-headers", b"Accept-Ranges, Content-Encoding, Content-Range, Date, ETag")

CREDENTIALS = (b"access-control-allow-credentials", b"true")

SIMPLE = frozenset((b"GET", b"HEAD", b"POST"))
"""Fetch, "CORS-safelisted method": every site may use them, and asks beforehand for the sake of their fields alone."""

PREFLIGHT_VARY = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
MOST_REQUESTED = 64

# Fetch, "serialized origin": scheme, host and a port that is not the usual one; nothing after it.
ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
USUAL_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class CorsSettings:
    """Who may read across origins."""

    cors: tuple[str, ...] = setting(
        (),
        "A site whose scripts may read what is served, such as https://example.com, or * for all sites.",
        unit="origin",
    )
    cors_credentials: bool = setting(
        False,
        "Let these sites ask with the cookies and logins of whoever looks at them, and read the answers: they can do "
        "whatever that user may do here. Not with * for all sites.",
    )
    cors_methods: tuple[str, ...] = setting(
        (),
        "The methods that these sites may use, besides GET, HEAD and POST, which browsers let every site use; all if "
        "none is named.",
        unit="method",
    )
    cors_max_age: float = setting(
        7200.0, "How long a browser may remember what a preflight request was told.", unit="seconds"
    )


def cors_feature(settings: CorsSettings) -> Feature | None:
    """The feature that tells browsers who may read. ValueError names what is no origin."""
    if not settings.cors:
        return None
    cors = Cors(settings)
    return Feature(cors.ask, cors.answer)


class Cors:
    """What the scripts of which sites may do."""

    __slots__ = ("_anyone", "_granted", "_max_age", "_methods", "_origins", "_permissions")

    def __init__(self, settings: CorsSettings) -> None:
        self._origins = frozenset(parse_origin(text) for text in settings.cors)
        self._anyone = b"*" in self._origins
        if self._anyone and settings.cors_credentials:
            raise ValueError(
                "--cors-credentials: name the sites in cors: with * every site could act for whoever looks at it"
            )
        if wrong := [method for method in settings.cors_methods if not is_token(method.encode())]:
            raise ValueError(f"--cors-methods: {wrong[0]!r} is no method: write it as PUT")
        methods = frozenset(method.encode() for method in settings.cors_methods)
        self._methods = methods and methods | SIMPLE
        self._max_age = b"%d" % settings.cors_max_age
        self._granted = (EXPOSED, CREDENTIALS) if settings.cors_credentials else (EXPOSED,)
        self._permissions = {
            origin: ChangedHeaders(partial(self._permitting, origin)) for origin in (*self._origins, None)
        }

    def ask(self, exchange: Exchange) -> None:
        """Answer what a browser asks beforehand."""
        request = exchange.request
        if request.method == "OPTIONS" and b"origin" in request.headers:
            method = request.headers.get(b"access-control-request-method")
            if method is not None:
                may = self._allowed(request) is not None and (not self._methods or method in self._methods)
                permitted = _permission(request, method, self._max_age) if may else []
                exchange.respond(Response(204, Headers([*permitted, (b"vary", PREFLIGHT_VARY)])))

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        """Say who may read this."""
        return self._permissions[self._allowed(exchange.request)].answer(exchange, response, body)

    def _allowed(self, request: Request) -> bytes | None:
        if self._anyone:
            return b"*"
        origin = request.headers.get(b"origin")
        return origin if origin in self._origins else None

    def _permitting(self, origin: bytes | None, headers: Headers) -> Headers:
        if b"access-control-allow-origin" in headers or b"access-control-allow-credentials" in headers:
            return headers  # the app has its own mind about who may read this
        headers = headers if self._anyone else varying(headers, b"Origin")
        return headers if origin is None else headers.plus((b"access-control-allow-origin", origin), *self._granted)


def parse_origin(text: str) -> bytes:
    """An origin as browsers write it, or b"*"; ValueError says what is wrong."""
    if text == "*":
        return b"*"
    match = ORIGIN.fullmatch(text.lower())
    if not match:
        raise ValueError(f"{text!r} is no origin: write scheme://host or scheme://host:port without a path, or *")
    scheme, host, port = match.group("scheme", "host", "port")
    return (f"{scheme}://{host}:{port}" if port and port != USUAL_PORTS.get(scheme) else f"{scheme}://{host}").encode()


def _permission(request: Request, method: bytes, max_age: bytes) -> list[Field]:
    # What was asked for is allowed as long as it is well formed: the app judges the request itself when it comes.
    names = list_members(request.headers.get(b"access-control-request-headers") or b"")
    if not is_token(method) or len(names) > MOST_REQUESTED or not all(map(is_token, names)):
        return []
    fields = [(b"access-control-allow-methods", method), (b"access-control-max-age", max_age)]
    if names:
        fields.append((b"access-control-allow-headers", b", ".join(names)))
    return fields
