"""The chat of the examples in a real browser: what is said by one carrier is heard by all three."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certifying import Authority
from chromium import Chromium, Page
from serving import Serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "chat"
CARRIERS = ("poll", "events", "socket")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> str:
    return authority.pair("localhost", "127.0.0.1").option


@pytest.fixture(scope="module")
def browser(authority: Authority) -> Iterator[Chromium]:
    with Chromium(authority.path) as browser:
        yield browser


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.page() as page:
        yield page


def chat(*options: str) -> Serving:
    return Serving(Path("chat:app"), "--app-dir", str(EXAMPLE), *options)


def visit(page: Page, server: Serving) -> None:
    """Open the page, which is never loaded to its end, and wait until all carriers are there."""
    page.call("Page.navigate", url=f"{server.url}/")
    wait_for(page, "document.querySelectorAll('.carriers .on').length === 3")


def wait_for(page: Page, condition: str) -> None:
    """Wait until something is so in the page."""
    deadline = time.monotonic() + 15
    while not page.evaluate(
        f"new Promise(done => {{ let left = 100; const look = () => ({condition}) || !left-- ? done({condition})"
        " : setTimeout(look, 20); look(); })"
    ):
        assert time.monotonic() < deadline, f"waited in vain for {condition}: {heard(page)}, {page.complaints}"


def heard(page: Page) -> dict[str, list[str]]:
    """What each carrier has brought, without how long it took."""
    got: dict[str, list[str]] = page.evaluate(
        f"Object.fromEntries({json.dumps(CARRIERS)}.map(carrier => [carrier, [...document.querySelectorAll("
        "`#${carrier} li`)].map(item => [...item.childNodes].slice(0, 3).map(node => node.textContent).join(''))]))"
    )
    return got


def say(page: Page, name: str, text: str, by: str = "post") -> None:
    """As a person does, with the keyboard and the mouse."""
    for field, value in (("name", name), ("text", text)):
        page.evaluate(f"document.forms.say.elements.{field}.value = ''; document.forms.say.elements.{field}.focus()")
        page.call("Input.insertText", text=value)
    page.click(f"input[value={by}]")
    page.click("button")


def costs(page: Page) -> dict[str, dict[str, Any]]:
    """What the table is made of."""
    got: dict[str, dict[str, Any]] = page.evaluate("fetch('costs').then(answer => answer.json())")
    return got


def all_have(count: int) -> str:
    return f"[...document.querySelectorAll('.messages')].every(list => list.children.length === {count})"


WAYS = [
    pytest.param((), "http/1.1", id="http, HTTP/1.1"),
    pytest.param(("--no-http2",), "http/1.1", id="https, HTTP/1.1"),
    pytest.param(("",), "h2", id="https, HTTP/2"),
]


@pytest.mark.parametrize(("options", "protocol"), WAYS)
def test_what_is_said_by_one_is_heard_by_all_three(
    page: Page, browser: Chromium, pair: str, options: tuple[str, ...], protocol: str
) -> None:
    chosen = (*(("--tls", pair) if options else ()), *filter(None, options))
    with chat(*chosen) as server, browser.page() as other:
        visit(page, server)
        visit(other, server)
        say(page, "Ada", "by POST: <b>1 & 2</b>")
        wait_for(page, all_have(1))
        wait_for(other, all_have(1))
        say(other, "Bo", "by WebSocket: 世界 🌍", by="socket")
        wait_for(page, all_have(2))
        wait_for(other, all_have(2))
        everything = ["Ada by POST: <b>1 & 2</b>", "Bo by WebSocket: 世界 🌍"]
        for each in (page, other):
            assert heard(each) == dict.fromkeys(CARRIERS, everything)
            assert each.complaints == []
            assert {load.protocol for load in each.loads if load.ended and load.protocol} == {protocol}
        table = costs(page)
        for carrier in CARRIERS:
            assert (table[carrier]["open"], table[carrier]["messages"]) == (2, 4)
            assert table[carrier]["sent"] > 4 * 60
        assert table["poll"]["requests"] >= 6 > table["events"]["requests"] == table["socket"]["requests"] == 2
        assert table["socket"]["sent"] < table["events"]["sent"] < table["poll"]["sent"]
        server.finish(noted="stopping: ")
    sockets = {(line["method"], line["status"]) for line in server.log if line["target"].startswith("/socket?")}
    assert sockets == ({("CONNECT", 200)} if protocol == "h2" else {("GET", 101)})


def test_after_the_server_was_away_all_come_back_and_have_missed_nothing(page: Page) -> None:
    with chat() as first:
        visit(page, first)
        say(page, "Ada", "before")
        wait_for(page, all_have(1))
        address = f"127.0.0.1:{first.port}"
        first.finish(noted="stopping: ")
        wait_for(page, "document.querySelectorAll('.carriers .off').length === 3")
    with chat("--bind", address):
        wait_for(page, "document.querySelectorAll('.carriers .on').length === 3")
        say(page, "Ada", "after")
        wait_for(page, all_have(2))
        assert heard(page) == {carrier: ["Ada before", "Ada after"] for carrier in CARRIERS}


def test_it_is_good_to_look_at_and_can_be_used_without_a_mouse(page: Page) -> None:
    with chat() as server:
        visit(page, server)
        for name, text, by in [
            ("Ada", "Is anybody there?", "post"),
            ("Bo", "Three times, it seems.", "socket"),
            ("Ada", "The right one was first, by a hair.", "post"),
        ]:
            said = page.evaluate("document.querySelectorAll('#poll li').length")
            say(page, name, text, by)
            wait_for(page, all_have(said + 1))
        wait_for(page, "document.querySelector('#cost-socket').children.length === 8")
        wait_for(page, "document.querySelector('#cost-events td:nth-of-type(3)').textContent === '3'")
        for scheme in ("light", "dark"):
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            page.screenshot(f"chat-{scheme}")
        page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
        page.screenshot("chat-narrow")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        names = page.evaluate(
            "[...document.querySelectorAll('input, button, ol')].map(each =>"
            " each.getAttribute('aria-label') || (each.labels?.[0] ?? each).textContent.trim())"
        )
        assert all(names)
        assert page.evaluate("document.querySelectorAll('[aria-live=polite]').length") == 1
        assert page.complaints == []
