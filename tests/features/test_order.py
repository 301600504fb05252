"""Features stand in one order, and one that is off is not there."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from carrying import answer_to, ground, request

from pellucid.features.cors import CorsSettings
from pellucid.features.forwarded import strip
from pellucid.features.headers import HeaderSettings
from pellucid.features.https import HttpsSettings
from pellucid.features.limits import ConcurrencySettings, RateSettings
from pellucid.features.livereload import LiveReloadSettings
from pellucid.features.order import FRONT, OF_HOST, OF_PLACE, Make, Surroundings, in_order
from pellucid.features.redirects import RedirectSettings
from pellucid.features.requestids import RequestIdSettings
from pellucid.features.sessions import SessionSettings
from pellucid.message import Headers, Response
from pellucid.settings import Settings


def chosen(*parts: object) -> Settings:
    settings = Settings()
    for part in parts:
        settings = settings.having(part)
    return settings


def test_what_is_off_costs_nothing_and_what_only_proxies_say_is_stripped() -> None:
    assert in_order(FRONT, chosen(), ground()) == Surroundings((strip,))
    assert in_order(OF_HOST, chosen(), ground()) == in_order(OF_PLACE, chosen(), ground()) == Surroundings()


@pytest.mark.parametrize(
    ("makers", "parts", "asks", "answers"),
    [
        (OF_PLACE, [CorsSettings(cors=("*",))], 1, 1),
        (OF_PLACE, [HeaderSettings(header=("A: b",))], 0, 1),
        (OF_PLACE, [HeaderSettings(header=("A: b",), security_headers=True), CorsSettings(cors=("*",))], 1, 3),
        (OF_PLACE, [SessionSettings(session="memory")], 1, 1),
        (OF_PLACE, [LiveReloadSettings(reload_browser=True)], 1, 1),
        (OF_PLACE, [RateSettings(rate_limit="1/s")], 1, 0),
        (OF_PLACE, [RateSettings(rate_limit="1/s", rate_limit_key="user")], 1, 0),
        (OF_PLACE, [ConcurrencySettings(concurrency_limit=1)], 1, 0),
        (FRONT, [RequestIdSettings(request_id=True)], 2, 1),
        (OF_HOST, [RedirectSettings(redirect=("/a -> /b",), rewrite=("/c -> /d",))], 2, 0),
        (OF_HOST, [HttpsSettings(redirect_http=(":80",))], 1, 0),
        (OF_PLACE, [HttpsSettings(hsts=60.0)], 0, 1),
    ],
)
def test_what_is_on_is_in_the_lists(makers: Sequence[Make], parts: list[object], asks: int, answers: int) -> None:
    around = in_order(makers, chosen(*parts), ground())
    assert (len(around.asks), len(around.answers)) == (asks, answers)


def test_ones_own_fields_win_over_the_presets() -> None:
    headers = HeaderSettings(
        header=("X-Frame-Options: DENY", "Access-Control-Allow-Origin: null"), security_headers=True
    )
    answers = in_order(OF_PLACE, chosen(headers, CorsSettings(cors=("*",))), ground()).answers
    response = answer_to(request(), answers, Response(200), b"").response
    assert response is not None
    assert response.headers.all(b"x-frame-options") == [b"DENY"]
    assert response.headers.all(b"access-control-allow-origin") == [b"null"]
    assert b"cross-origin-resource-policy" not in response.headers
    assert isinstance(response.headers, Headers)


def test_a_policy_of_one_s_own_lets_the_script_run_that_reloads_pages() -> None:
    headers = HeaderSettings(header=("Content-Security-Policy: script-src 'none'",))
    asked = request("GET", (b"sec-fetch-dest", b"document"))
    answers = in_order(OF_PLACE, chosen(headers, LiveReloadSettings(reload_browser=True)), ground()).answers
    exchange = answer_to(asked, answers, Response(200, Headers([(b"content-type", b"text/html")])), b"page")
    assert exchange.response is not None
    assert exchange.response.headers.get(b"content-security-policy") == b"script-src http://example.com/-/reload.js"
    assert isinstance(exchange.body, bytes)
    assert b"/-/reload.js" in exchange.body


HEAVY = [
    "argon2",
    "asyncio",
    "backports",
    "bcrypt",
    "brotli",
    "cryptography",
    "http.client",
    "itsdangerous",
    "joserfc",
    "redis",
    "sqlite3",
    "ssl",
    "tomllib",
    "urllib.request",
    "zstandard",
]


def test_where_nothing_is_on_nothing_of_it_is_held() -> None:
    script = (
        f"import sys, pellucid.cli.command, pellucid.worker; sys.exit(' '.join({set(HEAVY)} & {{*sys.modules}}) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
