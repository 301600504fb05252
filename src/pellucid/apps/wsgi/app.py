"""Runs a WSGI app (PEP 3333): each request with its body whole, on a pool of threads or in the loop itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from pellucid.apps.wsgi.body import Receiving
from pellucid.apps.wsgi.call import Shared, WsgiApp
from pellucid.apps.wsgi.environ import Environs
from pellucid.apps.wsgi.errors import ErrorStream
from pellucid.apps.wsgi.inline import InlineCall
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.apps.wsgi.threaded import ThreadedCall
from pellucid.net.reactor import Reactor
from pellucid.net.threads import Pool
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.watch import Watch

UNBOUNDED = 1 << 62

QUIET = 10.0
"""For how long it is not said again that the queue is full, in seconds."""


class Wsgi:
    """The app of a site that runs a WSGI app. `multiprocess` says whether other processes run it too."""

    def __init__(
        self, app: WsgiApp, reactor: Reactor, watch: Watch, settings: WsgiSettings, multiprocess: bool, root: str = ""
    ) -> None:
        self._settings = settings
        self._quiet_until = 0.0
        errors = ErrorStream(lambda text: reactor.post(lambda: watch.note("error", text)))
        environs = Environs(errors, settings.threads > 0, multiprocess, root)
        self._shared = Shared(app, environs, errors, reactor, watch)
        waiting = settings.request_queue or UNBOUNDED
        self._pool = Pool(reactor, settings.threads, waiting) if settings.threads else None

    # Its life

    def begin(self, begun: Callable[[str], None]) -> None:
        """Threads are started as they are needed, so there is nothing to wait for."""
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Let the threads go: at once, or as soon as what they run comes to an end."""
        if self._pool is None:
            ended()
        else:
            self._pool.stop(ended)

    # Its requests

    def __call__(self, exchange: Exchange) -> None:
        pool, request = self._pool, exchange.request
        if request.method == "CONNECT":
            exchange.respond(*refusal(501, "no tunnel leads through a WSGI application"))
        elif pool is not None and pool.full:
            self._refuse(exchange)
        elif not request.complete:
            Receiving(exchange, self._settings.body_memory, self._received).begin()
        elif pool is None:
            InlineCall(self._shared, exchange, io.BytesIO(), None).run()
        else:
            pool.submit(ThreadedCall(self._shared, exchange, io.BytesIO(), None, pool))

    def _received(self, exchange: Exchange, body: BinaryIO, length: int) -> None:
        pool = self._pool
        told = length if exchange.request.length is None else None  # else the head has said it
        if pool is None:
            InlineCall(self._shared, exchange, body, told).run()
        elif pool.full:
            body.close()
            self._refuse(exchange)
        else:
            pool.submit(ThreadedCall(self._shared, exchange, body, told, pool))

    def _refuse(self, exchange: Exchange) -> None:
        why = f"request-queue: {self._settings.request_queue} requests wait for a thread already"
        if exchange.now >= self._quiet_until:
            self._quiet_until = exchange.now + QUIET
            self._shared.watch.note("warning", why)
        exchange.why = why
        exchange.respond(*refusal(503, why))
