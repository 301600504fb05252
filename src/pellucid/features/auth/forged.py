"""Fields that name a user to an app; a client's own never pass. It knows neither schemes nor rules."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.features.feature import Feature, Ground
from pellucid.server.exchange import Exchange

USUAL: frozenset[bytes] = frozenset(
    (b"remote-user", b"x-remote-user", b"x-forwarded-user", b"x-authenticated-user", b"auth-type")
)
"""What apps take for the name of a user whom somebody in front has found out."""


class Stripped:
    """Takes fields of these names away, however dashes and underscores are mixed: many apps make one name of both."""

    __slots__ = ("_names",)

    def __init__(self, names: Iterable[bytes]) -> None:
        self._names = frozenset(map(_dashed, names))

    def ask(self, exchange: Exchange) -> None:
        """Take them out of the request."""
        headers = exchange.request.headers
        forged = [name for name in headers.index if _dashed(name) in self._names]
        if forged:
            exchange.request.headers = headers.without(*forged)


def told_by_services(ground: Ground) -> set[bytes]:
    """The names of the fields by which other services tell of users, at any place of this server."""
    return ground.shared("fields that services tell", set)


def forged_feature(ground: Ground) -> Feature | None:
    """The feature that takes those away at all places: an app that has one with such a service, and one without, would
    believe at the latter what a client says. To be made when all places have theirs.
    """
    names = told_by_services(ground)
    return Feature(Stripped(names).ask) if names else None


def _dashed(name: bytes) -> bytes:
    return name.replace(b"_", b"-")
