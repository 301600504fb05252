"""Pellucid: an HTTP server in plain Python that you can see through. Here are the names that an app needs."""

import typing

from pellucid.listening import tls
from pellucid.message import Headers, Request, Response
from pellucid.net.port import Port
from pellucid.server.events import EventHub, EventStream
from pellucid.server.exchange import Exchange
from pellucid.server.parking import Parking
from pellucid.server.server import Server
from pellucid.watch import Watch
from pellucid.worker import work

if typing.TYPE_CHECKING:
    from pellucid.apps.websocket import WebSocket

__version__ = "0.1.0"

__all__ = [
    "EventHub",
    "EventStream",
    "Exchange",
    "Headers",
    "Parking",
    "Port",
    "Request",
    "Response",
    "Server",
    "Watch",
    "WebSocket",
    "tls",
    "work",
]


def __getattr__(name: str) -> object:
    if name == "WebSocket":  # a process that speaks none does without the megabyte that it takes
        from pellucid.apps.websocket import WebSocket

        return WebSocket
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
