"""What a fleet of workers may want done; whoever does it knows how."""

from __future__ import annotations

from typing import NamedTuple


class Start(NamedTuple):
    """Start a worker of this number."""

    number: int


class Serve(NamedTuple):
    """Let a worker that is ready accept connections."""

    number: int


class Stop(NamedTuple):
    """Let a worker leave: its requests have `grace` seconds, connections that rest have `rest`. `early` says that it is
    still starting, and hears nothing but signals.
    """

    number: int
    grace: float
    rest: float
    early: bool = False


class Halt(NamedTuple):
    """Let a worker leave at once."""

    number: int


class Trace(NamedTuple):
    """Let a worker write its stack."""

    number: int


class Kill(NamedTuple):
    """Kill a worker."""

    number: int


class Say(NamedTuple):
    """Tell the person who runs the server."""

    level: str
    text: str


class End(NamedTuple):
    """All is over: the exit status, and why no worker could start, if none could."""

    status: int
    why: str


Action = Start | Serve | Stop | Halt | Trace | Kill | Say | End
