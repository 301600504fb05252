"""How an ASGI app is called: version 3 takes one call, version 2 took two; it knows neither messages nor exchanges."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pellucid.apps.asgi.types import AsgiApp, Receive, Scope, Send


def single_callable(app: Callable[..., Any]) -> AsgiApp:
    """The app as version 3 has it; one of version 2 is adapted. TypeError where it can be called in neither way."""
    if _takes(app, 3):
        return app
    if _takes(app, 1):
        return _adapted(app)
    raise TypeError(f"{app!r} is no ASGI app: it is not called with scope, receive and send")


def _takes(app: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(app).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # what is written in C tells no signature
        return True
    return True


def _adapted(app: Callable[..., Any]) -> AsgiApp:
    async def called_twice(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope)(receive, send)

    return called_twice
