"""What names a user to an app is not taken from a client, at any place of a server that asks another service."""

import pytest
from carrying import exchange_of, ground

from pellucid.features.auth.forged import USUAL, Stripped, forged_feature, told_by_services
from pellucid.features.feature import Feature


@pytest.mark.parametrize("name", [b"remote-user", b"remote_user", b"x_remote-user", b"x-authenticated_user"])
def test_a_clients_own_never_passes(name: bytes) -> None:
    exchange = exchange_of(Feature(Stripped(USUAL).ask), "GET", (name, b"root"), (b"x-note", b"kept"))
    assert list(exchange.request.headers) == [(b"x-note", b"kept")]


def test_what_a_service_tells_at_one_place_no_client_tells_at_another() -> None:
    common = ground()
    told_by_services(common).add(b"x-team")
    exchange = exchange_of(forged_feature(common), "GET", (b"x_team", b"admins"), (b"remote-user", b"bob"))
    assert list(exchange.request.headers) == [(b"remote-user", b"bob")]


def test_where_no_service_is_asked_nothing_is_looked_at() -> None:
    assert forged_feature(ground()) is None
