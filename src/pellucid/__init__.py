"""Pellucid: an HTTP server in plain Python that you can see through. Here are the names that an app needs."""

from pellucid.apps.websocket import WebSocket
from pellucid.listening import tls
from pellucid.message import Headers, Request, Response
from pellucid.net.port import Port
from pellucid.server.events import EventHub, EventStream
from pellucid.server.exchange import Exchange
from pellucid.server.parking import Parking
from pellucid.server.server import Server
from pellucid.watch import Watch
from pellucid.worker import work

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
