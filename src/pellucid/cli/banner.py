"""What a person reads when the server starts: what is served, where, and how to stop it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

import click

from pellucid import __version__
from pellucid.loading import Folder, Target
from pellucid.net.address import reachable


def banner(
    targets: Sequence[Target], addresses: Sequence[str], colours: bool, *, kinds: Sequence[str] = (), workers: int = 0
) -> str:
    """The banner's lines. `addresses` are those of the ports, `kinds` what the targets turned out to be, where that is
    known; `workers` is 0 where one process does it all.
    """
    places = [place for address in addresses for place in _places(address)]
    width = max(len(where) for where, _ in places)
    lines = [
        _what(targets, kinds, workers),
        *(f"  {click.style(f'{where:{width}}', fg='cyan')}  {click.style(note, dim=True)}" for where, note in places),
        click.style("Ctrl+C stops it.", dim=True),
    ]
    return "\n".join(line if colours else click.unstyle(line).rstrip() for line in lines)


def in_one_line(
    targets: Sequence[Target], addresses: Sequence[str], *, kinds: Sequence[str] = (), workers: int = 0
) -> str:
    """The same for a log that programs read."""
    places = ", ".join(where for address in addresses for where, _ in _places(address))
    return f"{click.unstyle(_what(targets, kinds, workers))} at {places}"


def wants_colours(terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to colour: on a terminal that can, if nobody has asked for none (no-color.org)."""
    return terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _what(targets: Sequence[Target], kinds: Sequence[str], workers: int) -> str:
    many = "" if not workers else " by 1 worker" if workers == 1 else f" by {workers} workers"
    return f"{click.style('Pellucid', bold=True)} {__version__} serves {_names(targets, kinds)}{many}"


def _places(address: str) -> list[tuple[str, str]]:
    # Where to find what listens at an address, and a word about it.
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        return [(address, f"curl --unix-socket {shlex.quote(path)} http://localhost/")]
    found = reachable(address)
    return [(f"http://{each}/", "from this machine" if _loopback(each) else "from the network") for each in found]


def _loopback(address: str) -> bool:
    return address.startswith(("127.", "[::1]"))


# How a kind stands behind a name; a folder shows what it is.
_KINDS = {"asgi": " (ASGI)", "wsgi": " (WSGI)", "exchange": " (an exchange app)"}


def _names(targets: Sequence[Target], kinds: Sequence[str]) -> str:
    placed = len(targets) > 1 or bool(targets[0].mount)
    return ", ".join(
        (f"{target.mount or '/'} = " if placed else "") + click.style(_name(target), bold=True) + _KINDS.get(kind, "")
        for target, kind in zip(targets, kinds or [""] * len(targets), strict=True)
    )


def _name(target: Target) -> str:
    return _path(target.serves.path) if isinstance(target.serves, Folder) else str(target.serves)


def _path(folder: str) -> str:
    path, home = os.path.abspath(folder), os.path.expanduser("~")
    if path.startswith(home.rstrip("/") + "/"):
        path = "~" + path[len(home.rstrip("/")) :]
    return path if path.isprintable() else ascii(path)
