"""The interface of an application shows in what it wants to be called with; what does not show is asked for."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from pellucid.loading.interface import interface_of


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...
async def asgi_by_number(a: Any, b: Any, c: Any) -> None: ...
def asgi_that_gives_a_coroutine(scope: Any, receive: Any, send: Any) -> Any: ...
def wsgi(environ: Any, start_response: Any) -> Any: ...
def wsgi_by_number(e: Any, s: Any) -> Any: ...
def exchange_app(exchange: Any) -> None: ...
def of_one(thing: Any) -> None: ...
def configured(settings: Any, environ: Any, start_response: Any) -> Any: ...
def of_four(a: Any, b: Any, c: Any, d: Any) -> None: ...
def open_to_all(*arguments: Any) -> None: ...
async def open_to_all_later(*arguments: Any) -> None: ...
def factory() -> Any: ...
async def of_two_later(request: Any, more: Any) -> None: ...
async def of_one_later(request: Any) -> None: ...
async def of_exchange_later(exchange: Any) -> None: ...
def asgi_2(scope: Any) -> Any: ...


def decorated(app: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(app)
    def around(*arguments: Any) -> Any:
        return app(*arguments)

    return around


class Django:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class Falcon:
    def __call__(self, env: Any, start_response: Any) -> Any: ...


class Flask:
    def wsgi_app(self, environ: Any, start_response: Any) -> Any: ...
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class Quart:
    async def asgi_app(self, scope: Any, receive: Any, send: Any) -> None: ...
    def wsgi_app(self, environ: Any, start_response: Any) -> Any: ...
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class WithDefaults:
    def __call__(self, environ: Any, start_response: Any, extra: Any = None) -> Any: ...


class WsgiByClass:
    def __init__(self, environ: Any, start_response: Any) -> None: ...
    def __iter__(self) -> Any: ...


class Endpoint:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...
    def __await__(self) -> Any: ...


class Asgi2:
    def __init__(self, scope: Any) -> None: ...
    async def __call__(self, receive: Any, send: Any) -> None: ...


class Asgi2Unnamed:
    def __init__(self, connection: Any) -> None: ...
    async def __call__(self, receive: Any, send: Any) -> None: ...


class Handler:
    async def asgi(self, scope: Any, receive: Any, send: Any) -> None: ...
    def exchange(self, exchange: Any) -> None: ...


@pytest.mark.parametrize(
    ("app", "interface"),
    [
        (asgi, "asgi"),
        (asgi_by_number, "asgi"),
        (asgi_that_gives_a_coroutine, "asgi"),
        (open_to_all_later, "asgi"),
        (decorated(asgi), "asgi"),
        (functools.partial(asgi), "asgi"),
        (Quart(), "asgi"),
        (Endpoint, "asgi"),
        (Handler().asgi, "asgi"),
        (asgi_2, "asgi"),
        (Asgi2, "asgi"),
        (Asgi2Unnamed, "asgi"),
        (wsgi, "wsgi"),
        (wsgi_by_number, "wsgi"),
        (decorated(wsgi), "wsgi"),
        (functools.partial(configured, {}), "wsgi"),
        (Django(), "wsgi"),
        (Falcon(), "wsgi"),
        (Flask(), "wsgi"),
        (WithDefaults(), "wsgi"),
        (WsgiByClass, "wsgi"),
        (lambda environ, start_response: [], "wsgi"),
        (exchange_app, "exchange"),
        (decorated(exchange_app), "exchange"),
        (lambda exchange: None, "exchange"),
        (Handler().exchange, "exchange"),
    ],
)
def test_an_application_is_told_by_looking(app: Any, interface: str) -> None:
    assert interface_of(app) == interface


@pytest.mark.parametrize(
    ("app", "complaint"),
    [
        (of_one, "say so, by --interface asgi, wsgi or exchange"),
        (of_four, "say so, by --interface"),
        (open_to_all, "say so, by --interface"),
        (type, "say so, by --interface"),
        (factory, "write () behind its name"),
        (of_two_later, "without the three arguments of ASGI"),
        (of_one_later, "say so, by --interface"),
        (of_exchange_later, "without the three arguments of ASGI"),
        ("text", "cannot be called: it is of the type str"),
        (pytest, "cannot be called: it is of the type module"),
        (None, "cannot be called"),
    ],
)
def test_what_does_not_show_is_explained(app: Any, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        interface_of(app)
    assert complaint in str(error.value)


@pytest.mark.parametrize("module", ["aiohttp.web_app", "tornado.web"])
def test_applications_of_other_servers_are_named(module: str) -> None:
    class Application:
        def __call__(self, request: Any) -> None: ...

    Application.__module__ = module
    for chosen in ("auto", "asgi"):
        with pytest.raises(ValueError, match="which speaks neither ASGI nor WSGI"):
            interface_of(Application(), chosen)


@pytest.mark.parametrize(
    ("app", "chosen"),
    [
        *[(open_to_all, chosen) for chosen in ("asgi", "wsgi", "exchange")],
        *[(dict, chosen) for chosen in ("wsgi", "exchange")],
        (of_one, "asgi"),
        (of_one, "exchange"),
        (wsgi, "asgi"),
        (wsgi, "wsgi"),
    ],
)
def test_what_is_chosen_is_believed_where_it_is_possible(app: Any, chosen: str) -> None:
    assert interface_of(app, chosen) == chosen


@pytest.mark.parametrize(
    ("app", "chosen", "complaint"),
    [
        (of_one, "wsgi", "cannot be called with environ and start_response, as --interface wsgi does"),
        (wsgi, "exchange", "cannot be called with exchange, as --interface exchange does"),
        (asgi, "wsgi", "is a coroutine function, and --interface wsgi calls plain ones"),
    ],
)
def test_what_is_chosen_and_impossible_is_explained(app: Any, chosen: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        interface_of(app, chosen)
    assert str(error.value) == complaint
