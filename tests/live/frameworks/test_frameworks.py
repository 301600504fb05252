"""One small app, written in each of six frameworks, answers the same under every way in which we serve it."""

import hashlib
import http.client
import re
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from launching import hosted
from visiting import BYTES, FORM, PARTS, PATIENCE, Answer, Ask, exchange, parts, visit

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

HERE = Path(__file__).parent
LARGE = bytes(range(256)) * (3 << 12)  # 3 MiB, more than any buffer on its way
HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
MARKED = {"x-notebook": "open"}
# What may stand in the log, since the apps do it on purpose; the last is Litestar's word for the second.
ON_PURPOSE = {"broken on purpose", "the other half is missing", "Exception caught after response started"}


@dataclass(frozen=True, slots=True)
class Served:
    """A way to serve an app. `traits` are what its framework does of itself, and a test may ask for."""

    name: str
    target: str
    options: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()


FAILURES = "word of a failed stream"
DJANGO = frozenset({"conditional requests", FAILURES})
FLASK = frozenset({"conditional requests", "ranges", FAILURES})
STARLETTE = frozenset({"lifespan", "ranges"})
QUART = frozenset({"conditional requests", "ranges", "lifespan", FAILURES})
LITESTAR = frozenset({"lifespan", FAILURES})
SERVED = [
    Served("django on threads", "django_notes:wsgi", ("--threads", "4"), DJANGO),
    Served("django inline", "django_notes:wsgi", ("--threads", "0"), DJANGO),
    Served("django over asgi", "django_notes:asgi", (), DJANGO),
    Served("flask on threads", "flask_notes:app", ("--threads", "4"), FLASK),
    Served("flask inline", "flask_notes:app", ("--threads", "0"), FLASK),
    Served("flask on two workers", "flask_notes:app", ("--workers", "2"), FLASK),
    Served("fastapi", "fastapi_notes:app", (), STARLETTE),
    Served("starlette", "starlette_notes:app", (), STARLETTE),
    Served("starlette on two workers", "starlette_notes:app", ("--workers", "2"), STARLETTE),
    Served("quart", "quart_notes:app", (), QUART),
    Served("quart on asyncio", "quart_notes:app", ("--loop", "asyncio"), QUART),
    Served("litestar", "litestar_notes:app", (), LITESTAR),
]


OTHERS = ["flask", "fastapi", "starlette", "quart", "litestar"]


