"""Logging in at a page, for as long as a session lasts, and logging out; it knows neither stores nor hashes.

What the page sends counts only with a token that its client has got, so no other site can log anybody in or out: in a
cookie before it has logged in, since strangers must not fill a store of sessions, and in its session from then on. The
id of the session is another one then.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote_from_bytes

from pellucid.features.auth.late import Late
from pellucid.features.auth.page import Pages
from pellucid.features.auth.scheme import Found, Tell, Wrong
from pellucid.features.auth.submitted import read_form, text_in
from pellucid.features.auth.ticket import given, new_ticket, taken, ticket_in
from pellucid.features.auth.verifying import Passwords
from pellucid.message import Field, Headers, Response
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held
from pellucid.server.refusal import refusal
from pellucid.session import Session
from pellucid.user import User

WHO = "pellucid.user"
"""Under which key a session has the name of its user, and what the password was kept as, in a digest."""

TOKEN = "pellucid.token"
"""Under which key it has the token of its forms."""

LONGEST_NEXT = 2048

WRONG = "That name and password do not belong together."
OLD = "This page was open for too long, or cookies are not taken. Please try once more."
OFTEN = "Too many wrong passwords. Please try again later."
BUSY = "Too many are logging in just now. Please try again in a moment."

Answer = tuple[Response, Body]


@dataclass(frozen=True, slots=True)
class Paths:
    """Where one logs in, and out."""

    login: bytes
    logout: bytes


class Form:
    """The scheme `form`, and the pages at its two paths."""

    __slots__ = ("_challenge", "_pages", "_passwords", "_paths")

    name = "form"

    def __init__(self, realm: bytes, paths: Paths, pages: Pages, passwords: Passwords) -> None:
        self._challenge = b"Form realm=" + realm
        self._paths = paths
        self._pages = pages
        self._passwords = passwords

    # As a scheme

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Look who has logged in with this session, and whether that still holds."""
        try:
            tell(self._user(exchange))
        except Exception as error:  # whatever the store of the sessions says of why it cannot be had
            tell(Wrong(f"the session cannot be had: {error}", 503, headers=Headers([(b"retry-after", b"5")])))

    def challenge(self, exchange: Exchange) -> bytes:
        """A 401 needs one (RFC 9110 section 15.5.2); browsers do not know this one, and so they ask nothing."""
        return self._challenge

    def _user(self, exchange: Exchange) -> User | None:
        session = exchange.session
        who = session.get(WHO) if session is not None else None
        if not isinstance(who, list) or len(who) != 2 or not all(isinstance(each, str) for each in who):
            return None
        name, mark = who
        # With another password, or without the user in the file, all sessions end.
        stored = self._passwords.hash_of(name)
        return User(name, "form") if stored and hmac.compare_digest(mark.encode(), mark_of(stored).encode()) else None

    # As pages

    def has(self, exchange: Exchange) -> bool:
        """Whether this path is one of its own."""
        return exchange.request.path in (self._paths.login, self._paths.logout)

    def sent_there(self, exchange: Exchange) -> Answer | None:
        """The way to the form, for a person who wants to see a page; None for a program, which cannot log in."""
        request = exchange.request
        if request.method not in ("GET", "HEAD") or not wants_page(request.headers):
            return None
        back = request.target  # and not the path, which a rewrite may have changed
        more = b"?next=" + quote_from_bytes(back, safe="/").encode() if is_here(back) and back != b"/" else b""
        return _to(self._paths.login + more)

    def serve(self, exchange: Exchange) -> Held | None:
        """Answer at one of its paths."""
        leaving = exchange.request.path == self._paths.logout
        method = exchange.request.method
        if not readable(exchange):
            exchange.respond(*refusal(503, "there is no session to log in with"))
        elif method in ("GET", "HEAD"):
            exchange.respond(*(self._leave_page(exchange) if leaving else self._login_page(exchange)))
        elif method != "POST":
            exchange.respond(*refusal(405, "", (b"allow", b"GET, HEAD, POST")))
        elif exchange.request.headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            exchange.respond(*refusal(403, "another site has sent this"))
        else:
            held = Late(exchange)
            then: Callable[[dict[str, list[str]]], None]
            then = partial(self._logout, exchange, held) if leaving else partial(self._login, exchange, held)
            read_form(exchange, held, then)
            return held.held_back()
        return None

    def _login_page(self, exchange: Exchange) -> Answer:
        back = next_in(parse_query(exchange.request.query))
        if self._user(exchange) is not None:
            return _to(back.encode())
        return self._shown(exchange, back)

    def _shown(self, exchange: Exchange, back: str, message: str = "", status: int = 200, name: str = "") -> Answer:
        request = exchange.request
        known = ticket_in(request)
        ticket = known or new_ticket()
        response, body = self._pages.login(ticket, back, message, status, name)
        return response if known else Response(status, response.headers.plus(given(request, ticket))), body

    def _leave_page(self, exchange: Exchange) -> Answer:
        user = self._user(exchange)
        if user is None:
            return _to(self._paths.login)
        assert exchange.session is not None
        return self._pages.logout(token_of(exchange.session), user.name)

    def _login(self, exchange: Exchange, held: Late, sent: dict[str, list[str]]) -> None:
        session, back = exchange.session, next_in(sent)
        assert session is not None
        if not same(ticket_in(exchange.request), text_in(sent, "token")):
            # In another tab somebody may have logged in meanwhile.
            user = self._user(exchange)
            held.answer(*(_to(back.encode()) if user else self._shown(exchange, back, OLD, 403)))
            return
        name = unicodedata.normalize("NFC", text_in(sent, "user").strip())
        told = partial(self._logged_in, exchange, held, session, back, name)
        self._passwords.verify(exchange, name, text_in(sent, "password"), "form", told)

    def _logged_in(self, exchange: Exchange, held: Late, session: Session, back: str, name: str, found: Found) -> None:
        if isinstance(found, User):
            session.renew()
            session[WHO] = [found.name, mark_of(self._passwords.hash_of(found.name))]
            session[TOKEN] = secrets.token_urlsafe(18)
            exchange.user = found
            held.answer(*_to(back.encode(), taken(exchange.request)))
            return
        assert isinstance(found, Wrong)
        exchange.why = found.why
        message = {429: OFTEN, 503: BUSY}.get(found.status, WRONG)
        status = found.status if found.status != 401 else 403  # a 401 would need a way to answer it by a field
        response, body = self._shown(exchange, back, message, status, name)
        response = Response(response.status, response.headers.plus(*found.headers))
        held.answer_late(response, body) if found.account else held.answer(response, body)

    def _logout(self, exchange: Exchange, held: Late, sent: dict[str, list[str]]) -> None:
        session = exchange.session
        assert session is not None
        user = self._user(exchange)
        if user is not None and not holds(session, text_in(sent, "token")) and not from_here(exchange):
            held.answer(*self._pages.logout(token_of(session), user.name, OLD, 403))
            return
        session.clear()
        held.answer(*_to(self._paths.login))


