"""A site asks its features before its app, and puts every answer through them."""

import pytest

from nowhere import Nowhere
from pellucid.message import Headers, Request, Response
from pellucid.server.exchange import Answer, App, Body, Exchange
from pellucid.site import surround


def mark(name: bytes) -> Answer:
    def answer(request: Request, response: Response, body: Body) -> tuple[Response, Body]:
        return Response(response.status, response.headers.plus((b"x-mark", name))), body

    return answer


def ask_for(path: bytes, site: App) -> Exchange:
    exchange = Exchange(Request("GET", path, path, b"", b"", Headers()), Nowhere(), 1, 0.0)
    site(exchange)
    return exchange


def app(exchange: Exchange) -> None:
    exchange.respond(Response(200), b"app")


def guard(exchange: Exchange) -> None:
    if exchange.request.path == b"/guarded":
        exchange.respond(Response(403), b"guard")


def unreachable(exchange: Exchange) -> None:
    assert exchange.request.path != b"/guarded"


@pytest.mark.parametrize(("path", "status", "body"), [(b"/", 200, b"app"), (b"/guarded", 403, b"guard")])
def test_the_first_who_answers_has_the_word(path: bytes, status: int, body: bytes) -> None:
    exchange = ask_for(path, surround(app, (guard, unreachable), ()))
    assert (exchange.status, exchange.body) == (status, body)


@pytest.mark.parametrize("path", [b"/", b"/guarded"])
def test_every_answer_goes_through_all_features_in_order(path: bytes) -> None:
    exchange = ask_for(path, surround(app, (guard,), (mark(b"1"), mark(b"2"))))
    assert exchange.response is not None
    assert exchange.response.headers.all(b"x-mark") == [b"1", b"2"]


def test_without_features_the_app_stands_alone() -> None:
    assert surround(app, (), ()) is app
