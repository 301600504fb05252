"""An exchange that nothing carries, for the tests of the features."""

from nowhere import Nowhere
from pellucid.features.feature import Feature, Ground
from pellucid.message import Field, Headers, Request, Response
from pellucid.net.reactor import Reactor
from pellucid.piece import Body
from pellucid.server.exchange import Answer, Exchange


def request(method: str = "GET", *fields: Field) -> Request:
    return Request(method, b"/a", b"/a", b"", b"example.com", Headers(fields))


def answered(feature: Feature | None, fields: list[Field], *asked: Field, status: int = 200) -> list[Field]:
    """The fields of an answer after the feature has changed it."""
    assert feature is not None
    assert feature.answer is not None
    exchange = answer_to(request("GET", *asked), (feature.answer,), Response(status, Headers(fields)), b"body")
    assert exchange.response is not None
    assert (exchange.status, exchange.body) == (status, b"body")
    return list(exchange.response.headers)


def answer_to(request: Request, answers: tuple[Answer, ...], response: Response, body: Body) -> Exchange:
    """An exchange that was answered, with this done to the answer."""
    exchange = Exchange(request, Nowhere(), 1, 0.0)
    exchange.answers = answers
    exchange.respond(response, body)
    return exchange


def exchange_of(feature: Feature | None, method: str, *fields: Field) -> Exchange:
    """An exchange after the feature was asked."""
    assert feature is not None
    assert feature.ask is not None
    exchange = Exchange(request(method, *fields), Nowhere(), 1, 0.0)
    if feature.answer is not None:
        exchange.answers = (feature.answer,)
    feature.ask(exchange)
    return exchange


def ground() -> Ground:
    """Ground for features that ask nothing of it."""
    return Ground(Reactor(), lambda level, text: None)
