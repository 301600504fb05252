"""Tests of conversations: what an app receives and sends, and when it waits."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conversing import request, statuses

from hosting import Host, body, content, field, start, telling
from pellucid.apps.asgi.faults import ClientDisconnected
from pellucid.apps.asgi.stream import ROOM
from pellucid.apps.asgi.types import Message, Receive, Scope, Send
from pellucid.net.link import CAPACITY
from pellucid.server.exchange import WINDOW
from pellucid.server.timeouts import Patience

Make = Callable[..., Host]
GET = request()


class Reader:
    """An app that receives until the body is whole, answers with its size, and goes on to receive so many times."""

    def __init__(self, more: int = 0) -> None:
        self.got: list[Message] = []
        self.more = more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await self.take(receive)
        while message.get("more_body"):
            message = await self.take(receive)
        await send(start())
        await send(body(b"%d" % sum(len(each.get("body", b"")) for each in self.got)))
        for _ in range(self.more):
            await self.take(receive)

    async def take(self, receive: Receive) -> Message:
        self.got.append(await receive())
        return self.got[-1]

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.got]


class Asker:
    """An app that begins an answer, if it is told to, and receives one message more than the request has."""

    def __init__(self, *first: Message) -> None:
        self.first = first
        self.got: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in self.first:
            await send(message)
        self.got.append(await receive())


DISCONNECTED = [{"type": "http.disconnect"}]

# Receiving


@pytest.mark.parametrize("asked", [GET, request("POST", "/", b"", Content_Length="0")])
def test_what_has_no_body_is_told_in_one_message(host: Make, asked: bytes) -> None:
    app = Reader()
    assert content(host(app).ask(asked)) == b"0"
    assert app.got == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_small_body_is_one_message_that_says_so(host: Make) -> None:
    app = Reader()
    host(app).ask(request("POST", "/", b"hello"))
    assert app.got == [{"type": "http.request", "body": b"hello", "more_body": False}]


def test_a_body_comes_in_parts_as_they_arrive(host: Make) -> None:
    app = Reader()
    client = host(app).client()
    client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert app.got == []
    client.talk(b"2\r\nab\r\n")
    assert app.got == [{"type": "http.request", "body": b"ab", "more_body": True}]
    assert statuses(client.talk(b"1\r\nc\r\n0\r\n\r\n")) == [200]
    assert app.got[1:] == [{"type": "http.request", "body": b"c", "more_body": False}]


def test_a_body_that_nobody_receives_holds_the_client_back(host: Make) -> None:
    go = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        go.append(asyncio.get_running_loop().create_future())
        await go[0]

    stage = host(app)
    client = stage.client(holds=4096)
    client.send(request("POST", "/", bytes(10 * WINDOW)))
    stage.settle()
    for _ in range(100):
        client.link.send([])
        stage.settle()
    taken = 10 * WINDOW - sum(map(len, client.link._outbox))  # what has left the client
    assert taken <= 4 * WINDOW


def test_a_client_that_waits_for_100_gets_it_when_the_app_receives(host: Make) -> None:
    client = host(Reader()).client()
    got = client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert got == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert content(client.talk(b"ab")) == b"2"


def test_after_the_answer_the_end_is_received_at_once(host: Make) -> None:
    app = Reader(more=2)
    host(app).ask(GET)
    assert app.types == ["http.request", "http.disconnect", "http.disconnect"]


def test_an_answer_by_another_task_is_the_end_for_one_that_receives(host: Make) -> None:
    got: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        listening = [asyncio.ensure_future(receive()) for _ in range(2)]
        await asyncio.sleep(0)
        await send(start())
        await send(body())
        got.extend(await asyncio.gather(*listening))

    host(app).ask(GET)
    assert got == DISCONNECTED * 2


def test_a_client_that_goes_away_is_told_at_once_and_cancels_nothing(host: Make) -> None:
    app = Asker()
    stage = host(app)
    client = stage.client()
    client.talk(GET)
    assert app.got == []
    client.link.abort()
    stage.settle()
    assert app.got == DISCONNECTED
    assert stage.errors == []


def test_a_client_that_has_said_its_end_is_told_but_what_it_sent_comes_first(host: Make) -> None:
    app = Asker()
    stage = host(app)
    client = stage.client()
    client.talk(request("POST", "/", b"whole"))
    client.link.finish()
    stage.settle()
    assert app.got == DISCONNECTED


def test_a_half_closed_client_gets_its_answer(host: Make) -> None:
    app = Reader()
    stage = host(app)
    client = stage.client()
    client.send(request("POST", "/", b"whole"))
    client.link.finish()
    assert content(client.talk()) == b"5"
    assert app.got[0]["body"] == b"whole"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([], id="nothing"),
        pytest.param([start()], id="a head"),
        pytest.param([start(), body(b"part", more=True)], id="a part"),
        pytest.param([start(), body(b"part", more=True), None, body(b"")], id="a part, and then an end"),
        pytest.param([start(), None, body(b"")], id="a head, and then an end"),
        pytest.param([None], id="nothing after all"),
    ],
)
def test_an_app_that_knows_of_the_end_may_return_but_its_part_is_not_taken_for_the_whole(
    host: Make, sent: list[Message | None]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in sent:
            if message is None:
                assert (await receive())["type"] == "http.disconnect"
            else:
                await send(message)
        if None not in sent:
            assert (await receive())["type"] == "http.disconnect"

    stage = host(app)
    client = stage.client()
    client.send(GET)
    client.link.finish()
    received = client.talk()
    assert not received.endswith(b"0\r\n\r\n")
    assert not statuses(received) or b"transfer-encoding: chunked" in received
    assert stage.errors == []


def test_a_length_proves_an_answer_whole_whoever_has_left(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start(headers=[(b"content-length", b"5")]))
        assert (await receive())["type"] == "http.disconnect"
        await send(body(b"whole"))

    client = host(app).client()
    client.send(GET)
    client.link.finish()
    assert content(client.talk()) == b"whole"


def test_a_stream_of_events_ends_well_when_its_app_returns_at_the_end_of_the_server(host: Make) -> None:
    app = Asker(start(headers=[(b"content-type", b"text/event-stream")]), body(b"data: 1\n\n", more=True))
    stage = host(app)
    client = stage.client()
    client.talk(GET)
    stage.server.stop(10)
    assert client.talk().endswith(b"0\r\n\r\n")
    assert stage.errors == []


def test_a_stream_of_events_is_told_when_the_server_stops(host: Make) -> None:
    app = Asker(start(headers=[(b"content-type", b"text/event-stream")]), body(b"data: 1\n\n", more=True))
    stage = host(app)
    stage.client().talk(GET)
    assert app.got == []
    stage.server.stop(10)
    stage.settle()
    assert app.got == DISCONNECTED


def test_any_other_answer_is_not_told_that_the_server_stops(host: Make) -> None:
    app = Asker(start(), body(b"part", more=True))
    stage = host(app)
    stage.client().talk(GET)
    stage.server.stop(10)
    stage.settle()
    assert app.got == []


def test_waiting_with_a_timeout_again_and_again_piles_nothing_up(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for _ in range(10):
            listening = asyncio.ensure_future(receive())
            await asyncio.sleep(0)
            listening.cancel()
            await asyncio.sleep(0)
        await send(start())
        await send(body(b"%d" % len(receive.__self__._waiters._futures)))  # type: ignore[attr-defined]  # its conversation's

    assert content(host(app).ask(GET)) == b"1"


# Sending


def test_an_answer_in_one_piece_has_a_length(host: Make) -> None:
    got = host(telling(start(), body(b"hello"))).ask(GET)
    assert (field(got, "content-length"), content(got)) == (["5"], b"hello")


def test_parts_go_out_as_they_come(host: Make) -> None:
    gate: list[asyncio.Future[None]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for part in (b"a", b"b"):
            await send(body(part, more=True))
            gate.append(asyncio.get_running_loop().create_future())
            await gate[-1]
        await send(body())

    stage = host(app)
    client = stage.client()
    assert content(client.talk(GET)) == b"a"
    gate[0].set_result(None)
    assert client.talk() == b"1\r\nb\r\n"
    gate[1].set_result(None)
    assert client.talk() == b"0\r\n\r\n"


def test_a_head_goes_out_before_a_body_that_takes_its_time(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(headers=[(b"content-type", b"text/event-stream")]))
        await receive()
        await receive()

    assert statuses(host(app).ask(GET)) == [200]


def test_a_declared_length_frames_what_comes_in_parts(host: Make) -> None:
    length = [(b"content-length", b"4")]
    got = host(telling(start(headers=length), body(b"ab", True), body(b"", True), body(b"cd"))).ask(GET)
    assert (field(got, "transfer-encoding"), content(got)) == ([], b"abcd")


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_where_no_body_goes_out_it_may_be_given(host: Make, status: int, more: bool) -> None:
    app = telling(start(status, [(b"content-length", b"5")]), *([body(b"hel", True)] if more else []), body(b"hello"))
    stage = host(app)
    client = stage.client()
    got = client.talk(request("HEAD") if status == 200 else GET)
    assert (statuses(got), content(got), stage.errors) == ([status], b"", [])
    assert not client.ended


def test_what_an_app_says_of_transfer_coding_is_ignored(host: Make) -> None:
    got = host(telling(start(headers=[(b"Transfer-Encoding", b"chunked")]), body(b"hello"))).ask(GET)
    assert (field(got, "transfer-encoding"), content(got)) == ([], b"hello")


def test_a_large_answer_is_whole(host: Make) -> None:
    whole = bytes(range(256)) * 8192
    parts = [body(whole[at : at + 100_000], more=True) for at in range(0, len(whole), 100_000)]
    assert content(host(telling(start(), *parts, body())).ask(GET)) == whole
    assert content(host(telling(start(), body(whole))).ask(GET)) == whole


def test_a_client_that_does_not_read_costs_one_buffer(host: Make) -> None:
    size, sent = 10_000, 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(start())
        while True:
            await send(body(bytes(size), more=True))
            sent += size

    stage = host(app)
    client = stage.client(holds=65536)
    client.send(GET)
    stage.settle()
    taken = len(client.link.arrived)
    assert sent - taken <= CAPACITY + ROOM + size
    before = sent
    stage.settle()
    assert sent == before
    for _ in range(20):
        client.read(65536)
    assert sent > before


@pytest.mark.parametrize("kind", [b"text/event-stream", b"text/plain"])
def test_an_endless_body_that_nobody_wants_comes_to_an_end(host: Make, kind: bytes) -> None:
    raised: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(headers=[(b"content-type", kind)]))
        try:
            while True:
                await send(body(bytes(ROOM), more=True))
        except OSError as error:
            raised.append(error)
            raise

    stage = host(app)
    assert statuses(stage.ask(request("HEAD"))) == [200]
    assert [type(error) for error in raised] == [ClientDisconnected]
    assert stage.errors == []


def test_who_listens_is_told_that_nobody_wants_more_of_a_body(host: Make) -> None:
    app = Asker(start(), body(b"part", more=True))
    host(app).ask(request("HEAD"))
    assert app.got == DISCONNECTED


def test_an_app_that_never_waits_lets_others_have_their_turn(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        while scope["path"] == "/endless":
            await send(body(b"x", more=True))
        await send(body(b"quick"))

    stage = host(app, patience=Patience(write_stall=0))
    stage.client().send(request("HEAD", "/endless"))  # of which nothing has to wait for the client
    quick = stage.client()
    quick.send(GET)
    for _ in range(4):
        stage.reactor.step(0)
        stage.loop.call_soon(stage.loop.stop)
        stage.loop.run_forever()
    assert quick.link.arrived.endswith(b"quick")


def test_sending_to_a_client_that_is_gone_raises_and_is_no_fault(host: Make) -> None:
    raised: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        try:
            while True:
                await send(body(bytes(ROOM), more=True))
        except OSError as error:
            raised.append(error)
            raise RuntimeError("as frameworks word it") from error

    stage = host(app)
    client = stage.client()
    client.send(GET)
    stage.settle()
    assert raised == []
    client.link.abort()
    stage.settle()
    assert [type(error) for error in raised] == [ClientDisconnected]
    assert stage.errors == []


def test_a_request_that_takes_too_long_is_answered_and_its_task_cancelled(host: Make) -> None:
    ends: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ends.append("cancelled")

    stage = host(app, patience=Patience(request_timeout=5))
    client = stage.client()
    client.talk(GET)
    stage.wait(4.9)
    assert ends == []
    stage.wait(0.2)
    assert statuses(client.talk()) == [503]
    assert ends == ["cancelled"]
    assert stage.errors == []


# Extensions


def test_early_hints_go_out_ahead(host: Make) -> None:
    hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>; rel=preload"]}
    got = host(telling(start(), hint, body(b"hello"))).ask(GET)
    assert statuses(got) == [103, 200]
    assert field(got, "link") == ["</a.css>; rel=preload", "</b.js>; rel=preload"]


def test_debug_is_taken_and_ignored(host: Make) -> None:
    got = host(telling({"type": "http.response.debug", "info": {}}, start(), body(b"hello"))).ask(GET)
    assert content(got) == b"hello"


TRAILERS = [
    {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": True},
    {"type": "http.response.trailers", "headers": [(b"X-Last", b"2")]},
]


@pytest.mark.parametrize("parts", [(body(b"ab"),), (body(b"a", more=True), body(b"b"))])
@pytest.mark.parametrize(
    ("te", "tail"), [("trailers", b"0\r\nx-sum: 1\r\nx-last: 2\r\n\r\n"), ("deflate", b"0\r\n\r\n")]
)
def test_trailers_go_to_those_who_take_them(host: Make, parts: tuple[Message, ...], te: str, tail: bytes) -> None:
    stage = host(telling(start(trailers=True), *parts, *TRAILERS))
    got = stage.ask(request(TE=te))
    assert content(got) == b"ab"
    assert got.endswith(tail)
    assert stage.errors == []


def test_a_path_is_sent_as_the_file_that_it_names(host: Make, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"film" * 100_000)
    send = {"type": "http.response.pathsend", "path": str(tmp_path / "film")}
    got = host(telling(start(), send)).ask(GET)
    assert content(got) == b"film" * 100_000
    assert field(got, "content-length") == ["400000"]


def test_files_and_bytes_are_mixed(host: Make, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"0123456789")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"<", more=True))
        with (tmp_path / "film").open("rb") as film:
            await send({"type": "http.response.zerocopysend", "file": film, "count": 4, "more_body": True})
            await send({"type": "http.response.zerocopysend", "file": film, "more_body": True})
            await send({"type": "http.response.zerocopysend", "file": film, "offset": 2, "count": 1, "more_body": True})
        await send(body(b">"))

    assert content(host(app).ask(GET)) == b"<01234567892>"


def test_an_empty_file_is_an_empty_body(host: Make, tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    got = host(telling(start(), {"type": "http.response.pathsend", "path": str(tmp_path / "none")})).ask(GET)
    assert (statuses(got), field(got, "content-length"), content(got)) == ([200], ["0"], b"")


def test_a_head_request_for_a_file_opens_and_closes_it(host: Make, tmp_path: Path, open_files: Any) -> None:
    (tmp_path / "film").write_bytes(b"film")
    stage = host(telling(start(), {"type": "http.response.pathsend", "path": str(tmp_path / "film")}))
    before = open_files()
    assert field(stage.ask(request("HEAD")), "content-length") == ["4"]
    assert open_files() == before
