"""Tests of how apps are called: in one way, or in the two of version 2."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from conversing import statuses

from hosting import Host, answer
from pellucid.apps.asgi.calling import single_callable
from pellucid.apps.asgi.types import Receive, Scope, Send

app = answer()


class AsClass:
    """Of version 2: made with the scope, then called."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, receive: Receive, send: Send) -> None:
        await app(self.scope, receive, send)


class AsObject:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)


def as_function(scope: Scope) -> Callable[..., Any]:
    return functools.partial(app, scope)


@pytest.mark.parametrize(
    "made",
    [
        app,
        AsObject(),
        AsClass,
        as_function,
        functools.partial(app),
        lambda scope, receive, send: app(scope, receive, send),
    ],
)
def test_an_app_is_called_as_it_is_made(host: Callable[..., Host], made: Any) -> None:
    assert statuses(host(made).ask()) == [200]


@pytest.mark.parametrize("made", [lambda: None, lambda environ, start_response: None, 7])
def test_what_is_called_otherwise_is_none(made: Any) -> None:
    with pytest.raises(TypeError, match="no ASGI app"):
        single_callable(made)


def test_what_tells_no_signature_is_taken_as_version_3() -> None:
    written_in_c: Any = dict
    assert single_callable(written_in_c) is written_in_c