@dataclass(frozen=True, slots=True)
class Host:
    """A server that runs."""

    port: int
    traits: frozenset[str]

    def ask(
        self, method: str, target: str, fields: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        return visit(self.port, Ask(method, target, fields or {}, body))

    def wants(self, trait: str) -> None:
        """Skip the test where the framework does not do such a thing."""
        if trait not in self.traits:
            pytest.skip(f"its framework has no {trait}")


@pytest.fixture(scope="module", params=SERVED, ids=lambda served: served.name)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A server for all cases, which ends without a complaint but about what the app does wrong on purpose."""
    served, folder = request.param, tmp_path_factory.mktemp("notebook")
    with hosted(served.target, HERE, *served.options, NOTEBOOK=str(folder)) as server:
        yield Host(server.port, served.traits)
        status, _, errors = server.end()
    assert status == 0, errors
    assert ended(folder) == (("lifespan" in served.traits) * (2 if "--workers" in served.options else 1))
    assert faults(errors) <= ON_PURPOSE, errors
    assert errors.count(" error") <= errors.count("Traceback"), errors


@pytest.fixture(params=["django_notes:wsgi", "django_notes:asgi", *(f"{name}_notes:app" for name in OTHERS)])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A server of an app that is not at the root."""
    with hosted(f"/deep/er={request.param}", HERE, NOTEBOOK=str(tmp_path)) as server:
        yield Host(server.port, frozenset())
        status, _, errors = server.end()
    assert (status, errors) == (0, "")


def ended(folder: Path) -> int:
    """How many times the app was told that all is over."""
    marks = folder / "marks"
    return marks.read_text("utf-8").splitlines().count("ended") if marks.exists() else 0


def faults(errors: str) -> set[str]:
    """What the exceptions say whose tracebacks stand in a log."""
    return set(re.findall(r"^[ |+]*[A-Za-z_][\w.]*(?:Error|Exception|Warning): (.*)$", errors, re.MULTILINE))


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and what it gets from every framework; fields are compared where they are named."""

    ask: Ask
    status: int
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def counted(last: int) -> bytes:
    return "".join(f"{number}\n" for number in range(last)).encode()


CASES = {
    "no such page": Case(Ask("GET", "/nowhere"), 404),
    "no such method": Case(Ask("DELETE", "/"), 405),
    "head": Case(Ask("HEAD", "/"), 200, {"content-type": HTML}, b""),
    "an exception of its own": Case(Ask("GET", "/notes/99999"), 404, MARKED),
    "an exception page": Case(Ask("GET", "/broken"), 500, {"content-type": TEXT}, b"RuntimeError: sorry"),
    "a stream": Case(Ask("GET", "/count/3"), 200, MARKED | {"content-type": TEXT}, counted(3)),
    "a long stream": Case(Ask("GET", "/count/3000"), 200, {}, counted(3000)),
    "an empty stream": Case(Ask("GET", "/count/0"), 200, {}, b""),
    "a body": Case(Ask("POST", "/echo", BYTES, b"hello"), 200, MARKED | {"content-length": "5"}, b"hello"),
    "an empty body": Case(Ask("POST", "/echo", BYTES, b""), 200, {}, b""),
    "a large body": Case(Ask("POST", "/echo", BYTES, LARGE), 200, {}, LARGE),
    "a body in chunks": Case(Ask("POST", "/echo", BYTES, (b"one", b"two")), 200, {}, b"onetwo"),
    "a large body in chunks": Case(Ask("POST", "/echo", BYTES, (LARGE, LARGE)), 200, {}, LARGE + LARGE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_request_is_answered_alike(host: Host, case: Case) -> None:
    answer = visit(host.port, case.ask)
    assert (answer.status, answer.whole) == (case.status, True)
    for name, value in case.fields.items():
        assert answer.get(name) == value
    if case.body is not None:
        assert answer.body == case.body


def test_one_connection_carries_all_requests(host: Host) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=PATIENCE)
    with closing(connection):
        connection.connect()
        first = connection.sock
        for case in CASES.values():
            answer = exchange(connection, case.ask)
            assert (answer.status, case.body in (None, answer.body)) == (case.status, True)
            assert connection.sock is first


def test_the_allowed_methods_are_told(host: Host) -> None:
    assert "GET" in host.ask("DELETE", "/").get("allow")


def test_a_note_is_written_by_a_form_and_shown_as_text(host: Host) -> None:
    text = "<b>caf\N{LATIN SMALL LETTER E WITH ACUTE} & tea</b>"
    written = host.ask("POST", "/notes", FORM, f"text={quote(text)}".encode())
    assert written.status == 303
    assert re.fullmatch(r"/notes/\d+", written.get("location"))
    note = host.ask("GET", written.get("location")).json
    assert note == {"id": int(written.get("location").rpartition("/")[2]), "text": text}
    page = host.ask("GET", "/")
    assert page.get("content-type") == HTML
    assert "<li>&lt;b&gt;caf\N{LATIN SMALL LETTER E WITH ACUTE} &amp; tea&lt;/b&gt;</li>".encode() in page.body


def test_what_is_not_there_has_a_reason(host: Host) -> None:
    assert host.ask("GET", "/notes/99999").json == {"error": "no note 99999"}


def test_a_stream_that_fails_is_not_taken_for_whole(host: Host) -> None:
    # Starlette's BaseHTTPMiddleware ends such a stream as if nothing had happened, under every server.
    host.wants(FAILURES)
    answer = host.ask("GET", "/half")
    assert (answer.status, answer.whole) in [(200, False), (500, True)]


def uploaded(host: Host, name: str, content: bytes) -> Answer:
    return host.ask("POST", "/files", PARTS, parts({"name": name}, "content", name, content))


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_an_upload_comes_back_as_a_download(host: Host, content: bytes) -> None:
    said = uploaded(host, "upload.bin", content)
    assert said.status == 201
    digest = hashlib.sha256(content).hexdigest()
    assert said.json == {"name": "upload.bin", "bytes": len(content), "sha256": digest}
    file = host.ask("GET", "/files/upload.bin")
    assert (file.status, file.body) == (200, content)
    assert file.get("content-length") == str(len(content))
    assert re.fullmatch('attachment; filename="?upload.bin"?', file.get("content-disposition"))


def test_a_download_that_is_known_is_not_sent_again(host: Host) -> None:
    host.wants("conditional requests")
    uploaded(host, "known.bin", b"known")
    tag = host.ask("GET", "/files/known.bin").get("etag")
    known = host.ask("GET", "/files/known.bin", {"If-None-Match": tag})
    assert (known.status, known.body, known.get("etag")) == (304, b"", tag)
    assert host.ask("GET", "/files/known.bin", {"If-None-Match": '"other"'}).status == 200


def test_a_part_of_a_download_can_be_had(host: Host) -> None:
    host.wants("ranges")
    uploaded(host, "parts.bin", LARGE)
    part = host.ask("GET", "/files/parts.bin", {"Range": "bytes=1000000-1999999"})
    assert (part.status, part.get("content-range")) == (206, f"bytes 1000000-1999999/{len(LARGE)}")
    assert part.body == LARGE[1_000_000:2_000_000]


def test_a_cookie_counts_the_visits(host: Host) -> None:
    first = host.ask("GET", "/visits")
    cookie = first.get("set-cookie").partition(";")[0]
    second = host.ask("GET", "/visits", {"Cookie": cookie})
    assert (first.json, second.json) == ({"visits": 1}, {"visits": 2})


def test_an_app_knows_where_it_was_asked(host: Host) -> None:
    answer = host.ask("GET", "/where/caf%C3%A9%20au%20lait?q=1%2B1%20%26", {"Host": "notes.example:8080"})
    expected = {
        "scheme": "http",
        "host": "notes.example:8080",
        "path": "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait",
    }
    assert answer.json == expected | {"q": "1+1 &", "client": True, "link": "/notes/7"}


def test_an_app_knows_where_it_is_mounted(mounted: Host) -> None:
    answer = mounted.ask("GET", "/deep/er/where/x?q=", {"Host": "notes.example"})
    expected = {"scheme": "http", "host": "notes.example", "path": "x", "q": "", "client": True}
    assert answer.json == expected | {"link": "/deep/er/notes/7"}
    assert mounted.ask("GET", "/deep/er/").get("content-type") == HTML
    assert mounted.ask("GET", "/where/x?q=").status == 404
    assert mounted.ask("GET", "/deep/error").status == 404


def test_work_after_the_answer_is_done(host: Host) -> None:
    answer = host.ask("POST", "/later", FORM, b"")
    assert (answer.status, answer.body) == (202, b"soon")
    deadline = time.monotonic() + PATIENCE
    while b"<li>written later</li>" not in host.ask("GET", "/").body:
        assert time.monotonic() < deadline


def test_an_app_is_told_of_the_beginning(host: Host) -> None:
    host.wants("lifespan")
    assert host.ask("GET", "/began").json == {"began": True}


def test_a_client_that_leaves_is_nobodys_fault(host: Host) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", host.port), PATIENCE) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert host.ask("GET", "/slow").body.strip(b'"') == b"at last"


def test_many_clients_at_once_get_each_their_own(host: Host) -> None:
    asks = [Ask("POST", "/echo", BYTES, f"number {number}".encode() * 1000) for number in range(60)]
    with ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(lambda ask: visit(host.port, ask), asks))
    assert [answer.body for answer in answers] == [ask.body for ask in asks]
