"""Conversations about bodies: pulled with backpressure on the way out, asked for with credit on the way in."""

from pathlib import Path

import pytest
from conversing import FileBody, Later, Script, Stage, answering, descriptors, request, statuses

from pellucid.errors import WrongAnswer
from pellucid.message import END, End, Headers, Response
from pellucid.net.link import CAPACITY
from pellucid.protocol.http1.engine import DRAIN
from pellucid.server.exchange import WINDOW, Exchange

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


# On the way out


def test_a_client_that_does_not_read_costs_one_buffer() -> None:
    piece = bytes(range(256)) * 32
    source = Script(*[piece] * 1000, length=len(piece) * 1000)
    client = Stage(answering(source)).client()
    client.send(request())
    client.stage.settle()
    assert source.pulls <= (CAPACITY + 65536) // len(piece) + 2
    before = source.closed
    got = client.talk()
    assert (before, source.closed) == (0, 1)
    assert got.endswith(b"\r\n\r\n" + piece * 1000)
    assert source.pulls == 1001


def test_a_client_that_reads_slowly_gets_everything() -> None:
    source = Script(*[b"%04d" % number * 1000 for number in range(20)], length=80_000)
    stage = Stage(answering(source))
    client = stage.client(holds=1000)
    client.send(request())
    stage.settle()
    while client.read(700):
        pass
    assert client.got.endswith(b"".join(b"%04d" % number * 1000 for number in range(20)))


def test_an_unknown_length_goes_out_in_chunks() -> None:
    got = Stage(answering(Script(b"hello", b"world"))).client().talk(request())
    assert got.endswith(b"\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")


def test_trailers_follow_the_last_chunk() -> None:
    got = Stage(answering(Script(b"hello", End(Headers([(b"digest", b"x")]))))).client().talk(request())
    assert got.endswith(b"5\r\nhello\r\n0\r\ndigest: x\r\n\r\n")


def test_an_http_10_client_knows_the_end_of_the_body_by_the_end_of_the_connection() -> None:
    client = Stage(answering(Script(b"hello", b"world"))).client()
    assert client.talk(request(version="1.0")).endswith(b"\r\n\r\nhelloworld")
    assert client.ended
    assert not client.broken


def test_the_head_does_not_wait_for_the_body() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request())
    source = Script(None, b"event", None, None, b"last")
    app.last.respond(Response(200), source)
    assert statuses(client.talk()) == [200]
    assert client.talk() == b""
    app.last.wake()
    assert client.talk() == b"5\r\nevent\r\n"
    app.last.wake()
    assert client.talk() == b""
    app.last.wake()
    assert client.talk() == b"4\r\nlast\r\n0\r\n\r\n"
    assert source.closed == 1


