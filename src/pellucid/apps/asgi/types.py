"""The words of the ASGI specification as types; it knows no exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

VERSION = "3.0"


class Running(Protocol):
    """A call of an app, and the task in which it runs."""

    task: asyncio.Task[None] | None

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Call the app and see to its end. Raises nothing."""
