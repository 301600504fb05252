"""A folder beneath a mount: its paths, redirects and listings carry the mount's prefix."""

from pathlib import Path

import pytest
from asking import Answered, Moment

from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings
from pellucid.message import Field, Headers, Request
from pellucid.server.exchange import Exchange


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a page, a folder without an index, and one whose name wants to be escaped."""
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "about.html").write_text("about")
    (tmp_path / "404.html").write_text("absent")
    for name in ("docs", "<&>"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs" / "a.txt").write_text("a")
    return tmp_path


def ask(app: Static, mount: bytes, path: bytes, *fields: Field, query: bytes = b"") -> Answered:
    request = Request("GET", path, path, query, b"", Headers(fields))
    exchange = Exchange(request, Moment(), 1, 1.0)
    exchange.mount = mount
    app(exchange)
    assert exchange.response is not None
    return Answered(exchange.response, exchange.body)


@pytest.mark.parametrize(
    ("path", "status", "what"),
    [
        (b"/s/", 200, b"home"),
        (b"/s/about", 200, b"about"),
        (b"/s/docs/a.txt", 200, b"a"),
        (b"/s/nothing", 404, b"absent"),
        (b"/s/../about", 404, b"absent"),
        (b"/s/%2e%2e/about", 404, b"absent"),
        (b"/s", 301, b"/s/"),
        (b"/s/docs", 301, b"/s/docs/"),
        (b"/s/about/", 301, b"/s/about"),
        (b"/s//docs//a.txt", 301, b"/s/docs/a.txt"),
        (b"/s//", 301, b"/s/"),
        (b"/s//evil.example/", 301, b"/s/evil.example/"),
    ],
)
def test_a_path_beneath_a_mount_gets_what_it_gets_without(folder: Path, path: bytes, status: int, what: bytes) -> None:
    app = Static(str(folder))
    for _ in range(2):  # the second time from memory
        answer = ask(app, b"/s", path, (b"accept", b"text/html"))
        assert answer.status == status
        assert (answer["location"] if status == 301 else answer.content) == what


def test_a_redirect_keeps_the_query(folder: Path) -> None:
    assert ask(Static(str(folder)), b"/s", b"/s", query=b"a=1")["location"] == b"/s/?a=1"


def test_one_folder_may_have_two_mounts(folder: Path) -> None:
    app = Static(str(folder))
    for _ in range(2):
        assert ask(app, b"/s", b"/s/about").content == b"about"
        assert ask(app, b"/s/docs", b"/s/docs/about").content == b"about"


def test_an_application_that_routes_by_itself_answers_beneath_its_mount(folder: Path) -> None:
    app = Static(str(folder), StaticSettings(spa="about.html"))
    assert ask(app, b"/s", b"/s/some/where", (b"accept", b"text/html")).content == b"about"


@pytest.mark.parametrize(
    ("accept", "shown"),
    [
        (b"text/html", [b"<title>/s/docs/</title>", b'<a href="../">', b">s</a>", b'href="./a.txt"']),
        (b"application/json", [b'"path": "/s/docs/"', b'"href": "./a.txt"']),
        (b"text/plain", [b"/s/docs/\n"]),
    ],
)
def test_a_listing_shows_the_whole_path(folder: Path, accept: bytes, shown: list[bytes]) -> None:
    content = ask(Static(str(folder)), b"/s", b"/s/docs/", (b"accept", accept)).content
    for part in shown:
        assert part in content


def test_a_listing_has_no_way_out_of_its_mount(folder: Path) -> None:
    (folder / "index.html").unlink()
    content = ask(Static(str(folder)), b"/%3Cs%3E", b"/%3Cs%3E/", (b"accept", b"text/html")).content
    assert b"Parent folder" not in content
    assert b'href="../' not in content
    assert b"<h1><bdi>&lt;s&gt;</bdi></h1>" in content
