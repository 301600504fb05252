"""What Starlette's and FastAPI's documentation shows works as under uvicorn: status, fields and body are the same."""

import http.client
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from launching import hosted, hosted_by_uvicorn
from visiting import BYTES, FORM, PARTS, PATIENCE, Answer, Ask, answer_of, parts, visit

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

HERE = Path(__file__).parent
JSON = {"Content-Type": "application/json"}
HOST = {"Host": "docs.example"}
LARGE = b"0123456789abcdef" * (1 << 17)  # 2 MiB
MODIFIED = 1_700_000_000
UPLOAD = parts({"name": "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "again": "2"}, "file", "a.bin", b"\0\r\n--" * 5000)
FILES = parts({"token": "t"}, "files", "one.txt", b"one").removesuffix(b"--\r\n") + b"\r\n".join(
    [
        b"",
        b'Content-Disposition: form-data; name="files"; filename="two.png"',
        b"Content-Type: image/png",
        b"",
        b"\x89PNG",
        b"--a-boundary-of-these-tests",
        b'Content-Disposition: form-data; name="one"',
        b"",
        b"12345",
        b"--a-boundary-of-these-tests--",
        b"",
    ]
)


def get(target: str, **fields: str) -> Ask:
    return Ask("GET", target, {name.replace("_", "-"): value for name, value in fields.items()})


STARLETTE: list[tuple[int, Ask]] = [
    (200, get("/facts/")),
    (200, get("/facts/one/two;x=1/three?a=1&b=2&a=3&c=&d")),
    (200, get("/facts/caf%C3%A9/a%2Fb/%25/%20?q=caf%C3%A9+%2B")),
    (200, get("/facts/%FF%FE")),
    (200, get("/facts//double//slash/")),
    (200, get("/facts/x?")),
    (200, get("http://docs.example/facts/absolute?q=1")),
    (200, get("/facts/fields", X_Empty="", X_Long="v" * 4000, X_Latin="caf\xe9", Cookie='a=1; b="2 3"; c')),
    (200, get("/facts/host", Host="other.example:8443")),
    (200, Ask("PURGE", "/facts/method")),
    (200, Ask("POST", "/facts/post", BYTES, b"unread")),
    (200, Ask("GET", "/facts/with-a-body", BYTES, b"odd, but allowed")),
    (200, Ask("POST", "/json", JSON, b'{"a": [1, 2.5, null, "\\u00e9"]}')),
    (500, Ask("POST", "/json", JSON, b"{")),
    (200, Ask("POST", "/read", BYTES, b"")),
    (200, Ask("POST", "/read", BYTES, LARGE)),
    (200, Ask("PUT", "/read", BYTES, (b"some", b"more", LARGE))),
    (200, Ask("POST", "/form", FORM, b"a=1&b=caf%C3%A9+x&a=2&c=")),
    (200, Ask("POST", "/form", PARTS, UPLOAD)),
    (400, Ask("POST", "/form", PARTS, b"--wrong\r\n\r\n")),
    (400, Ask("POST", "/form", FORM, b"&".join(b"n%d=" % number for number in range(11)))),
    (200, Ask("POST", "/unread", BYTES, b"small")),
    (200, get("/state")),
    (200, get("/state")),
    (200, get("/convert/7/2.5/12345678-1234-5678-1234-567812345678/and/the/rest")),
    (404, get("/convert/seven/2.5/x/y")),
    (200, get("/child")),
    (200, get("/text")),
    (200, Ask("HEAD", "/text")),
    (405, Ask("POST", "/text", FORM, b"")),
    (405, Ask("OPTIONS", "/text")),
    (201, get("/html")),
    (200, get("/cookies")),
    (307, get("/redirect")),
    (204, get("/empty/204")),
    (304, get("/empty/304")),
    (200, get("/empty/200")),
    (418, get("/empty/418")),
    (200, get("/stream")),
    (200, Ask("HEAD", "/stream")),
    (206, get("/thread")),
    (200, get("/known-length")),
    (200, get("/large")),
    (200, get("/file")),
    (200, Ask("HEAD", "/file")),
    (206, get("/file", Range="bytes=0-0")),
    (206, get("/file", Range="bytes=100-")),
    (206, get("/file", Range="bytes=-100")),
    (206, get("/file", Range="bytes=0-9,100-109,-5")),
    (206, Ask("HEAD", "/file", {"Range": "bytes=0-99"})),
    (416, get("/file", Range="bytes=999999999-")),
    (400, get("/file", Range="lines=1-2")),
    (200, get("/file", Range="bytes=0-9", If_Range='"other"')),
    (500, get("/no-file")),
    (200, get("/failing-background")),
    (200, get("/fields")),
    (429, get("/429")),
    (422, get("/unfit")),
    (500, get("/fails")),
    (404, get("/nowhere")),
    (200, get("/things/")),
    (200, Ask("POST", "/things/", FORM, b"")),
    (405, Ask("DELETE", "/things/")),
    (307, get("/things")),
    (200, get("/plain/facts")),
    (200, get("/plain/facts", Host="sub.example:1")),
    (200, Ask("POST", "/plain/read", BYTES, LARGE)),
    (500, get("/plain/fails")),
    (200, get("/timed/text")),
    (403, get("/timed/text?refuse")),
    (200, get("/timed/stream")),
    (200, get("/timed/file")),
    (206, get("/timed/file", Range="bytes=1-5")),
    (200, Ask("POST", "/timed/read", BYTES, LARGE)),
    (500, get("/timed/fails")),
    (200, get("/zipped/compressible", Accept_Encoding="gzip")),
    (200, get("/zipped/compressible", Accept_Encoding="identity")),
    (200, get("/zipped/compressible-stream", Accept_Encoding="gzip")),
    (200, get("/zipped/text", Accept_Encoding="gzip")),
    (200, Ask("HEAD", "/zipped/compressible", {"Accept-Encoding": "gzip"})),
    (200, get("/cors/text", Origin="https://one.example")),
    (200, get("/cors/text", Origin="https://two.example")),
    (200, Ask("OPTIONS", "/cors/text", {"Origin": "https://one.example", "Access-Control-Request-Method": "PUT"})),
    (400, Ask("OPTIONS", "/cors/text", {"Origin": "https://two.example", "Access-Control-Request-Method": "PUT"})),
    (200, get("/trusted/text")),
    (400, get("/trusted/text", Host="evil.example")),
    (307, get("/secure/text?a=1")),
    (200, get("/static/page.txt")),
    (200, Ask("HEAD", "/static/page.txt")),
    (304, get("/static/page.txt", If_Modified_Since="Tue, 14 Nov 2023 22:13:20 GMT")),
    (206, get("/static/page.txt", Range="bytes=5-9")),
    (200, get("/static/")),
    (307, get("/static/folder")),
    (200, get("/static/folder/")),
    (404, get("/static/nowhere.txt")),
    (404, get("/static/../page.txt")),
    (404, get("/static/%2e%2e/page.txt")),
    (405, Ask("POST", "/static/page.txt", FORM, b"")),
    (200, get("/", Host="sub.example")),
    (404, get("/")),
    (404, Ask("OPTIONS", "*")),
]

FASTAPI: list[tuple[int, Ask]] = [
    (200, get("/items/1?q=caf%C3%A9&short=yes")),
    (422, get("/items/0")),
    (422, get("/items/one?short=perhaps")),
    (200, get("/sizes/small")),
    (422, get("/sizes/middle")),
    (200, get("/queries?q=1&q=2&page=3")),
    (422, get("/queries")),
    (200, get("/headers", User_Agent="a test", X_Token="one", Cookie="visit=7")),
    (201, Ask("POST", "/items", JSON, b'{"name": "pen", "price": 1.5, "tags": ["a", "a"], "secret": "s"}')),
    (422, Ask("POST", "/items", JSON, b'{"name": "a name that is much too long", "price": -1}')),
    (422, Ask("POST", "/items", JSON, b"{not json")),
    (
        200,
        Ask(
            "PUT",
            "/items/12345678-1234-5678-1234-567812345678",
            JSON,
            b'{"start": "2026-11-22T10:00:00Z", "after": "PT90M"}',
        ),
    ),
    (200, Ask("POST", "/login", FORM, b"username=me&password=12345")),
    (422, Ask("POST", "/login", FORM, b"username=me")),
    (200, Ask("POST", "/files", PARTS, FILES)),
    (200, get("/depends")),
    (200, get("/depends")),
    (401, get("/users/me")),
    (200, get("/users/me", Authorization="Bearer abc")),
    (401, get("/basic")),
    (200, get("/basic", Authorization="Basic bWU6cHc=")),
    (410, get("/gone")),
    (500, get("/fails")),
    (404, get("/look")),
    (200, get("/page")),
    (307, get("/away")),
    (204, Ask("DELETE", "/items/1")),
    (405, Ask("HEAD", "/items/1")),
    (200, get("/video")),
    (200, Ask("POST", "/raw", BYTES, LARGE)),
    (200, Ask("POST", "/raw", BYTES, (LARGE, b"end"))),
    (200, get("/routed/a/b//c")),
    (200, get("/sub/where")),
    (200, get("/sub/openapi.json")),
    (200, get("/openapi.json")),
    (200, get("/docs")),
    (404, get("/nowhere")),
    (404, Ask("OPTIONS", "*")),
]


@dataclass(frozen=True, slots=True)
class Both:
    """The ports of two servers of one app."""

    ours: int
    theirs: int


@pytest.fixture(scope="module")
def starlettes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    yield from served_twice("documented_starlette:app", tmp_path_factory)


@pytest.fixture(scope="module")
def fastapis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    yield from served_twice("documented_fastapi:app", tmp_path_factory)


def served_twice(target: str, factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The app under both servers; ours must end well."""
    with ExitStack() as stack:
        ours = stack.enter_context(hosted(target, HERE, NOTEBOOK=filled(factory.mktemp("ours"))))
        theirs = stack.enter_context(hosted_by_uvicorn(target, HERE, NOTEBOOK=filled(factory.mktemp("theirs"))))
        yield Both(ours.port, theirs.port)
        status, _, errors = ours.end()
        assert status == 0, errors


def filled(folder: Path) -> str:
    """A folder with the same files, and the same times, as any other."""
    (folder / "folder").mkdir()
    for name, content in {"page.txt": "0123456789" * 5000, "index.html": "<p>", "folder/index.html": "<b>"}.items():
        (folder / name).write_text(content)
        os.utime(folder / name, (MODIFIED, MODIFIED))
    (folder / "404.html").write_text("<p>not here either")
    os.utime(folder / "404.html", (MODIFIED, MODIFIED))
    return str(folder)


def alike(answer: Answer) -> Answer:
    """An answer without what may differ: date, name of the server, order of fields, and a boundary made by chance."""
    fields = sorted(field for field in answer.fields if field[0] not in ("date", "server"))
    boundary = re.search(r"boundary=(\w+)", answer.get("content-type"))
    if boundary:
        name = boundary[1]
        fields = [(key, value.replace(name, "boundary")) for key, value in fields]
        return replace(answer, fields=fields, body=answer.body.replace(name.encode(), b"boundary"))
    return replace(answer, fields=fields)


def answered_alike(both: Both, status: int, ask: Ask) -> None:
    ask = replace(ask, fields={**HOST, **ask.fields})
    theirs, ours = visit(both.theirs, ask), visit(both.ours, ask)
    assert ours.status == status
    assert alike(ours) == alike(theirs)


@pytest.mark.parametrize(("status", "ask"), STARLETTE, ids=lambda value: str(value))
def test_starlette_answers_as_under_uvicorn(starlettes: Both, status: int, ask: Ask) -> None:
    answered_alike(starlettes, status, ask)


@pytest.mark.parametrize(("status", "ask"), FASTAPI, ids=lambda value: str(value))
def test_fastapi_answers_as_under_uvicorn(fastapis: Both, status: int, ask: Ask) -> None:
    answered_alike(fastapis, status, ask)


def test_a_session_is_kept_in_a_cookie_as_under_uvicorn(starlettes: Both) -> None:
    for port in (starlettes.ours, starlettes.theirs):
        first = visit(port, get("/session/counted"))
        cookie = first.get("set-cookie")
        assert re.fullmatch(r"session=[\w.=-]+; path=/; Max-Age=1209600; httponly; samesite=lax", cookie)
        second = visit(port, get("/session/counted", Cookie=cookie.partition(";")[0]))
        assert (first.json, second.json) == ({"count": 1}, {"count": 2})


def test_background_tasks_run_in_order_after_the_answer_as_under_uvicorn(starlettes: Both) -> None:
    for port in (starlettes.ours, starlettes.theirs):
        assert "second task" not in visit(port, get("/background")).json
        wait_until(port, "/told", "second task")
        told = visit(port, get("/told")).json
        assert told.index("first task") < told.index("second task")


def test_a_fastapi_background_task_and_a_dependency_end_as_under_uvicorn(fastapis: Both) -> None:
    for port in (fastapis.ours, fastapis.theirs):
        assert visit(port, Ask("POST", "/notify", JSON, b'{"address": "me"}')).status == 202
        wait_until(port, "/noted", "told me")
        visit(port, get("/depends"))
        wait_until(port, "/noted", "closed")


DEPARTURES = [
    pytest.param(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", "is_disconnected", id="while it waits"),
    pytest.param(
        b"POST /wait-for-body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome",
        "ClientDisconnect",
        id="before its body has come",
    ),
]


@pytest.mark.parametrize(("head", "noted"), DEPARTURES)
def test_an_app_notices_a_client_that_leaves_as_under_uvicorn(starlettes: Both, head: bytes, noted: str) -> None:
    for port in (starlettes.ours, starlettes.theirs):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(head)
            assert noted not in visit(port, get("/told")).json
        wait_until(port, "/told", noted)


def test_events_come_one_by_one_and_end_with_the_client_as_under_uvicorn(starlettes: Both) -> None:
    for port in (starlettes.ours, starlettes.theirs):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while b"data: 3\n\n" not in received:
                received += client.recv(4096)
        assert b"content-type: text/event-stream" in received.lower()
        assert received.index(b"event: tick\ndata: 0\n\n") < received.index(b"event: tick\ndata: 1\n\n")
        wait_until(port, "/told", "events ended")


@pytest.mark.parametrize("target", ["/file", "/stream", "/thread", "/large", "/timed/stream", "/timed/file"])
def test_a_client_that_has_sent_its_end_is_never_given_a_part_for_the_whole(starlettes: Both, target: str) -> None:
    # Its end may mean that it has left, and a framework that is told so may end its answer where it stands.
    whole = visit(starlettes.ours, get(target, Host="x")).body
    with socket.create_connection(("127.0.0.1", starlettes.ours), PATIENCE) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(client)
        with suppress(http.client.BadStatusLine, ConnectionResetError):
            response.begin()
            answer = answer_of(response)
            assert not answer.whole or answer.body == whole
        response.close()


def wait_until(port: int, target: str, word: str) -> None:
    """Ask until the answer's list has this word."""
    deadline = time.monotonic() + PATIENCE
    while word not in visit(port, get(target)).json:
        assert time.monotonic() < deadline
