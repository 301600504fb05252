"""From http to https: what came in the clear is sent to the safe port, and browsers are told to remember it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pellucid.features.feature import ChangedHeaders, Feature
from pellucid.message import Field, Headers, Response
from pellucid.piece import Body
from pellucid.semantics.host import host_of
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.setting import setting

# RFC 8555 8.3: the token of a challenge is base64url, and the challenge is asked for in the clear, on port 80.
CHALLENGE = re.compile(rb"/\.well-known/acme-challenge/[A-Za-z0-9_-]{1,256}")

NOT_HERE = "only https is served here, and this request does not tell where to find it (RFC 9110 7.4)"

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class HttpsSettings:
    """How clients get from http to https, and whether they stay there."""

    redirect_http: tuple[str, ...] = setting(
        (),
        "Where else to listen, as bind has it, without TLS: every request there is answered with 308 to the same place "
        "by https, save those of ACME, by which certificates are had.",
        unit="address",
    )
    https_port: int = setting(
        0, "The port to which redirect-http sends clients, where it is not the one that this server listens on."
    )
    hsts: float = setting(
        0.0,
        "For how long browsers are to come by https only, such as 730d: the field Strict-Transport-Security on each "
        "answer that goes out by https. There is no way back but to wait, or to come by https once more and be told "
        "another time.",
        unit="seconds",
    )
    hsts_subdomains: bool = setting(False, "The same for all names beneath that of the site.")


def redirect_feature(settings: HttpsSettings) -> Feature | None:
    """The feature that sends what came by http to https."""
    if not settings.redirect_http:
        return None
    # Kept by no cache: a browser would never ask again, though another server may be there one day. HSTS is for that.
    fields: tuple[Field, ...] = ((b"cache-control", b"no-cache"), (b"content-type", b"text/plain; charset=utf-8"))
    port = b"" if settings.https_port in (0, HTTPS_PORT) else b":%d" % settings.https_port

    def ask(exchange: Exchange) -> None:
        request = exchange.request
        if request.scheme != b"http" or CHALLENGE.fullmatch(request.path):
            return
        host = host_of(request.authority)
        if not host or not request.path.startswith(b"/"):
            exchange.respond(*refusal(421, NOT_HERE))
            return
        query = b"?" + request.query if request.query else b""
        place = b"https://" + host + port + request.path + query
        exchange.respond(Response(308, Headers([(b"location", place), *fields])), b"308: this is at " + place + b"\n")

    return Feature(ask)


def hsts_feature(settings: HttpsSettings) -> Feature | None:
    """The feature that tells browsers to come by https only (RFC 6797)."""
    if not settings.hsts:
        return None
    value = b"max-age=%d" % settings.hsts + (b"; includeSubDomains" if settings.hsts_subdomains else b"")

    def completed(headers: Headers) -> Headers:
        # One field at the most (RFC 6797 section 7.1), and the app's own word comes first.
        name = b"strict-transport-security"
        return headers if name in headers else headers.plus((name, value))

    changed = ChangedHeaders(completed)

    def answer(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        # Never in the clear (RFC 6797 section 7.2).
        return changed.answer(exchange, response, body) if exchange.request.scheme == b"https" else (response, body)

    return Feature(answer=answer)
