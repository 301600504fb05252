"""An ASGI app as an app of exchanges, and its life; each request, or WebSocket, runs in a task of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from pellucid.apps.asgi.calling import single_callable
from pellucid.apps.asgi.conversation import Conversation
from pellucid.apps.asgi.lifespan import Lifespan
from pellucid.apps.asgi.scope import scope_of, websocket_scope_of
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.asgi.types import Running
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.watch import Watch

EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}
"""Where a task can begin at once, the answer to most requests is given within the turn that brought them."""


CLOSING = 1.0
"""How much of the time for its end is kept for the lifespan of the app, in seconds: that is always run."""


class Asgi:
    """Runs an app in tasks of this loop, which is the host of the server's reactor. `root` is the path under which
    whoever stands in front shows it.

    Contexts of tasks are copies of the one in which this is made: nothing that a request sets reaches another one.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        loop: asyncio.AbstractEventLoop,
        watch: Watch,
        settings: AsgiSettings | None = None,
        root: str = "",
        websockets: WebSocketLimits | None = None,
    ) -> None:
        settings = settings if settings is not None else AsgiSettings()
        self.loop = loop
        self._app = single_callable(app)
        self._watch = watch
        self._root = root.rstrip("/").encode()
        self._background_time = settings.background_time
        self._websockets = websockets if websockets is not None else WebSocketLimits()
        self._context = copy_context()
        self._lifespan = Lifespan(self._app, loop, watch, settings.lifespan)
        self.running: set[Running] = set()
        self._held: list[Conversation] = []
        self._ending: asyncio.Task[None] | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Begin a task that answers."""
        request = exchange.request
        if (request.upgrade or request.method == "CONNECT") and self._upgrade(exchange):
            return
        scope = scope_of(exchange, self._root, self._lifespan.state)
        conversation = Conversation(exchange, self)
        self.running.add(conversation)
        context = self._context if exchange.context is None else exchange.context
        running = conversation.run(self._app, scope)
        conversation.task = asyncio.Task(running, loop=self.loop, name="request", context=context.copy(), **EAGER)

    def _upgrade(self, exchange: Exchange) -> bool:
        # Begin a WebSocket, or refuse; answers whether that was it, and it is no ordinary request. What that takes is
        # imported by who asks first: a process whose clients speak none does without the megabyte.
        from pellucid.apps.asgi.socket_conversation import SocketConversation
        from pellucid.server.socket import offered, wanted

        request = exchange.request
        if not wanted(request):
            if request.method == "CONNECT":
                exchange.respond(*refusal(501, "there is no proxy here (RFC 9110 9.3.6)"))
            return request.method == "CONNECT"
        offer = offered(exchange)
        if offer is not None:
            scope = websocket_scope_of(exchange, self._root, self._lifespan.state, offer.subprotocols)
            conversation = SocketConversation(exchange, offer, self._websockets, self)
            self.running.add(conversation)
            context = self._context if exchange.context is None else exchange.context
            running = conversation.run(self._app, scope)
            conversation.task = asyncio.Task(running, loop=self.loop, name="websocket", context=context.copy(), **EAGER)
        return True

    # Its life

    def begin(self, begun: Callable[[str], None]) -> None:
        """Start the app, as far as it has a lifespan."""
        self._lifespan.begin(begun, self._context.copy())

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Wait a while for what still runs behind its answers, cancel it then, and stop the app."""
        if self.running:
            self._ending = self.loop.create_task(self._end(ended, min(self._background_time, within - CLOSING)))
        else:
            self._lifespan.end(ended)

    async def _end(self, ended: Callable[[], None], patience: float) -> None:
        if patience > 0 and (tasks := self._tasks()):
            await asyncio.wait(tasks, timeout=patience)
        if late := self._tasks():
            self._watch.note(
                "warning", f"background-time: {_requests(len(late))} of the app cancelled at the end of it"
            )
            for task in late:
                task.cancel()
            await asyncio.sleep(0)
        self._lifespan.end(ended)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [each.task for each in self.running if each.task is not None]

    # What its conversations ask

    def hold(self, conversation: Conversation) -> None:
        """Send a head ahead of its body, unless that comes before the task gives way."""
        if not self._held:
            self.loop.call_soon(self._let_go)
        self._held.append(conversation)

    def tell(self, exchange: Exchange, what: str) -> None:
        """Say what went wrong with a request."""
        self._watch.note("error", f"{exchange.name}: {what}")

    def _let_go(self) -> None:
        held, self._held = self._held, []
        for conversation in held:
            conversation.let_go()


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
