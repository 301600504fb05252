"""Which interface an application speaks, told by looking at it; it calls nothing."""

from __future__ import annotations

import functools
import inspect
from typing import Any

ASGI, WSGI, EXCHANGE = "asgi", "wsgi", "exchange"

# By the name of the first argument most applications give themselves away, and by their number the others; one alone
# has too many functions.
_BY_NAME = {"scope": ASGI, "environ": WSGI, "env": WSGI, "exchange": EXCHANGE}
_BY_NUMBER = {3: ASGI, 2: WSGI}

# What is given to an application that is said to be one of these.
_ARGUMENTS = {WSGI: ("environ", "start_response"), EXCHANGE: ("exchange",)}

# They can be called with a fitting number of arguments, and are still no applications of ours.
_OTHERS = {"aiohttp": "an aiohttp application", "tornado": "a Tornado application"}

_UNCLEAR = "does not show what it speaks: say so, by --interface asgi, wsgi or exchange"
_FACTORY = "takes no arguments: if it makes the application, write () behind its name"
_OTHER_COROUTINE = (
    "is a coroutine function without the three arguments of ASGI, which are scope, receive and send;"
    " an app of an exchange is a plain function"
)


def interface_of(app: Any, chosen: str = "auto") -> str:
    """ASGI, WSGI or EXCHANGE; the chosen one, if any. ValueError says, as the rest of a sentence, why it is none."""
    if not callable(app):
        raise ValueError(f"cannot be called: it is of the type {type(app).__name__}")
    maker = type(app).__module__.partition(".")[0]
    if maker in _OTHERS:
        raise ValueError(f"is {_OTHERS[maker]}, which speaks neither ASGI nor WSGI")
    try:
        signature = inspect.signature(app)
    except (ValueError, TypeError):  # a builtin's, which does not tell
        signature = None
    if chosen != "auto":
        return _possible(app, signature, chosen)
    if signature is None:
        raise ValueError(_UNCLEAR)
    return _told_by(app, signature)


def _possible(app: Any, signature: inspect.Signature | None, chosen: str) -> str:
    # What carries an ASGI application looks by itself: there are two kinds of them.
    arguments = _ARGUMENTS.get(chosen)
    if arguments is None:
        return chosen
    if _is_coroutine(app):
        raise ValueError(f"is a coroutine function, and --interface {chosen} calls plain ones")
    try:
        if signature is not None:
            signature.bind(*arguments)
    except TypeError:
        raise ValueError(f"cannot be called with {' and '.join(arguments)}, as --interface {chosen} does") from None
    return chosen


def _told_by(app: Any, signature: inspect.Signature) -> str:
    required = _required(signature)
    if _is_asgi_2(app, required):
        return ASGI
    coroutine = _is_coroutine(app)
    if not required:
        if not signature.parameters:
            raise ValueError(_FACTORY)
        if not coroutine:  # *arguments alone, as a careless decorator has them
            raise ValueError(_UNCLEAR)
        return ASGI
    interface = _BY_NAME.get(required[0].lstrip("_"), _BY_NUMBER.get(len(required)))
    if interface is None:
        raise ValueError(_UNCLEAR)
    if coroutine and (interface != ASGI or len(required) != 3):
        raise ValueError(_OTHER_COROUTINE)
    return interface


def _required(signature: inspect.Signature) -> list[str]:
    """The names of the arguments that must be given, by their place."""
    placed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        each.name
        for each in signature.parameters.values()
        if each.kind in placed and each.default is inspect.Parameter.empty
    ]


def _is_asgi_2(app: Any, required: list[str]) -> bool:
    # Version 2 is called twice: with the scope, and what that gives with receive and send.
    if required == ["scope"]:
        return True
    return inspect.isclass(app) and len(required) == 1 and inspect.iscoroutinefunction(app.__call__)


def _is_coroutine(app: Any) -> bool:
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.isclass(app):  # calling it makes an instance, which may be awaitable
        return False
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(app.__call__)
