from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

import pytest
from conversing import request, statuses

from calling import (
    BOTH_WAYS,
    PATIENCE,
    PLAIN,
    Calling,
    Gate,
    hello,
)
from pellucid.apps.wsgi.app import Wsgi
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.watch import Watch


@BOTH_WAYS
def test_a_whole_answer_has_its_length(threads: int) -> None:
    calling = Calling(hello, threads)
    answer = calling.ask()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-type: text/plain\r\n" in answer
    assert b"\r\ncontent-length: 5\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhello")
    assert statuses(calling.ask()) == [200]  # on the same connection
    assert calling.errors == []


@BOTH_WAYS
@pytest.mark.parametrize(
    "data",
    [
        request(),
        request("HEAD"),
        request("OPTIONS", "*"),
        request("POST", body=b"abc"),
        request("POST", "/a%20b?c=d", body=b"x" * 200_000),
        request("POST", Transfer_Encoding="chunked") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        request(version="1.0", Connection="keep-alive"),
    ],
    ids=["GET", "HEAD", "OPTIONS *", "POST", "large POST", "chunked POST", "HTTP/1.0"],
)
def test_the_validator_of_pep_3333_finds_nothing(threads: int, data: bytes) -> None:
    @validator
    def echo(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.errors"].write("")
        environ["wsgi.errors"].flush()
        start_response("200 OK", [*PLAIN, ("Content-Length", str(len(body)))])
        return iter([body, b""]) if environ["REQUEST_METHOD"] != "HEAD" else iter([])

    calling = Calling(echo, threads)
    assert statuses(calling.ask(data)) == [200]
    calling.ask(data)
    assert calling.errors == []


@BOTH_WAYS
def test_connect_is_refused(threads: int) -> None:
    calling = Calling(hello, threads)
    assert statuses(calling.ask(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")) == [501]


@BOTH_WAYS
def test_an_offered_upgrade_is_an_ordinary_request(threads: int) -> None:
    calling = Calling(hello, threads)
    assert calling.get(request(Connection="Upgrade", Upgrade="websocket")) == b"hello"
    assert calling.get() == b"hello"


@BOTH_WAYS
def test_an_app_under_a_mount_sees_its_name_and_the_rest(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode("latin-1")]

    calling = Calling(app, threads, mount=b"/caf%C3%A9")
    assert calling.get(request("GET", "/caf%C3%A9/a%2Fb")) == "/café|/a/b".encode()
    assert calling.get(request("GET", "/caf%C3%A9")) == "/café|".encode()


# The pool


def test_the_end_waits_for_what_runs() -> None:
    app = Gate()
    calling = Calling(app, 2)
    begun: list[str] = []
    calling.wsgi.begin(begun.append)
    assert begun == [""]
    calling.client.send(request("GET", "/slow"))
    calling.stage.settle()
    assert app.entered.acquire(timeout=PATIENCE)
    ended: list[bool] = []
    calling.wsgi.end(lambda: ended.append(True), 1.0)
    calling.drain()
    assert ended == []
    app.open.set()
    calling.until(lambda: bool(ended))
    assert ended == [True]


def test_the_end_of_an_app_in_the_loop_is_at_once() -> None:
    ended: list[bool] = []
    reactor = Reactor(MemoryPoller(), HandClock())
    wsgi = Wsgi(hello, reactor, Watch(), WsgiSettings(threads=0), True)
    wsgi.end(lambda: ended.append(True), 1.0)
    assert ended == [True]


@pytest.mark.parametrize(("threads", "multithread"), [(0, False), (1, True)])
def test_an_app_is_told_whether_it_runs_beside_itself(threads: int, multithread: bool) -> None:
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ["wsgi.multithread"], environ["wsgi.multiprocess"], environ["wsgi.run_once"]))
        return hello(environ, start_response)

    Calling(app, threads).ask()
    assert seen == [(multithread, False, False)]


def test_an_app_in_the_loop_that_waits_between_its_parts_lets_others_have_their_turn() -> None:
    made: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        for number in range(1000):
            calling.stage.clock.advance(0.1)
            made.append(number)
            yield b"x"

    calling = Calling(app)
    calling.client.send(request())
    calling.stage.reactor.step(0)
    assert 0 < len(made) < 10
