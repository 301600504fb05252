"""Pages get a script that reloads them once the server has begun anew, and stay right in all else."""

import re
from typing import Any

import pytest
from carrying import request
from conversing import Script, Stage, answering, statuses

from pellucid.features.feature import Feature
from pellucid.features.headers import HeaderSettings, security_feature
from pellucid.features.livereload import (
    RETRY,
    SCRIPT,
    UNHEARD,
    LiveReloadSettings,
    append,
    goes_to_page,
    is_page,
    livereload_feature,
    permit,
)
from pellucid.message import END, End, Field, Headers, Request, Response
from pellucid.net.memory import HandClock
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.site import surround

HTML = (b"content-type", b"text/html; charset=utf-8")
NO_STORE = (b"cache-control", b"no-store")
TAIL = b"<tail>"
NAVIGATION = "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Dest: document\r\n"


def feature(clock: HandClock | None = None) -> Feature:
    made = livereload_feature(LiveReloadSettings(reload_browser=True), clock or HandClock())
    assert made is not None
    return made


def test_without_the_setting_there_is_no_feature() -> None:
    assert livereload_feature(LiveReloadSettings()) is None


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("GET", [(b"sec-fetch-dest", b"document"), (b"accept", b"*/*")], True),
        ("HEAD", [(b"sec-fetch-dest", b"document")], True),
        ("GET", [(b"accept", b"Text/HTML, */*;q=0.8")], True),
        ("GET", [(b"sec-fetch-dest", b"empty"), (b"accept", b"text/html")], False),
        ("GET", [(b"sec-fetch-dest", b"iframe"), (b"accept", b"text/html")], False),
        ("GET", [(b"accept", b"*/*")], False),
        ("GET", [], False),
        ("POST", [(b"sec-fetch-dest", b"document"), (b"accept", b"text/html")], False),
    ],
)
def test_who_goes_to_a_page(method: str, fields: list[Field], expected: bool) -> None:
    assert goes_to_page(request(method, *fields)) is expected


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (200, [HTML], True),
        (200, [(b"content-type", b"TEXT/HTML")], True),
        (404, [HTML], True),
        (500, [HTML, (b"content-encoding", b"identity")], True),
        (200, [HTML, (b"content-encoding", b"gzip")], False),
        (200, [(b"content-type", b"text/html; charset=UTF-16")], False),
        (200, [(b"content-type", b"text/html-sandboxed")], False),
        (200, [(b"content-type", b"application/xhtml+xml")], False),
        (200, [], False),
        (101, [HTML], False),
        (204, [HTML], False),
        (206, [HTML], False),
        (304, [HTML], False),
    ],
)
def test_what_a_page_is(status: int, fields: list[Field], expected: bool) -> None:
    assert is_page(Response(status, Headers(fields))) is expected


def pulled(body: Body, limit: int = 100) -> tuple[bytes, End]:
    assert not isinstance(body, bytes)
    data = b""
    while not isinstance(piece := body.pull(limit), End):
        assert isinstance(piece, bytes)
        assert len(piece) <= limit
        data += piece
    return data, piece


def appended(method: str, fields: list[Field], body: Body) -> tuple[list[Field], Body]:
    response, changed = append(request(method), Response(200, Headers([HTML, *fields])), body, TAIL)
    return list(response.headers), changed


@pytest.mark.parametrize(
    ("method", "length", "body", "expected", "expected_body"),
    [
        ("GET", None, b"page", None, b"page<tail>"),
        ("GET", b"4", b"page", b"10", b"page<tail>"),
        ("HEAD", b"4", b"page", b"10", b"page<tail>"),
        ("HEAD", b"4", b"", b"10", b""),
    ],
)
def test_a_body_gets_longer_and_its_length_with_it(
    method: str, length: bytes | None, body: bytes, expected: bytes | None, expected_body: bytes
) -> None:
    fields, changed = appended(method, [(b"content-length", length)] if length else [], body)
    assert dict(fields).get(b"content-length") == expected
    assert changed == expected_body
    assert fields[-1] == NO_STORE


