"""Errors and redirects in the form that the client reads."""

import re

import pytest

from pellucid.apps.static.errors import ALLOW, WHY, error_answer, options, redirect
from pellucid.apps.static.policy import only_style

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("status", sorted(WHY))
def test_an_error_is_text_or_html(status: int) -> None:
    for accept, kind in (
        (None, b"text/plain"),
        (b"*/*", b"text/plain"),
        (b"image/png", b"text/plain"),
        (BROWSER, b"text/html"),
    ):
        response, body = error_answer(status, accept)
        assert response.status == status
        assert (response.headers.get(b"content-type") or b"").startswith(kind)
        assert str(status).encode() in body
        assert WHY[status].encode() in body
        assert len(body) < 1000
        assert response.headers.get(b"vary") == b"Accept"
        assert response.headers.get(b"x-content-type-options") == b"nosniff"


@pytest.mark.parametrize("status", sorted(WHY))
def test_a_page_that_is_made_here_may_wear_its_style_and_do_nothing_else(status: int) -> None:
    response, body = error_answer(status, BROWSER)
    (style,) = re.findall("<style>(.*)</style>", body.decode())
    assert response.headers.get(b"content-security-policy") == only_style(style)
    for accept, page in ((None, None), (BROWSER, (b"text/html", b"<p>own"))):
        assert b"content-security-policy" not in error_answer(status, accept, page=page)[0].headers


def test_some_errors_say_more() -> None:
    assert error_answer(405, None, ALLOW)[0].headers.get(b"allow") == b"GET, HEAD, OPTIONS"
    assert error_answer(503, None)[0].headers.get(b"retry-after") == b"1"
    assert error_answer(416, None, (b"content-range", b"bytes */5"))[0].headers.get(b"content-range") == b"bytes */5"


@pytest.mark.parametrize(
    ("accept", "own"), [(None, True), (b"*/*", True), (BROWSER, True), (b"text/plain", False), (b"image/png", True)]
)
def test_a_page_of_ones_own_is_for_all_who_do_not_prefer_text(accept: bytes | None, own: bool) -> None:
    response, body = error_answer(404, accept, page=(b"text/html; charset=utf-8", b"<p>own"))
    assert (body == b"<p>own") is own
    assert (response.headers.get(b"content-type") == b"text/html; charset=utf-8") is own


@pytest.mark.parametrize(
    ("segments", "folder", "query", "location"),
    [
        ((b"a",), True, b"", b"/a/"),
        ((b"a", b"b"), False, b"x=1&y=%20", b"/a/b?x=1&y=%20"),
        ((b"evil.example",), True, b"", b"/evil.example/"),
        ((b"a b\r\n",), True, b"", b"/a%20b%0D%0A/"),
        ((), True, b"q", b"/?q"),
    ],
)
def test_a_redirect_stays_on_this_host(
    segments: tuple[bytes, ...], folder: bool, query: bytes, location: bytes
) -> None:
    response = redirect(segments, folder=folder, query=query)
    assert response.status == 301
    assert response.headers.get(b"location") == location
    assert response.headers.get(b"cache-control") == b"no-cache"


def test_options_tells_what_may_be_asked() -> None:
    response = options()
    assert response.status == 204
    assert response.headers.get(b"allow") == b"GET, HEAD, OPTIONS"
