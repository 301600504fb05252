"""Who comes by http is sent to the same place by https, and only who came by https is told to stay there."""

import pytest
from carrying import answer_to, request

from nowhere import Nowhere
from pellucid.features.https import HttpsSettings, hsts_feature, redirect_feature
from pellucid.message import Headers, Request, Response
from pellucid.server.exchange import Exchange


def asked(path: bytes, *, port: int = 443, authority: bytes = b"example.com", scheme: bytes = b"http") -> Exchange:
    """An exchange for this path and its query, after the feature was asked."""
    plain, _, query = path.partition(b"?")
    head = Request("GET", path, plain, query, authority, Headers([(b"host", authority)]), scheme=scheme)
    exchange = Exchange(head, Nowhere(), 1, 0.0)
    feature = redirect_feature(HttpsSettings(redirect_http=(":80",), https_port=port))
    assert feature is not None
    assert feature.ask is not None
    assert feature.answer is None
    feature.ask(exchange)
    return exchange


@pytest.mark.parametrize(
    ("authority", "path", "port", "location"),
    [
        (b"example.com", b"/", 443, b"https://example.com/"),
        (b"example.com", b"/", 0, b"https://example.com/"),
        (b"example.com:80", b"/a%20b?c=d&e", 443, b"https://example.com/a%20b?c=d&e"),
        (b"example.com:8080", b"/a", 8443, b"https://example.com:8443/a"),
        (b"192.0.2.7:80", b"/", 443, b"https://192.0.2.7/"),
        (b"[2001:db8::7]", b"/", 443, b"https://[2001:db8::7]/"),
        (b"[::1]:8080", b"/", 8443, b"https://[::1]:8443/"),
        (b"example.com", b"//evil.example/", 443, b"https://example.com//evil.example/"),
        (b"example.com", b"/@evil.example", 443, b"https://example.com/@evil.example"),
    ],
)
def test_host_path_and_query_stay_as_they_are(authority: bytes, path: bytes, port: int, location: bytes) -> None:
    response = asked(path, port=port, authority=authority).response
    assert response is not None
    assert response.status == 308
    assert response.headers.all(b"location") == [location]


@pytest.mark.parametrize(
    "path",
    [b"/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", b"/.well-known/acme-challenge/a"],
)
def test_the_challenges_of_certificate_authorities_are_let_through(path: bytes) -> None:
    assert asked(path).response is None


@pytest.mark.parametrize(
    "path",
    [
        b"/.well-known/acme-challenge/",
        b"/.well-known/acme-challenge/../../secret",
        b"/.well-known/acme-challenge/a/b",
        b"/.well-known/acme-challenge/%61",
        b"/%2ewell-known/acme-challenge/a",
        b"/.well-known/other",
        b"/x/.well-known/acme-challenge/a",
    ],
)
def test_nothing_else_is_served_in_the_clear(path: bytes) -> None:
    assert asked(path).status == 308


@pytest.mark.parametrize(("path", "authority"), [(b"/", b""), (b"*", b"example.com"), (b"", b"example.com:443")])
def test_what_has_no_place_by_https_is_refused(path: bytes, authority: bytes) -> None:
    assert asked(path, authority=authority).status == 421


def test_what_came_by_https_goes_on() -> None:
    assert asked(b"/", scheme=b"https").response is None


def test_without_a_port_in_the_clear_there_is_no_feature() -> None:
    assert redirect_feature(HttpsSettings()) is None
    assert hsts_feature(HttpsSettings(hsts_subdomains=True)) is None


def told(scheme: bytes, settings: HttpsSettings, *fields: tuple[bytes, bytes]) -> list[bytes]:
    """What is told of HSTS to who came by this scheme."""
    feature = hsts_feature(settings)
    assert feature is not None
    assert feature.answer is not None
    head = request()
    head.scheme = scheme
    exchange = answer_to(head, (feature.answer,), Response(200, Headers(fields)), b"body")
    assert exchange.response is not None
    assert (exchange.status, exchange.body) == (200, b"body")
    return exchange.response.headers.all(b"strict-transport-security")


def test_browsers_are_told_to_stay_by_https_and_never_in_the_clear() -> None:
    assert told(b"https", HttpsSettings(hsts=63072000.0)) == [b"max-age=63072000"]
    assert told(b"https", HttpsSettings(hsts=60.0, hsts_subdomains=True)) == [b"max-age=60; includeSubDomains"]
    assert told(b"http", HttpsSettings(hsts=60.0)) == []


def test_an_app_has_its_own_mind_about_it() -> None:
    own = (b"strict-transport-security", b"max-age=0")
    assert told(b"https", HttpsSettings(hsts=60.0), own) == [b"max-age=0"]
