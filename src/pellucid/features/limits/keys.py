"""For whom a limit holds: what a request counts for. It knows no limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from pellucid.features.limits.settings import USER
from pellucid.net.address import network_of
from pellucid.protocol.grammar import is_token
from pellucid.semantics.host import host_of
from pellucid.server.exchange import Exchange

Key = Callable[[Exchange], str]

ALL = "all"

LONGEST = 64
"""What is longer is told apart by its hash, so that nobody fills the memory with what they call themselves."""


def key_of(who: str) -> Key:
    """What requests count for. ValueError says what can be chosen."""
    simple: dict[str, Key] = {"address": _address, USER: _user, "host": _host, ALL: _all}
    if who in simple:
        return simple[who]
    kind, colon, name = who.partition(":")
    if kind == "header" and colon and name.isascii() and is_token(name.encode()):
        return _header(name.lower().encode())
    raise ValueError(f"{who!r} is nobody for whom a limit can hold: write address, user, host, header:NAME or all")


def _address(exchange: Exchange) -> str:
    return "a:" + network_of(exchange.peer)


def _user(exchange: Exchange) -> str:
    user = exchange.user
    return _address(exchange) if user is None else "u:" + _short(user.name)


def _host(exchange: Exchange) -> str:
    return "h:" + _short(host_of(exchange.request.authority).decode("latin-1"))


def _all(exchange: Exchange) -> str:
    return "*"


def _header(name: bytes) -> Key:
    def key(exchange: Exchange) -> str:
        value = exchange.request.headers.get(name)
        return _address(exchange) if not value else "f:" + _short(value.decode("latin-1"))

    return key


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
