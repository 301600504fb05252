"""A request goes to its host: by its exact name, by the longest wildcard, or to the rest."""

import pytest

from nowhere import Nowhere
from pellucid.message import Headers, Request, Response
from pellucid.server.exchange import App, Exchange
from pellucid.site import KEPT, Hosts, hosted


def named(name: bytes) -> App:
    return lambda exchange: exchange.respond(Response(200), name)


def ask_host(authority: bytes, site: App) -> Exchange:
    exchange = Exchange(Request("GET", b"/", b"/", b"", authority, Headers()), Nowhere(), 1, 0.0)
    site(exchange)
    return exchange


NAMES = ("example.com", "*.example.com", "*.b.example.com", "www.example.com", "[::1]", "127.0.0.1", "*.org")
HOSTS = {name: named(name.encode()) for name in NAMES}


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        (b"example.com", b"example.com"),
        (b"example.com:8443", b"example.com"),
        (b"example.com:", b"example.com"),
        (b"Example.COM.", b"example.com"),
        (b"EXAMPLE.com.:80", b"example.com"),
        (b"www.example.com", b"www.example.com"),
        (b"a.example.com", b"*.example.com"),
        (b"a.www.example.com", b"*.example.com"),
        (b"b.example.com", b"*.example.com"),
        (b"a.b.example.com", b"*.b.example.com"),
        (b"a.b.c.example.com:1", b"*.example.com"),
        (b"x.b.b.example.com", b"*.b.example.com"),
        (b"example.org", b"*.org"),
        (b"[::1]", b"[::1]"),
        (b"[::1]:8000", b"[::1]"),
        (b"127.0.0.1:8000", b"127.0.0.1"),
    ],
)
def test_the_exact_name_has_the_request_and_then_the_longest_wildcard(authority: bytes, name: bytes) -> None:
    site = hosted(HOSTS)
    for _ in range(2):  # a second time as it is remembered
        assert ask_host(authority, site).body == name


STRANGERS = [
    b"",
    b"org",
    b"org.",
    b"com",
    b"example.net",
    b"wwwexample.com",
    b"example.com..",
    b"ex%61mple.com",
    b"[::2]",
    b"*",
    b"a" * 254 + b".example.com",
    b"a." * 30_000 + b"example.com",
]


@pytest.mark.parametrize("authority", STRANGERS)
def test_who_asks_for_no_host_that_is_there_is_of_the_rest_if_there_is_one(authority: bytes) -> None:
    assert ask_host(authority, hosted(HOSTS)).status == 421
    assert ask_host(authority, hosted(HOSTS | {"": named(b"rest")})).body == b"rest"


def test_a_wildcard_itself_is_no_name() -> None:
    assert ask_host(b"*.example.com", hosted({"*.example.com": named(b"all"), "": named(b"rest")})).body == b"all"
    assert ask_host(b"example.com", hosted({"*.example.com": named(b"all"), "": named(b"rest")})).body == b"rest"


def test_one_app_for_all_hosts_stands_alone() -> None:
    app = named(b"app")
    assert hosted({"": app}) is app


def test_what_is_remembered_of_hosts_is_bounded() -> None:
    site = Hosts({"": named(b"rest"), "a": named(b"a")})
    for number in range(3 * KEPT):
        ask_host(b"h%d" % number, site)
    assert len(site._chosen) <= KEPT
    ask_host(b"x" * 5000, site)
    assert b"x" * 5000 not in site._chosen
