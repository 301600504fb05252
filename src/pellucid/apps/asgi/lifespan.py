"""An ASGI app's beginning and end: the one conversation with it that is about no request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from enum import Enum
from typing import Any

from pellucid.apps.asgi.types import VERSION, AsgiApp, Message
from pellucid.errors import WrongAnswer
from pellucid.tracebacks import in_one_line, traceback_of
from pellucid.watch import Watch


class Stage(Enum):
    """What the app was told, and what it has said to that."""

    NONE = "it was told nothing"
    ASKED = "it was called"
    STARTING = "it was told to start"
    SERVING = "it has started"
    STOPPING = "it was told to stop"
    OVER = "it has ended"


class Lifespan:
    """One app's life. `state` is what the app has put there to be handed to each request."""

    def __init__(self, app: AsgiApp, loop: asyncio.AbstractEventLoop, watch: Watch, mode: str) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._loop = loop
        self._watch = watch
        self._mode = mode
        self._stage = Stage.NONE
        self._leave: asyncio.Future[None] = loop.create_future()
        self._begun: Callable[[str], None] | None = None
        self._ended: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, begun: Callable[[str], None], context: Context) -> None:
        """Start the app; `begun` gets why it cannot serve, or nothing where it can."""
        if self._mode == "off":
            begun("")
            return
        self._begun = begun
        self._stage = Stage.ASKED
        self._task = self._loop.create_task(self._run(), context=context)

    def end(self, ended: Callable[[], None]) -> None:
        """Stop the app, if it was started, and tell when it has stopped."""
        if self._stage in (Stage.NONE, Stage.OVER):
            ended()
            return
        self._ended = ended
        self._leave.set_result(None)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": VERSION, "spec_version": "2.0"}, "state": self.state}
        why = "it returned before it had started"
        try:
            await self._app(scope, self._receive, self._send)
        except BaseException as error:  # SystemExit too: the server ends in order
            why = in_one_line(error)
            self._tell(error)
        stage, self._stage = self._stage, Stage.OVER
        if stage in (Stage.ASKED, Stage.STARTING):
            self._tell_begun(f"the app's lifespan failed: {why}" if self._mode == "on" else "")
        self._tell_ended()

    def _tell(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError) and (self._leave.done() or self._stage is Stage.SERVING):
            return  # the loop ends
        if self._stage is Stage.ASKED and self._mode == "auto":
            # Many an app knows no lifespan, and says so by an exception.
            self._watch.note("debug", f"the app has no lifespan: {in_one_line(error)}")
        elif self._stage is not Stage.OVER:
            serving = self._stage is Stage.STARTING and self._mode == "auto"
            so = "; requests are served all the same, unless --lifespan on is said" if serving else ""
            self._watch.note("error", f"the app's lifespan failed: {self._stage.value}{so}\n{traceback_of(error)}")

    async def _receive(self) -> Message:
        if self._stage is Stage.ASKED:
            self._stage = Stage.STARTING
            return {"type": "lifespan.startup"}
        if self._stage in (Stage.STOPPING, Stage.OVER):
            raise WrongAnswer("nothing comes after lifespan.shutdown")
        await asyncio.shield(self._leave)
        self._stage = Stage.STOPPING
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        why = message.get("message", "") if isinstance(message, dict) else ""
        if kind == "lifespan.startup.complete" and self._stage in (Stage.ASKED, Stage.STARTING):
            self._stage = Stage.SERVING
            self._tell_begun("")
        elif kind == "lifespan.startup.failed" and self._stage in (Stage.ASKED, Stage.STARTING):
            self._stage = Stage.OVER
            self._tell_begun(f"the app could not start: {why or 'it does not say why'}")
        elif kind == "lifespan.shutdown.complete" and self._stage is Stage.STOPPING:
            self._stage = Stage.OVER
            self._tell_ended()
        elif kind == "lifespan.shutdown.failed" and self._stage is Stage.STOPPING:
            self._stage = Stage.OVER
            self._watch.note("error", f"the app could not stop in order: {why or 'it does not say why'}")
            self._tell_ended()
        else:
            what = kind if isinstance(kind, str) else f"{message!r:.100}"
            raise WrongAnswer(f"{what} in the lifespan of an app: {self._stage.value}")

    def _tell_begun(self, why: str) -> None:
        begun, self._begun = self._begun, None
        if begun is not None:
            begun(why)

    def _tell_ended(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()
