"""Features stand in one order, and one that is off is not there."""

from typing import Any

import pytest
from carrying import answer_to, ground, request

from pellucid.features.cors import CorsSettings
from pellucid.features.forwarded import strip
from pellucid.features.headers import HeaderSettings
from pellucid.features.https import HttpsSettings
from pellucid.features.livereload import LiveReloadSettings
from pellucid.features.order import DEVELOPMENT, HTTPS, PROXIES, SETTINGS, in_order
from pellucid.message import Headers, Response


def chosen(*parts: object) -> Any:
    return {part: part() for part in (*PROXIES, *HTTPS, *DEVELOPMENT, *SETTINGS)} | {type(part): part for part in parts}


def test_what_is_off_costs_nothing_and_what_only_proxies_say_is_stripped() -> None:
    assert in_order(chosen(), ground()) == ((strip,), ())


@pytest.mark.parametrize(
    ("parts", "asks", "answers"),
    [
        ([CorsSettings(cors=("*",))], 2, 1),
        ([HeaderSettings(header=("A: b",))], 1, 1),
        ([HeaderSettings(header=("A: b",), security_headers=True), CorsSettings(cors=("*",))], 2, 3),
        ([LiveReloadSettings(reload_browser=True)], 2, 1),
        ([HttpsSettings(redirect_http=(":80",))], 2, 0),
        ([HttpsSettings(hsts=60.0)], 1, 1),
    ],
)
def test_what_is_on_is_in_the_lists(parts: list[object], asks: int, answers: int) -> None:
    asked, answered = in_order(chosen(*parts), ground())
    assert (len(asked), len(answered)) == (asks, answers)


def test_ones_own_fields_win_over_the_presets() -> None:
    headers = HeaderSettings(
        header=("X-Frame-Options: DENY", "Access-Control-Allow-Origin: null"), security_headers=True
    )
    answers = in_order(chosen(headers, CorsSettings(cors=("*",))), ground())[1]
    response = answer_to(request(), answers, Response(200), b"").response
    assert response is not None
    assert response.headers.all(b"x-frame-options") == [b"DENY"]
    assert response.headers.all(b"access-control-allow-origin") == [b"null"]
    assert b"cross-origin-resource-policy" not in response.headers
    assert isinstance(response.headers, Headers)


def test_a_policy_of_one_s_own_lets_the_script_run_that_reloads_pages() -> None:
    headers = HeaderSettings(header=("Content-Security-Policy: script-src 'none'",))
    asked = request("GET", (b"sec-fetch-dest", b"document"))
    answers = in_order(chosen(headers, LiveReloadSettings(reload_browser=True)), ground())[1]
    exchange = answer_to(asked, answers, Response(200, Headers([(b"content-type", b"text/html")])), b"page")
    assert exchange.response is not None
    assert exchange.response.headers.get(b"content-security-policy") == b"script-src http://example.com/-/reload.js"
    assert isinstance(exchange.body, bytes)
    assert b"/-/reload.js" in exchange.body
