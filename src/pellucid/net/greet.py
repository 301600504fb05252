"""What goes before the first request on a link: to tell who its client is, or TLS. It knows neither, and no HTTP."""

from __future__ import annotations

from typing import Protocol

from pellucid.net.link import ArrivingLink, Link


class Greeted(Protocol):
    """Whom a link is given to that has been greeted."""

    def __call__(self, link: Link | None, refused: str = "") -> object:
        """The link goes on, or with None it was closed instead; `refused` is why its client gets a 400 and no more."""


class Greet(Protocol):
    """How a link is greeted."""

    def __call__(self, link: ArrivingLink, greeted: Greeted) -> None:
        """Call back with the link, or with one that goes over it, now or later. Raises Exhausted."""

    def drain(self) -> None:
        """Wait no longer for those that have said nothing yet, and for the others not much longer."""

    def close(self) -> None:
        """Wait for none any longer."""
