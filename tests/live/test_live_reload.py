"""Development as it is done: a file is saved, the code answers anew, and the pages that are open show it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, Page
from running import PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(90)]

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"version 0"]
"""


# Without the log of requests: nobody reads it, and a worker waits a while at its end for somebody who does.
COMMAND = ("serve", "main:app", "--reload", "--bind", "0", "--access-log", "off")


def answers(server: Running, text: bytes) -> float:
    """Wait for an answer with this text; how long it took, in seconds."""
    began = time.monotonic()
    while text not in server.get():
        assert time.monotonic() - began < PATIENCE, f"{text!r} is never answered"
    return time.monotonic() - began


@pytest.mark.parametrize("notices", [True, False], ids=["notice", "looking"])
def test_saved_code_answers_anew_however_often_it_is_saved(tmp_path: Path, notices: bool) -> None:
    (tmp_path / "main.py").write_text(APP)
    # Bytecode is written, as it is where nobody has switched that off: it must not be taken for the new code.
    environment = {"PYTHONDONTWRITEBYTECODE": ""}
    if not notices:
        (tmp_path / "without").mkdir()
        (tmp_path / "without/watchfiles.py").write_text("raise ImportError")
        environment["PYTHONPATH"] = str(tmp_path / "without")
    with Running(*COMMAND, environment=environment, cwd=tmp_path) as server:
        answers(server, b"version 0")
        settled = 0.0
        for version in range(1, 6):
            (tmp_path / "main.py").write_text(APP.replace("version 0", f"version {version}"))
            settled = max(settled, answers(server, b"version %d" % version))
        assert settled < PATIENCE / 4
        status, _, errors = server.end()
    assert status == 0
    assert errors.count("changed: main.py") >= 5


def test_code_that_does_not_load_waits_for_the_next_change(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    with Running(*COMMAND, cwd=tmp_path) as server:
        answers(server, b"version 0")
        (tmp_path / "main.py").write_text("def app(:")
        server.read_until(server.process.stderr, "waiting for the next change")
        (tmp_path / "main.py").write_text(APP.replace("version 0", "version 1"))
        answers(server, b"version 1")
        assert server.end()[0] == 0


# Pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.page() as page:
        yield page


@pytest.fixture
def public(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    (folder / "empty").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>one</title><link rel=stylesheet href=site.css>")
    (folder / "site.css").write_text("body { color: rgb(1, 1, 1) }")
    return folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_open_page_shows_each_change(page: Page, public: Path, workers: str) -> None:
    options = ("--reload-browser", "--security-headers", "--workers", workers)
    with Running("serve", str(public), "--bind", "0", *options, cwd=public.parent) as server:
        url = f"http://localhost:{server.port}"
        assert page.open(url).status == 200
        assert page.evaluate("document.title") == "one"
        page.after(lambda: (public / "index.html").write_text("<!doctype html><title>two</title>"))
        assert page.evaluate("document.title") == "two"
        page.after(
            lambda: (public / "index.html").write_text(
                "<!doctype html><title>three</title><link rel=stylesheet href=site.css>"
            )
        )
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(1, 1, 1)"
        page.after(lambda: (public / "site.css").write_text("body { color: rgb(2, 2, 2) }"))
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(2, 2, 2)"
        time_of = "performance.timeOrigin"
        before = page.evaluate(time_of)
        assert page.evaluate("new Promise(then => setTimeout(() => then(performance.timeOrigin), 1500))") == before
        assert server.end()[0] == 0
    assert [each for each in page.complaints if "reload" not in each] == []


def test_a_listing_reloads_itself_though_its_policy_lets_no_script_run(page: Page, public: Path) -> None:
    with Running("serve", str(public), "--bind", "0", "--reload-browser", cwd=public.parent) as server:
        assert page.open(f"http://localhost:{server.port}/empty/").status == 200
        assert page.complaints == []
        page.after(lambda: (public / "empty/new.txt").write_text("new"))
        assert "new.txt" in page.evaluate("document.body.innerText")
        assert server.end()[0] == 0


def test_a_page_that_nobody_sees_keeps_no_connection(page: Page, public: Path) -> None:
    with Running("serve", str(public), "--bind", "0", "--reload-browser", cwd=public.parent) as server:
        page.open(f"http://localhost:{server.port}/")
        page.until(lambda: streams(page) == [False], "the stream")
        page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.until(lambda: streams(page) == [True], "the end of the stream")
        (public / "index.html").write_text("<!doctype html><title>two</title>")
        server.read_until(server.process.stderr, "the reload is over")
        assert page.evaluate("document.title") == "one"
        page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
        page.after(lambda: page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"))
        assert page.evaluate("document.title") == "two"
        assert server.end()[0] == 0


def streams(page: Page) -> list[bool]:
    """Whether each stream of events that the page has begun is over."""
    return [bool(load.ended) for load in page.loads if load.kind == "EventSource" and load.status == 200]
