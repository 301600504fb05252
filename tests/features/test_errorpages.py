"""Plain errors become pages for those who go to a page, and stay what they are for all others."""

from pathlib import Path

import pytest
from carrying import answer_to, request
from conversing import Stage

from nowhere import Nowhere
from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings
from pellucid.features.errorpages import LARGEST, ErrorPages, ErrorPageSettings, error_pages_feature, read_pages
from pellucid.features.feature import Ground
from pellucid.message import Field, Headers, Response
from pellucid.net.reactor import Reactor
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.site import surround

PAGES = ErrorPages({"404": b"<h1>Not here</h1>", "4xx": b"<h1>{status} {phrase}</h1>", "5xx": b"<p>{request-id}</p>"})
BROWSER = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")
PLAIN = (b"content-type", b"text/plain; charset=utf-8")
HTML = (b"content-type", b"text/html; charset=utf-8")


def answered(status: int, *fields: Field, accept: Field | None = BROWSER, body: bytes = b"plain") -> Exchange:
    asked = request("GET", *([accept] if accept else []))
    return answer_to(asked, (PAGES.answer,), Response(status, Headers(fields)), body)


@pytest.mark.parametrize(
    ("status", "page"),
    [
        (404, b"<h1>Not here</h1>"),
        (403, b"<h1>403 Forbidden</h1>"),
        (599, b"<p>one</p>"),
        (499, b"<h1>499 </h1>"),
    ],
)
@pytest.mark.parametrize("fields", [[PLAIN], []])
def test_a_browser_gets_the_page_that_fits_best(status: int, page: bytes, fields: list[Field]) -> None:
    exchange = answered(status, *fields)
    assert (exchange.status, exchange.body) == (status, page)
    assert exchange.response is not None
    assert [*exchange.response.headers] == [HTML, (b"vary", b"Accept")]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (200, [PLAIN]),
        (302, [PLAIN]),
        (404, [HTML]),
        (404, [(b"content-type", b"application/json")]),
        (500, [PLAIN, (b"content-encoding", b"gzip")]),
    ],
)
def test_what_is_no_plain_error_is_left_alone(status: int, fields: list[Field]) -> None:
    exchange = answered(status, *fields)
    assert exchange.response is not None
    assert ([*exchange.response.headers], exchange.body) == (fields, b"plain")


@pytest.mark.parametrize(
    "accept", [None, (b"accept", b"*/*"), (b"accept", b"application/json"), (b"accept", b"text/*")]
)
def test_a_program_gets_the_plain_text_and_caches_know_of_it(accept: Field | None) -> None:
    exchange = answered(404, PLAIN, (b"vary", b"Origin"), accept=accept)
    assert exchange.response is not None
    assert ([*exchange.response.headers], exchange.body) == ([PLAIN, (b"vary", b"Origin, Accept")], b"plain")


def test_what_an_error_says_besides_is_kept_and_what_is_of_its_text_is_not() -> None:
    said = [(b"www-authenticate", b"Basic"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"retry-after", b"9")]
    exchange = answered(401, PLAIN, (b"content-length", b"5"), (b"etag", b'"a"'), *said, (b"vary", b"*"))
    assert exchange.response is not None
    assert [*exchange.response.headers] == [HTML, *said, (b"vary", b"*")]


def test_a_name_that_a_proxy_has_given_is_no_part_of_the_page() -> None:
    exchange = Exchange(request("GET", BROWSER), Nowhere(), 1, 0.0)
    exchange.request_id = "<script>"
    _, body = PAGES.answer(exchange, *refusal(500))
    assert body == b"<p>&lt;script&gt;</p>"


def test_an_app_that_fails_has_the_page_too() -> None:
    def app(exchange: Exchange) -> None:
        raise ZeroDivisionError("on purpose")

    for accept, expected in ((b"text/html", b"<p>"), (b"*/*", b"500 Internal Server Error")):
        client = Stage(surround(app, (PAGES.ask,), (PAGES.answer,))).client()
        data = client.talk(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: %b\r\n\r\n" % accept)
        assert data.startswith(b"HTTP/1.1 500 ")
        assert expected in data


def test_the_pages_of_a_folder_are_its_own_where_it_has_some(tmp_path: Path) -> None:
    (tmp_path / "405.html").write_text("its own")
    folder = Static(str(tmp_path), StaticSettings(error_page=("405=405.html",)))
    client = Stage(surround(folder, (PAGES.ask,), (PAGES.answer,))).client()
    ask = b"%b /none HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"
    assert client.talk(ask % b"GET").endswith(b"<h1>Not here</h1>")
    assert client.talk(ask % b"DELETE").endswith(b"its own")
    folder.close()


def test_pages_are_read_from_their_folder(tmp_path: Path) -> None:
    for name in ("404.html", "5xx.html", "style.css", "200.html", "4xx.htm", "6xx.html"):
        (tmp_path / name).write_text(name)
    assert read_pages(str(tmp_path)) == {"404": b"404.html", "5xx": b"5xx.html"}


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("index.html", b"x", "error-pages: there is no page in "),
        ("404.html", b"", "error-pages: .*404.html is empty, or larger than 256 KiB"),
        ("404.html", bytes(LARGEST + 1), "is empty, or larger"),
    ],
)
def test_what_is_wrong_with_the_folder_is_told(name: str, content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        read_pages(str(tmp_path))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    ground = Ground(Reactor(), lambda level, text: None, str(tmp_path))
    with pytest.raises(ValueError, match=r"error-pages: .*pages cannot be read: no such file or directory"):
        error_pages_feature(ErrorPageSettings("pages"), ground)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "4xx.html").write_text("x")
    assert error_pages_feature(ErrorPageSettings("pages"), ground) is not None
    assert error_pages_feature(ErrorPageSettings(), ground) is None