def test_a_source_that_wakes_itself_in_its_pull_is_pulled_again() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request())
    app.last.respond(Response(200), Script(lambda: app.last.wake(), b"one", lambda: app.last.wake(), b"two"))
    assert client.talk().endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_calls_after_the_end_do_nothing() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request("POST", body=b"body"))
    first = app.last
    first.respond(Response(200), b"first")
    client.talk()
    client.talk(request())
    first.wake()
    first.inform(Response(103))
    first.read()
    with pytest.raises(WrongAnswer):
        first.respond(Response(200), b"again")
    assert client.talk() == b""
    app.last.respond(Response(200), b"second")
    assert client.talk().endswith(b"second")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_body_that_is_not_wanted_is_closed_unsent(method: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    before = descriptors()
    script = Script(b"content", length=7)
    for body in (script, FileBody(tmp_path / "file", 7, 1), b"content"):
        client = Stage(answering(body, status)).client()
        got = client.talk(request(method))
        assert got.endswith(b"\r\n\r\n")
        assert b"content-length: 7" in got or status == 204
        assert not client.ended
    assert script.closed == 1
    assert script.pulls == (0 if method == "HEAD" else 1)
    assert descriptors() == before


def test_files_are_sent_and_closed(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    (tmp_path / "file").write_bytes(content)
    before = descriptors()
    stage = Stage(lambda exchange: exchange.respond(Response(200), FileBody(tmp_path / "file", len(content))))
    client = stage.client()
    assert client.talk(request()).endswith(content)
    got = client.talk(request(version="1.0") * 2)
    assert got.endswith(content)
    assert statuses(got) == [200]
    assert descriptors() == before


@pytest.mark.parametrize("chunked", [True, False])
def test_a_file_that_shrinks_cuts_the_connection(tmp_path: Path, chunked: bool) -> None:
    (tmp_path / "file").write_bytes(bytes(100_000))
    before = descriptors()
    body = FileBody(tmp_path / "file", 100_000)
    (tmp_path / "file").write_bytes(b"short")
    if chunked:
        body.length = None
    stage = Stage(answering(body))
    client = stage.client()
    client.send(request())
    stage.settle()
    assert client.broken
    assert stage.open_connections == 0
    assert descriptors() == before


# On the way in


def test_a_body_is_not_read_until_the_app_asks() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client(holds=1024)
    body = bytes(range(256)) * 4096
    client.send(request("POST", body=body))
    stage.settle()
    for _ in range(200):
        client.link.send([])
        stage.settle()
    assert client.link.waiting
    got = bytearray()
    told: list[bool] = []
    app.last.on_body = lambda: told.append(True)
    while (data := app.last.read()) != b"":
        assert len(data or b"") <= WINDOW
        got += data or b""
        client.link.send([])
        stage.settle()
    assert got == body
    assert told
    assert app.last.read() == b""


def test_a_body_that_is_read_slowly_holds_the_client_back() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.send(request("POST", body=bytes(1 << 20)))
    stage.settle()
    assert 0 < len(app.last.read() or b"") <= WINDOW
    for _ in range(100):
        client.link.send([])
        stage.settle()
    assert client.link.waiting
    assert 0 < len(app.last.read() or b"") <= WINDOW


def test_trailers_of_a_request_are_told_after_its_end() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request("POST", transfer_encoding="chunked"))
    assert app.last.read() is None
    client.talk(b"5\r\nhello\r\n0\r\ndigest: x\r\n\r\n")
    assert app.last.read() == b"hello"
    assert app.last.trailers == Headers([(b"digest", b"x")])
    assert app.last.read() == b""


def test_100_continue_is_sent_when_the_app_asks_for_the_body() -> None:
    app = Later()
    client = Stage(app).client()
    assert client.talk(request("POST", expect="100-continue", content_length="5")) == b""
    assert app.last.read() is None
    assert client.talk() == CONTINUE
    assert app.last.read() is None
    assert client.talk() == b""
    client.talk(b"hello")
    assert app.last.read() == b"hello"
    app.last.respond(Response(200), b"thanks")
    assert client.talk().endswith(b"thanks")


def test_100_continue_is_not_sent_where_the_answer_comes_first() -> None:
    client = Stage(answering(b"no", 403)).client()
    got = client.talk(request("POST", expect="100-continue", content_length="5"))
    assert statuses(got) == [403]
    assert b"connection: close" in got


def test_100_continue_is_not_sent_where_the_body_has_come_anyhow() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request("POST", expect="100-continue", content_length="5") + b"hello")
    assert app.last.read() == b"hello"
    assert client.talk() == b""


def test_a_small_rest_of_a_body_is_dropped_and_the_connection_goes_on() -> None:
    client = Stage(answering(b"early")).client()
    assert statuses(client.talk(request("POST", content_length="1000") + b"part")) == [200]
    assert client.talk(bytes(995)) == b""
    assert statuses(client.talk(b"x" + request())) == [200]
    assert not client.ended


def test_a_large_rest_of_a_body_ends_the_connection_after_the_answer_has_arrived() -> None:
    stage = Stage(answering(b"early"))
    client = stage.client()
    got = client.talk(request("POST", content_length=str(DRAIN + 10)) + b"part")
    assert statuses(got) == [200]
    assert b"connection: close" in got
    for _ in range(10):
        assert client.talk(bytes(10_000)) == b""
    assert client.ended
    assert not client.broken
    client.link.finish()
    stage.settle()
    assert stage.open_connections == 0