def readable(exchange: Exchange) -> bool:
    """Whether the session can be had just now."""
    try:
        if exchange.session is not None:
            exchange.session.mark_accessed()
    except Exception:  # whatever its store says of why it cannot; that feature notes it
        return False
    return exchange.session is not None


def token_of(session: Session) -> str:
    """The token of the forms of whoever has logged in; the same in all tabs."""
    token: Any = session.get(TOKEN)
    if not isinstance(token, str) or not token:
        token = session[TOKEN] = secrets.token_urlsafe(18)
    return str(token)


def holds(session: Session, token: str) -> bool:
    """Whether this is the token of the session."""
    kept = session.get(TOKEN)
    return isinstance(kept, str) and same(kept, token)


def same(kept: str, token: str) -> bool:
    """Whether a form was sent with the token that there is."""
    return bool(kept) and hmac.compare_digest(kept.encode(), token.encode("utf-8", "replace"))


def mark_of(stored: str) -> str:
    """What stands in a session for what is kept of a password. Nobody can guess passwords by it: the salt is in it."""
    return hashlib.blake2b(stored.encode(), digest_size=16, person=b"pellucid session").hexdigest()


def from_here(exchange: Exchange) -> bool:
    """Whether a browser says that a page of this very origin has sent it."""
    request = exchange.request
    origin = request.headers.get(b"origin")
    return bool(request.authority) and origin == request.scheme + b"://" + request.authority.lower()


def wants_page(headers: Headers) -> bool:
    """Whether a person waits for a page, and no script for data."""
    mode = headers.get(b"sec-fetch-mode")
    return b"text/html" in headers.index.get(b"accept", b"") if mode is None else mode == b"navigate"


def is_here(path: bytes) -> bool:
    """Whether a browser that is sent there stays at this site: // and /\\ would lead to others."""
    return (
        path[:1] == b"/"
        and path[1:2] != b"/"
        and b"\\" not in path
        and len(path) <= LONGEST_NEXT
        and not any(byte <= 0x20 or byte >= 0x7F for byte in path)
    )


def next_in(sent: dict[str, list[str]]) -> str:
    """Where to go after it: a path of this site, the first one where there is no other."""
    path = text_in(sent, "next")
    return path if path.isascii() and is_here(path.encode()) else "/"


def parse_query(query: bytes) -> dict[str, list[str]]:
    """What stands in a query; nothing where it cannot be read."""
    try:
        return parse_qs(query.decode("ascii"), max_num_fields=16)
    except ValueError:
        return {}


def _to(path: bytes, *more: Field) -> Answer:
    return Response(303, Headers([(b"location", path), (b"cache-control", b"no-store"), *more])), b""