@pytest.mark.parametrize("body", [b"", Script(length=0)])
@pytest.mark.parametrize("length", [[], [(b"content-length", b"0")]])
def test_what_has_no_body_gets_none(body: Body, length: list[Field]) -> None:
    assert appended("GET", length, body) == ([HTML, *length], body)
    assert appended("HEAD", length, b"") == ([HTML, *length], b"")


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_a_source_gets_longer_too(limit: int) -> None:
    trailers = End(Headers([(b"a", b"b")]))
    source = Script(b"p", b"a", b"g", b"e", trailers, length=4)
    fields, body = appended("GET", [(b"content-length", b"4")], source)
    assert not isinstance(body, bytes)
    assert (dict(fields)[b"content-length"], body.length) == (b"10", 10)
    assert pulled(body, limit) == (b"page<tail>", trailers)
    assert source.pulls == 5
    body.close()
    assert source.closed == 1


def test_a_source_that_waits_is_waited_for() -> None:
    _, body = appended("GET", [], Script(b"page", None, END))
    assert not isinstance(body, bytes)
    assert body.length is None
    assert [body.pull(100) for _ in range(5)] == [b"page", None, TAIL, END, END]


def test_nothing_is_said_of_a_page_that_no_longer_holds() -> None:
    lies = [
        (name, b"x")
        for name in (b"etag", b"last-modified", b"accept-ranges", b"repr-digest", b"cache-control", b"expires")
    ]
    fields, _ = appended("GET", [*lies, (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")], b"page")
    assert fields == [HTML, (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d"), NO_STORE]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (b"", b""),
        (b"img-src 'self'", b"img-src 'self'"),
        (b"default-src 'none'", b"default-src 'none'; script-src S; connect-src C"),
        (b"default-src 'self' a",
         b"default-src 'self' a; script-src 'self' a S; connect-src 'self' a C"),
        (b"Script-Src 'NONE'; connect-src", b"Script-Src S; connect-src C"),
        (b"script-src x; script-src-elem y; script-src-elem z",
         b"script-src x; script-src-elem y S; script-src-elem z"),
        (b" script-src  a ;; ", b"script-src a S"),
        (b"script-src a, connect-src b", b"script-src a S, connect-src b C"),
    ],
)  # fmt: skip
def test_a_policy_allows_the_script_and_its_stream_and_nothing_else(policy: bytes, expected: bytes) -> None:
    assert permit(policy, b"S", b"C") == expected


@pytest.mark.parametrize(
    ("authority", "script"),
    [
        (b"localhost:8000", b"http://localhost:8000/-/reload.js"),
        (b"example.com", b"http://example.com/-/reload.js"),
        (b"[::1]:8000", b"'self'"),
        (b"a;img-src", b"'self'"),
        (b"a,b", b"'self'"),
        (b"", b"'self'"),
    ],
)
def test_a_policy_names_the_script_as_exactly_as_it_can(authority: bytes, script: bytes) -> None:
    asked = Request("GET", b"/", b"/", b"", authority, Headers())
    headers = Headers([HTML, (b"content-security-policy", b"script-src 'none'")])
    response, _ = append(asked, Response(200, headers), b"page", TAIL)
    assert response.headers.get(b"content-security-policy") == b"script-src " + script


# As clients see it


def stage(body: Any, clock: HandClock, *more: Feature, status: int = 200, **fields: str) -> Stage:
    features = [*more, feature(clock)]
    asks = tuple(each.ask for each in features if each.ask is not None)
    answers = tuple(each.answer for each in features if each.answer is not None)
    return Stage(surround(answering(body, status, **{"content_type": "text/html", **fields}), asks, answers))


def get(path: str = "/", fields: str = NAVIGATION, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost:8000\r\n{fields}\r\n".encode()


def test_a_page_ends_with_the_script_and_the_moment_at_which_it_was_made() -> None:
    clock = HandClock()
    play = stage(b"<p>hello", clock)
    clock.advance(1.5)
    got = play.client().talk(get())
    head, _, body = got.partition(b"\r\n\r\n")
    moment = int(clock() * 1_000_000)
    assert body == b'<p>hello<script src="/-/reload.js?%d"></script>\n' % moment
    assert b"content-length: %d\r\n" % len(body) in head + b"\r\n"
    head_alone = play.client().talk(get(method="HEAD"))
    assert head_alone == head + b"\r\n\r\n"


def test_the_script_is_there() -> None:
    got = stage(b"page", HandClock()).client().talk(get("/-/reload.js?5", "Sec-Fetch-Dest: script\r\n"))
    assert got.endswith(SCRIPT)
    assert b"content-type: text/javascript" in got
    assert b"cache-control: no-store" in got


def test_the_stream_tells_when_the_process_began_and_ends_when_the_server_stops() -> None:
    clock = HandClock()
    began = int(clock() * 1_000_000)
    play = stage(b"page", clock)
    client = play.client()
    clock.advance(5)
    got = client.talk(get("/-/reload", "Accept: text/event-stream\r\nSec-Fetch-Dest: empty\r\n"))
    assert b"content-type: text/event-stream" in got
    assert f"retry: {RETRY}\n\ndata: {began}\n\n".encode() in got
    assert not got.endswith(b"0\r\n\r\n")
    play.server.stop(10.0)
    assert client.talk().endswith(b"0\r\n\r\n")
    assert client.ended
    assert play.open_connections == 0


def test_a_stream_that_is_asked_for_at_the_end_tells_and_ends() -> None:
    play = stage(b"page", HandClock())
    client = play.client()
    client.send(get("/-/reload")[:-2])
    play.settle()
    play.server.stop(10.0, 5.0)
    got = client.talk(b"\r\n")
    assert b"data: " in got
    assert got.endswith(b"0\r\n\r\n")


def test_a_page_that_was_made_before_the_process_began_is_old_and_all_others_are_not() -> None:
    # Two workers, of which the second begins a little later, and a page of the first one made in between.
    clock = HandClock()
    moments: list[int] = []

    def note(pattern: bytes, got: bytes) -> None:
        found = re.search(pattern, got)
        assert found
        moments.append(int(found[1]))

    first = stage(b"page", clock)
    clock.advance(0.1)
    note(rb"reload\.js\?(\d+)", first.client().talk(get()))
    clock.advance(0.1)
    second = stage(b"page", clock)
    note(rb"data: (\d+)", second.client().talk(get("/-/reload")))
    clock.advance(0.1)
    for play in (first, second):
        note(rb"reload\.js\?(\d+)", play.client().talk(get()))
    old, began, *fresh = moments
    assert old < began < min(fresh)


def test_a_page_comes_whole_in_plain_text_and_is_never_said_to_be_what_the_browser_has() -> None:
    seen: list[Headers] = []

    def app(exchange: Exchange) -> None:
        seen.append(exchange.request.headers)
        exchange.respond(Response(200, Headers([HTML])), b"page")

    ask = feature().ask
    assert ask is not None
    client = Stage(surround(app, (ask,), ())).client()
    conditions = "".join(f"{name.decode()}: x\r\n" for name in UNHEARD)
    client.talk(get(fields=conditions + NAVIGATION) + get("/film", conditions + "Accept: */*\r\n"))
    assert [[name in headers for name in UNHEARD] for headers in seen] == [
        [False] * len(UNHEARD),
        [True] * len(UNHEARD),
    ]


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_other_methods_are_the_apps(method: str) -> None:
    got = stage(b"page", HandClock()).client().talk(get("/-/reload", method=method))
    assert got.endswith(b"\r\n\r\npage")
    assert statuses(got) == [200]


def test_it_works_beside_the_security_fields_and_one_s_own_policy() -> None:
    security = security_feature(HeaderSettings(security_headers=True), shared=False)
    assert security is not None
    play = stage(b"page", HandClock(), security, content_security_policy="default-src 'none'; img-src 'self'")
    got = play.client().talk(get())
    assert (
        b"content-security-policy: default-src 'none'; img-src 'self'; "
        b"script-src http://localhost:8000/-/reload.js; connect-src http://localhost:8000/-/reload\r\n" in got
    )
    script = play.client().talk(get("/-/reload.js"))
    assert b"x-content-type-options: nosniff\r\n" in script
    assert script.count(b"x-content-type-options") == 1


def test_a_client_that_goes_leaves_no_stream_behind() -> None:
    play = stage(b"page", HandClock())
    client = play.client()
    client.talk(get("/-/reload"))
    client.link.abort()
    play.settle()
    assert play.open_connections == 0
