"""Conversations and their ends: clients that vanish at any byte, and answers that still reach those who stay."""

import gc
import random
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from conversing import HELLO, Client, FileBody, Later, Script, Stage, descriptors, hello, request, statuses

from pellucid.message import Headers, Response
from pellucid.net.link import PlainLink
from pellucid.net.reactor import Reactor
from pellucid.server.connection import Connection
from pellucid.server.exchange import Exchange
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience

CONVERSATION = b"".join(
    (
        request(path="/hello"),
        b"\r\n",
        request("POST", "/echo", b"a body with a length"),
        request("POST", "/echo", transfer_encoding="chunked"),
        b"6;x=y\r\nchunks\r\n2\r\n, \r\n0\r\nDigest: x\r\n\r\n",
        request("HEAD", "/file"),
        request(path="/file"),
        request(path="/events"),
        request(path="/missing", connection="close"),
    )
)


class Echo:
    """Give back the body of a request once all of it has come."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.body = b""
        exchange.on_body = self.read
        self.read()

    def read(self) -> None:
        while data := self.exchange.read():
            self.body += data
        if data == b"" and not self.exchange.answered:
            self.exchange.respond(Response(200), self.body)


def site(folder: Path) -> Callable[[Exchange], None]:
    """An app with all kinds of answers."""
    size = 10_000
    (folder / "file").write_bytes(bytes(size))

    def app(exchange: Exchange) -> None:
        path = exchange.request.path
        if path == b"/echo":
            Echo(exchange)
        elif path == b"/file":
            exchange.respond(Response(200), FileBody(folder / "file", size))
        elif path == b"/events":
            exchange.inform(Response(103, Headers([(b"link", b"</a>")])))
            exchange.respond(Response(200), Script(b"one", lambda: exchange.wake(), b"two"))
        elif path == b"/missing":
            exchange.respond(Response(404), b"missing")
        else:
            hello(exchange)

    return app


def close(client: Client) -> None:
    client.link.close()


def reset(client: Client) -> None:
    client.link.abort()


def half_close(client: Client) -> None:
    client.link.finish()
    client.talk()
    client.link.close()


def half_close_and_reset(client: Client) -> None:
    client.link.finish()
    client.stage.settle()
    client.link.abort()


def test_the_conversation_is_what_it_should_be(tmp_path: Path) -> None:
    client = Stage(site(tmp_path)).client()
    assert statuses(client.talk(CONVERSATION)) == [200, 200, 200, 200, 200, 103, 200, 404]
    assert client.ended
    assert not client.broken


@pytest.mark.parametrize("vanish", [close, reset, half_close, half_close_and_reset])
@pytest.mark.parametrize("holds", [200, 65536])
@pytest.mark.parametrize("reads", [False, True])
def test_a_client_may_vanish_at_every_byte(
    vanish: Callable[[Client], None], holds: int, reads: bool, tmp_path: Path
) -> None:
    stage = Stage(site(tmp_path))
    before = descriptors()
    for count in range(len(CONVERSATION) + 1):
        client = stage.client(holds=holds)
        if reads:
            client.talk(CONVERSATION[:count])
        else:
            client.send(CONVERSATION[:count])
            stage.settle()
        vanish(client)
        stage.settle()
        assert stage.open_connections == 0, f"after {count} bytes"
        assert stage.timers == 0
    assert descriptors() == before
    assert stage.errors == []


@pytest.mark.parametrize("count", range(0, 12_000, 997))
def test_a_client_may_vanish_at_any_byte_of_the_answer(count: int, tmp_path: Path) -> None:
    stage = Stage(site(tmp_path))
    before = descriptors()
    for vanish in (close, reset):
        client = stage.client(holds=300)
        client.send(request(path="/file") * 2)
        stage.settle()
        while len(client.got) < count and client.read(101):
            pass
        vanish(client)
        stage.settle()
        assert stage.open_connections == 0
    assert descriptors() == before


def test_random_bytes_leave_nothing_behind(tmp_path: Path) -> None:
    chance = random.Random(9112)
    stage = Stage(site(tmp_path))
    parts = [CONVERSATION[at : at + 40] for at in range(0, len(CONVERSATION), 7)] + [
        b"\r\n",
        b"\0",
        b"\n",
        b"0\r\n\r\n",
    ]
    gc.collect()
    before, open_before = count_connections(), descriptors()
    for number in range(3000):
        client = stage.client(holds=chance.choice((50, 1000, 65536)))
        if number % 3:
            client.send(b"".join(chance.choices(parts, k=chance.randrange(12))))
        else:
            client.send(chance.randbytes(chance.randrange(300)))
        if chance.random() < 0.5:
            client.talk()
        chance.choice((close, reset, half_close))(client)
    stage.settle()
    assert stage.open_connections == 0
    assert stage.timers == 0
    assert stage.errors == []
    assert descriptors() == open_before
    gc.collect()
    assert count_connections() == before


def count_connections() -> int:
    return sum(1 for each in gc.get_objects() if type(each) is Connection)


def test_an_app_is_told_that_its_client_is_gone() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request())
    gone: list[str] = []
    app.last.on_gone = lambda: gone.append(app.last.why)
    client.link.abort()
    stage.settle()
    assert gone == ["Connection reset by peer"]
    assert stage.open_connections == 0
    late = Script(b"late")
    app.last.respond(Response(200), late)
    stage.settle()
    assert late.closed == 1


def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.send(HELLO * 2)
    client.link.finish()
    stage.settle()
    app.last.respond(Response(200), b"first")
    assert client.talk().endswith(b"first")
    app.last.respond(Response(200), b"second")
    assert client.talk().endswith(b"second")
    assert client.ended
    assert not client.broken
    assert stage.open_connections == 0


@pytest.mark.parametrize("app", [Later(), lambda exchange: exchange.respond(Response(200), Script(b"x", None))])
def test_a_hang_up_on_a_unix_socket_is_not_told_for_ever(app: Callable[[Exchange], None]) -> None:
    reactor = Reactor()
    server = Server(app, Capacity(0, 0), reactor=reactor)
    ours, theirs = socket.socketpair()
    server.adopt(PlainLink(ours, "", "unix:"))
    theirs.sendall(HELLO)
    reactor.step(1)
    theirs.close()
    rounds = 0
    while server.connections and rounds < 10:
        reactor.step(1)
        rounds += 1
    assert rounds < 10
    reactor.close()


# Lingering


@pytest.mark.parametrize("more", [b"", b"x" * 1000])
def test_a_refusal_reaches_a_client_that_is_still_sending(more: bytes) -> None:
    stage = Stage()
    client = stage.client()
    assert statuses(client.talk(b"no request\r\n\r\n" + more)) == [400]
    for _ in range(10):
        client.talk(b"y" * 10_000)
    assert client.ended
    assert not client.broken
    assert stage.open_connections == 1
    client.link.close()
    stage.settle()
    assert stage.open_connections == 0


def test_a_refusal_to_a_client_that_ended_needs_no_lingering() -> None:
    stage = Stage()
    client = stage.client()
    client.send(b"GET / HTT")
    client.link.finish()
    assert statuses(client.talk()) == [400]
    assert client.ended
    assert stage.open_connections == 0


def test_what_was_pipelined_behind_the_last_answer_does_not_break_it() -> None:
    stage = Stage()
    client = stage.client()
    client.send(request(connection="close") + HELLO * 100)
    stage.settle()
    assert not client.broken
    assert statuses(client.talk()) == [200]
    assert client.ended


def test_lingering_is_not_made_longer_by_what_happens_meanwhile() -> None:
    app = Later()
    stage = Stage(app, patience=Patience(linger=5.0))
    client = stage.client()
    client.talk(request("POST", content_length="1000000"))
    app.last.respond(Response(200), b"early")
    client.talk()
    [connection] = stage.server.connections
    assert connection.lingering == stage.clock.now
    for _ in range(4):
        stage.wait(1)
        connection.drain()
        app.last.read()
        app.last.wake()
        client.talk(b"drip")
    assert stage.open_connections == 1
    stage.wait(1)
    assert stage.open_connections == 0


def test_a_client_that_resets_while_lingering_is_gone() -> None:
    stage = Stage()
    client = stage.client()
    client.talk(b"nonsense\r\n\r\n")
    client.link.abort()
    stage.settle()
    assert stage.open_connections == 0
    assert stage.timers == 0
