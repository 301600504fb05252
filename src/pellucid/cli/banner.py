"""What a person reads when the server starts: what is served, where, and how to stop it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from pellucid import __version__
from pellucid.authority import how_to_trust
from pellucid.loading import Folder
from pellucid.net.address import reachable
from pellucid.plan import Place, Plan

MOST = 6
"""How many of the places are named."""


@dataclass(frozen=True, slots=True)
class Where:
    """The addresses at which the site is served, by TLS or not, and those that lead there. `authority` is the file of
    what clients must trust for it, where that was made on this machine, and `made` says that they cannot yet.
    """

    addresses: Sequence[str]
    tls: bool = False
    redirected: Sequence[str] = ()
    authority: str = ""
    made: bool = False


def banner(plan: Plan, where: Where, colours: bool, *, kinds: Sequence[str] = (), workers: int = 0) -> str:
    """The banner's lines. `kinds` are what the apps of the plan's places turned out to be, where that is known;
    `workers` is 0 where one process does it all.
    """
    known = _lines(where)
    width = max(len(address) for address, _ in known)
    lines = [
        _what(plan, kinds, workers),
        *(
            f"  {click.style(f'{address:{width}}', fg='cyan')}  {click.style(note, dim=True)}"
            for address, note in known
        ),
        *_trust(where),
        click.style("Ctrl+C stops it.", dim=True),
    ]
    return "\n".join(line if colours else click.unstyle(line).rstrip() for line in lines)


def in_one_line(plan: Plan, where: Where, *, kinds: Sequence[str] = (), workers: int = 0) -> str:
    """The same for a log that programs read."""
    trust = f"; clients are to trust {where.authority}" if where.authority else ""
    return (
        f"{click.unstyle(_what(plan, kinds, workers))} at {', '.join(address for address, _ in _lines(where))}{trust}"
    )


def wants_colours(terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to colour: on a terminal that can, if nobody has asked for none (no-color.org)."""
    return terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _what(plan: Plan, kinds: Sequence[str], workers: int) -> str:
    many = "" if not workers else " by 1 worker" if workers == 1 else f" by {workers} workers"
    said = f", as {_printable(plan.file)} says" if plan.file else ""
    return f"{click.style('Pellucid', bold=True)} {__version__} serves {_names(plan.places, kinds)}{many}{said}"


def _lines(where: Where) -> list[tuple[str, str]]:
    # Where to find what is served, and a word about each.
    scheme = "https" if where.tls else "http"
    served = [line for address in where.addresses for line in _find(address, scheme, "")]
    leading = [line for address in where.redirected for line in _find(address, "http", "leads to https")]
    return served + leading


def _find(address: str, scheme: str, note: str) -> list[tuple[str, str]]:
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        return [(address, note or f"curl --unix-socket {shlex.quote(path)} {scheme}://localhost/")]
    return [
        (f"{scheme}://{each}/", note or ("from this machine" if _loopback(each) else "from the network"))
        for each in reachable(address)
    ]


def _trust(where: Where) -> list[str]:
    # At length where it is new, since nobody can have trusted it before.
    if not where.authority:
        return []
    name = _path(where.authority)
    if not where.made:
        return [click.style(f"Clients trust it with {name}.", dim=True)]
    ways = how_to_trust(where.authority)
    width = max(len(who) for who, _ in ways)
    return ["Its authority was made for this machine. To trust it:", *(f"  {who:{width}}  {how}" for who, how in ways)]


def _loopback(address: str) -> bool:
    return address.startswith(("127.", "[::1]"))


# How a kind stands behind a name; a folder shows what it is.
_KINDS = {"asgi": " (ASGI)", "wsgi": " (WSGI)", "exchange": " (an exchange app)"}


def _names(served: Sequence[Place], kinds: Sequence[str]) -> str:
    named = [pair for pair in zip(served, kinds or [""] * len(served), strict=True) if pair[0].serves is not None]
    alone = len(named) == 1 and not named[0][0].host and not named[0][0].mount
    names = [
        ("" if alone else f"{place.host}{place.mount or '/'} = ")
        + click.style(_name(place), bold=True)
        + _KINDS.get(kind, "")
        for place, kind in named
    ]
    more = len(names) - MOST
    if more > 1:
        names[MOST:] = [f"and {more} places more"]
    return ", ".join(names) or "nothing but answers of its own"


def _name(place: Place) -> str:
    return _path(place.serves.path) if isinstance(place.serves, Folder) else str(place.serves)


def _path(folder: str) -> str:
    path, home = os.path.abspath(folder), os.path.expanduser("~")
    if path.startswith(home.rstrip("/") + "/"):
        path = "~" + path[len(home.rstrip("/")) :]
    return _printable(path)


def _printable(path: str) -> str:
    return path if path.isprintable() else ascii(path)
