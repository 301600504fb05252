"""The token of a page that a stranger is shown: its client keeps it, in a cookie, and nothing is kept of it here."""

from __future__ import annotations

import re
import secrets

from pellucid.message import Field, Request
from pellucid.semantics.cookies import Cookie, ended, values_of

NAME = "pellucid-login"
HOST_PREFIX = "__Host-"

TICKET = re.compile(rb"[A-Za-z0-9_-]{24}")


def new_ticket() -> str:
    """One that nobody can guess."""
    return secrets.token_urlsafe(18)


def ticket_in(request: Request) -> str:
    """The one that a client has; empty where it has none. Of several the first counts."""
    values = values_of(request.headers.get(b"cookie") or b"", _cookie(request).name.encode())
    return values[0].decode() if values and TICKET.fullmatch(values[0]) else ""


def given(request: Request, ticket: str) -> Field:
    """The field that gives it to the client."""
    return b"set-cookie", _cookie(request, ticket).field()


def taken(request: Request) -> Field:
    """The field that takes it away."""
    return b"set-cookie", ended(_cookie(request)).field()


def _cookie(request: Request, ticket: str = "") -> Cookie:
    # By https no other host can have set it, not even one beneath the same domain (6265bis 4.1.3.2).
    secure = request.scheme == b"https"
    return Cookie((HOST_PREFIX if secure else "") + NAME, ticket, secure=secure)
