"""A request has one name, for the app, the client and the log; only a trusted proxy can choose it."""

import pytest
from carrying import answered, exchange_of

from pellucid.features.requestids import NAME, RequestIdSettings, request_id_feature
from pellucid.message import Field

ON = RequestIdSettings(request_id=True)


def test_without_the_setting_there_is_no_feature() -> None:
    assert request_id_feature(RequestIdSettings()) is None


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [(NAME, b"forged")],
        [(NAME, b"forged"), (b"x_request_id", b"forged"), (b"x-request_id", b"forged"), (NAME, b"again")],
    ],
)
def test_an_app_is_told_the_name_and_nothing_else_in_its_place(sent: list[Field]) -> None:
    exchange = exchange_of(request_id_feature(ON), "GET", (b"a", b"b"), *sent)
    assert exchange.request.headers.fields == ((b"a", b"b"), (NAME, b"one"))
    assert exchange.request_id == "one"


@pytest.mark.parametrize("given", [[], [(NAME, b"of the app")]])
def test_a_client_is_told_the_name(given: list[Field]) -> None:
    fields = answered(request_id_feature(ON), [(b"a", b"b"), *given])
    assert fields == [(b"a", b"b"), (NAME, b"one")]
