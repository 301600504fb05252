"""An exchange that nothing carries, for the tests of the features."""

from nowhere import Nowhere
from pellucid.features.feature import Feature
from pellucid.message import Field, Headers, Request, Response
from pellucid.server.exchange import Exchange


def request(method: str = "GET", *fields: Field) -> Request:
    return Request(method, b"/a", b"/a", b"", b"example.com", Headers(fields))


def answered(feature: Feature | None, fields: list[Field], *asked: Field, status: int = 200) -> list[Field]:
    """The fields of an answer after the feature has changed it."""
    assert feature is not None
    assert feature.answer is not None
    response, body = feature.answer(request("GET", *asked), Response(status, Headers(fields)), b"body")
    assert (response.status, body) == (status, b"body")
    return list(response.headers)


def exchange_of(feature: Feature | None, method: str, *fields: Field) -> Exchange:
    """An exchange after the feature was asked."""
    assert feature is not None
    assert feature.ask is not None
    exchange = Exchange(request(method, *fields), Nowhere(), 1, 0.0)
    if feature.answer is not None:
        exchange.answers = (feature.answer,)
    feature.ask(exchange)
    return exchange