def test_an_app_that_answers_while_the_body_comes_reads_no_more() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request("POST", content_length="10") + b"12345")
    assert app.last.read() == b"12345"
    app.last.respond(Response(200), b"enough")
    assert client.talk().endswith(b"enough")
    assert statuses(client.talk(b"67890" + request())) == []
    app.last.respond(Response(200), b"next")
    assert client.talk().endswith(b"next")


@pytest.mark.parametrize("started", [False, True])
def test_a_failure_in_on_body_is_the_apps(started: bool) -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request("POST", content_length="10"))

    def fail() -> None:
        raise ZeroDivisionError("on purpose")

    app.last.on_body = fail
    app.last.read()
    if started:
        app.last.respond(Response(200), Script(b"x", None))
    client.talk()
    client.send(b"12345")
    stage.settle()
    assert statuses(bytes(client.link.arrived)) == ([] if started else [500])
    assert client.broken is started
    assert len(stage.errors) == 1


@pytest.mark.parametrize("answered", [False, True])
def test_a_request_whose_body_breaks_is_refused_or_cut(answered: bool) -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request("POST", transfer_encoding="chunked"))
    source = Script(b"x", None)
    gone: list[str] = []
    app.last.on_gone = lambda: gone.append(app.last.why)
    app.last.read()
    if answered:
        app.last.respond(Response(200), source)
    client.talk()
    client.send(b"nonsense\r\n")
    stage.settle()
    assert len(gone) == 1
    assert "RFC 9112 7.1" in gone[0]
    assert statuses(bytes(client.link.arrived)) == ([] if answered else [400])
    assert client.broken is answered
    assert app.last.read() is None
    assert source.closed == answered
    late = Script(b"late")
    app.last.respond(Response(200), late)
    assert late.closed == 1
    stage.settle()
    assert stage.errors == []


# Tunnels


def test_an_app_may_open_a_tunnel_and_read_in_one_breath() -> None:
    source = Script(b"hello", None)

    def app(exchange: Exchange) -> None:
        exchange.respond(Response(101, Headers([(b"upgrade", b"echo")])), source)
        exchange.on_body = lambda: source.items.insert(0, exchange.read() or END)
        exchange.read()

    client = Stage(app).client()
    got = client.talk(request(connection="upgrade", upgrade="echo"))
    assert statuses(got) == [101]
    assert got.endswith(b"hello")


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_a_tunnel_goes_both_ways_and_ends_from_either_side(method: str) -> None:
    app = Later()
    stage = Stage(app)
    for first in ("client", "server"):
        client = stage.client()
        if method == "GET":
            client.talk(request(connection="upgrade", upgrade="echo") + b"early")
        else:
            client.talk(b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\nearly")
        source = Script(b"hello", None, b"bye", None)
        opening = Response(101, Headers([(b"upgrade", b"echo")])) if method == "GET" else Response(200)
        app.last.respond(opening, source)
        assert client.talk().endswith(b"\r\n\r\nhello")
        assert app.last.read() == b"early"
        client.talk(b"more")
        assert app.last.read() == b"more"
        app.last.wake()
        assert client.talk() == b"bye"
        if first == "client":
            client.link.finish()
            stage.settle()
            assert app.last.read() == b""
        source.items = [END]
        app.last.wake()
        client.talk()
        assert client.ended
        assert not client.broken
        client.link.close()
        stage.settle()
        assert stage.open_connections == 0


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_an_answer_that_opens_a_tunnel_needs_a_way_back(method: str) -> None:
    stage = Stage(answering(b"hello", 101 if method == "GET" else 200))
    client = stage.client()
    asked = request(connection="upgrade", upgrade="echo")
    got = client.talk(asked if method == "GET" else b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n")
    assert statuses(got) == [500]
    client.link.close()
    stage.settle()
    assert stage.open_connections == 0
