"""What a parent answers about its workers: their metrics, whether it lives, and whether somebody serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.message import Headers, Response
from pellucid.metrics import CONTENT_TYPE
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor
from pellucid.server.exchange import Exchange
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.setting import setting
from pellucid.watch import Watch

TEXT = b"text/plain; charset=utf-8"
CONNECTIONS = 64
"""How many connections the monitor holds at the most: those who ask are few."""

PATIENCE = Patience(head_time=2.0, idle=2.0, write_stall=2.0, linger=1.0)
"""Who only holds a place gives it back soon: whoever looks whether the server lives does not wait for long."""


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Where to ask how the server fares."""

    metrics: str = setting(
        "",
        "An address, as for bind, that answers /metrics in Prometheus' text format, /-/live while the parent of the "
        "workers is well, and /-/ready with 503 while no worker serves. Without workers there will be one.",
        unit="address",
    )


class Monitor:
    """A small server in the parent. `spell` makes the metrics, `ready` tells whether somebody serves."""

    def __init__(
        self, reactor: Reactor, watch: Watch, ports: list[Port], spell: Callable[[], str], ready: Callable[[], bool]
    ) -> None:
        self._spell = spell
        self._ready = ready
        self._ports = ports
        self._server = Server(self._answer, Capacity(CONNECTIONS, 0), patience=PATIENCE, watch=watch, reactor=reactor)
        self._server.ended = lambda: None  # the parent goes on
        for port in ports:
            self._server.listen(port)

    def close(self) -> None:
        """Answer nothing more."""
        self._server.halt()

    def abandon(self) -> None:
        """In a forked child: close what the parent has open here, and tell nobody."""
        for connection in self._server.connections:
            connection.link.close()
        for port in self._ports:
            port.close()

    def _answer(self, exchange: Exchange) -> None:
        status, kind, text = self._page(exchange.request.path)
        fields = Headers([(b"content-type", kind), (b"cache-control", b"no-store")])
        if exchange.request.method not in ("GET", "HEAD"):
            status, text, fields = 405, "GET and HEAD are what there is\n", fields.plus((b"allow", b"GET, HEAD"))
        exchange.respond(Response(status, fields), text.encode())

    def _page(self, path: bytes) -> tuple[int, bytes, str]:
        if path == b"/metrics":
            return 200, CONTENT_TYPE, self._spell()
        if path == b"/-/live":
            return 200, TEXT, "live\n"
        if path == b"/-/ready":
            return (200, TEXT, "ready\n") if self._ready() else (503, TEXT, "no worker serves\n")
        return 404, TEXT, "there are /metrics, /-/live and /-/ready\n"
