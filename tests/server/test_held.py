"""A feature may hold an exchange: before the app, or with the answer on its way out."""

import pytest
from conversing import HELLO, Script, Stage, request, statuses

from nowhere import Nowhere
from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Request, Response
from pellucid.piece import Body
from pellucid.server.exchange import Answer, Exchange
from pellucid.server.held import Held
from pellucid.server.timeouts import Patience
from pellucid.site import Site


def answered(*answers: Answer, body: Body = b"body") -> Exchange:
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"", Headers()), Nowhere(), 1, 0.0)
    exchange.answers = answers
    exchange.respond(Response(200), body)
    return exchange


def mark(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
    return Response(response.status, response.headers.plus((b"x-mark", b"1"))), body


class Holding:
    def __init__(self) -> None:
        self.held: list[Held] = []

    def __call__(self, exchange: Exchange, response: Response, body: Body) -> Held:
        self.held.append(Held(exchange))
        return self.held[-1]


def test_an_answer_that_is_held_goes_through_the_features_behind_once_it_is_released() -> None:
    hold = Holding()
    exchange = answered(hold, mark)
    assert exchange.answered
    assert exchange.response is None
    hold.held[0].release()
    assert exchange.response is not None
    assert (exchange.status, exchange.body, exchange.response.headers.get(b"x-mark")) == (200, b"body", b"1")


def test_several_may_hold_it_one_after_the_other() -> None:
    first, second = Holding(), Holding()
    exchange = answered(first, mark, second)
    first.held[0].release()
    assert exchange.response is None
    second.held[0].release()
    assert exchange.status == 200


def test_another_answer_may_take_its_place() -> None:
    hold, body = Holding(), Script(b"x")
    exchange = answered(hold, mark, body=body)
    hold.held[0].release(Response(503), b"no store")
    assert (exchange.status, exchange.body, body.closed) == (503, b"no store", 1)


def test_an_answer_that_is_held_is_the_only_one() -> None:
    hold = Holding()
    exchange = answered(hold)
    with pytest.raises(WrongAnswer, match="already"):
        exchange.respond(Response(200))


def test_what_is_released_twice_goes_out_once() -> None:
    hold, second = Holding(), Script(b"x")
    exchange = answered(hold)
    hold.held[0].release()
    hold.held[0].release(Response(500), second)
    assert (exchange.status, second.closed) == (200, 1)


def test_what_is_held_before_the_app_and_released_twice_goes_on_once() -> None:
    asked: list[Exchange] = []
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"", Headers()), Nowhere(), 1, 0.0)
    held, body = Held(exchange), Script(b"x")
    Site(asked.append, (lambda exchange: held,), ())(exchange)
    held.release()
    held.release()
    held.release(Response(503), body)
    assert (asked, exchange.response, body.closed) == ([exchange], None, 1)


def test_nothing_comes_of_a_release_when_nobody_is_there_any_more() -> None:
    hold, body, other = Holding(), Script(b"x"), Script(b"y")
    exchange = answered(hold, mark, body=body)
    exchange.lose("gone")
    exchange.close_body()  # as the connection does at the end of each exchange
    hold.held[0].release(Response(200), other)
    assert exchange.response is None
    assert (body.closed, other.closed) == (1, 1)


def test_what_fails_after_a_release_is_answered_as_an_apps_fault() -> None:
    held: list[Held] = []

    def fail(response: Response | None, body: Body) -> None:
        raise ZeroDivisionError

    def app(exchange: Exchange) -> None:
        held.append(Held(exchange))
        held[0].then(fail)

    stage = Stage(app)
    client = stage.client()
    assert client.talk(HELLO) == b""
    held[0].release()
    assert statuses(client.talk()) == [500]
    assert "ZeroDivisionError" in stage.errors[0]


def test_an_answer_that_is_held_goes_out_in_its_turn_when_it_is_released() -> None:
    hold = Holding()

    def app(exchange: Exchange) -> None:
        exchange.answers = (hold,) if exchange.request.path == b"/held" else ()
        exchange.respond(Response(200), exchange.request.path)

    client = Stage(app).client()
    assert client.talk(request(path="/held") + request(path="/next")) == b""
    hold.held[0].release()
    got = client.talk()
    assert got.index(b"/held") < got.index(b"/next")


def test_an_answer_that_is_held_too_long_is_replaced() -> None:
    hold, body = Holding(), Script(b"x")

    def app(exchange: Exchange) -> None:
        exchange.answers = (hold,)
        exchange.respond(Response(200), body)

    stage = Stage(app, patience=Patience(request_timeout=5))
    client = stage.client()
    client.talk(HELLO)
    stage.wait(6)
    assert statuses(client.talk()) == [503]
    hold.held[0].release()
    assert client.talk() == b""
    assert body.closed == 1


def test_the_same_body_may_go_on_under_another_head() -> None:
    hold, body = Holding(), Script(b"x")
    exchange = answered(hold, mark, body=body)
    hold.held[0].release(Response(203), body)
    assert (exchange.status, exchange.body, body.closed) == (203, body, 0)
