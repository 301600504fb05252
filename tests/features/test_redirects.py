"""Rules lead from path to path: to where they say, and nowhere else."""

import pytest

from nowhere import Nowhere
from pellucid.features.redirects import RedirectSettings, redirects_feature, rewrites_feature
from pellucid.message import Headers, Request
from pellucid.server.exchange import Exchange


def asked(target: bytes) -> Exchange:
    path, _, query = target.partition(b"?")
    return Exchange(Request("GET", target, path, query, b"example.com", Headers()), Nowhere(), 1, 0.0)


def redirected(target: bytes, *rules: str) -> tuple[int, bytes | None]:
    feature = redirects_feature(RedirectSettings(redirect=rules))
    assert feature is not None
    assert feature.ask is not None
    exchange = asked(target)
    assert feature.ask(exchange) is None
    return exchange.status, exchange.response.headers.get(b"location") if exchange.response else None


def rewritten(target: bytes, *rules: str) -> tuple[bytes, bytes]:
    feature = rewrites_feature(RedirectSettings(rewrite=rules))
    assert feature is not None
    assert feature.ask is not None
    exchange = asked(target)
    assert feature.ask(exchange) is None
    assert exchange.response is None
    assert exchange.request.target == target
    return exchange.request.path, exchange.request.query


def test_without_rules_there_is_no_feature() -> None:
    assert redirects_feature(RedirectSettings()) is rewrites_feature(RedirectSettings()) is None


@pytest.mark.parametrize(
    ("rule", "target", "expected"),
    [
        ("/old -> /new", b"/old", (307, b"/new")),
        ("/old -> /new 301", b"/old", (301, b"/new")),
        ("/old -> /new", b"/old/", (0, None)),
        ("/old -> /new", b"/older", (0, None)),
        ("/old -> /new", b"/old?a=1&b=2", (307, b"/new?a=1&b=2")),
        ("/old -> /new?", b"/old?a=1", (307, b"/new")),
        ("/old -> /new?x=1", b"/old", (307, b"/new?x=1")),
        ("/old -> /new?x=1", b"/old?a=1", (307, b"/new?x=1&a=1")),
        ("/old/* -> /new/*", b"/old/", (307, b"/new/")),
        ("/old/* -> /new/*", b"/old/a/b%20c", (307, b"/new/a/b%20c")),
        ("/old/* -> /new", b"/old/a", (307, b"/new")),
        ("/old/* -> /new/*", b"/old", (0, None)),
        ("/*.php -> /*", b"/a/b.php?q", (307, b"/a/b?q")),
        ("/*.php -> /*", b"/.ph", (0, None)),
        ("/a*a -> /b/*", b"/a", (0, None)),
        ("/a*a -> /b/*", b"/aa", (307, b"/b/")),
        ("/* -> https://www.example.com/* 308", b"/a?b", (308, b"https://www.example.com/a?b")),
        ("/* -> https://[::1]:8000/x/*", b"/a", (307, b"https://[::1]:8000/x/a")),
        ("/ -> /start", b"/", (307, b"/start")),
        ("/ -> /start", b"*", (0, None)),
    ],
)
def test_a_path_leads_elsewhere(rule: str, target: bytes, expected: tuple[int, bytes | None]) -> None:
    assert redirected(target, rule) == expected


@pytest.mark.parametrize("path", [b"/go//evil.com", b"/go/%2fevil.com", b"/go///evil.com/", b"/go/\\evil.com"])
def test_nobody_is_led_to_another_site_by_a_path(path: bytes) -> None:
    _, location = redirected(path, "/go/* -> /*")
    assert location is not None
    assert location.startswith(b"/")
    assert not location.startswith((b"//", b"/\\"))


@pytest.mark.parametrize(("rule", "path"), [("/*/old -> /*/new", b"//old"), ("/a/* -> /*/new", b"/a/")])
def test_an_empty_part_leads_to_no_other_site(rule: str, path: bytes) -> None:
    assert redirected(path, rule) == (307, b"/new")
    assert rewritten(path, rule) == (b"/new", b"")


def test_the_first_rule_that_fits_counts() -> None:
    rules = ("/a/* -> /1/*", "/a/b -> /2", "/c -> /3", "/* -> https://example.org/*")
    assert redirected(b"/a/b", *rules) == (307, b"/1/b")
    assert redirected(b"/c", *rules) == (307, b"/3")
    assert redirected(b"/d", *rules) == (307, b"https://example.org/d")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/old", "is no rule"),
        ("/old /new", "is no rule"),
        ("old -> /new", "is no rule"),
        ("/old -> /new\r\nX: y", "is no rule"),
        ("/old -> /n\u00e4w", "is no rule"),
        ("/old -> /a b", "is no rule"),
        ("/old?a -> /new", "is no rule"),
        ("/old -> new", "begins with a slash, or a URL"),
        ("/old -> ftp://example.com/", "begins with a slash, or a URL"),
        ("/old -> javascript:alert(1)", "begins with a slash, or a URL"),
        ("/* -> https://example.com*", "begins with a slash, or a URL with a path"),
        ("/* -> https://*/", "begins with a slash, or a URL with a path"),
        ("/old -> https://me@example.com/", "begins with a slash, or a URL with a path"),
        ("/old -> //example.com/", "cannot begin with two slashes"),
        ("/* -> /a?x=*", "nor have \\* in its query"),
        ("/*/* -> /a", "one \\* in FROM"),
        ("/a -> /*", "one \\* in FROM"),
        ("/old -> /new 200", "the status is one of 301, 302"),
        ("/* -> /new/*", "goes in circles"),
        ("/old -> /old?", "goes in circles"),
    ],
)
def test_a_rule_that_is_wrong_is_explained(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^--redirect: .*{why}") as error:
        redirects_feature(RedirectSettings(redirect=(text,)))
    assert "\n" not in str(error.value)


def test_rules_that_lead_to_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="goes in circles"):
        redirects_feature(RedirectSettings(redirect=("/a -> /b", "/b -> /c", "/c -> /a")))


@pytest.mark.parametrize(
    ("rule", "target", "expected"),
    [
        ("/app/* -> /index.html", b"/app/x/y?q", (b"/index.html", b"q")),
        ("/v1/* -> /api/*?version=1", b"/v1/a?b=2", (b"/api/a", b"version=1&b=2")),
        ("/* -> /site/*", b"/a%20b", (b"/site/a%20b", b"")),
        ("/x -> /y", b"/z?q", (b"/z", b"q")),
    ],
)
def test_another_path_is_served_and_the_target_stays_for_the_log(
    rule: str, target: bytes, expected: tuple[bytes, bytes]
) -> None:
    assert rewritten(target, rule) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/a -> https://example.com/", "begins with a slash$"),
        ("/a -> /b 301", "a rewrite has no status"),
    ],
)
def test_a_rewrite_stays_here(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^--rewrite: .*{why}"):
        rewrites_feature(RedirectSettings(rewrite=(text,)))
