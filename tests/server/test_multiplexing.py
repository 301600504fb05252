"""Many exchanges on one connection: what one of them does or suffers is not the others'."""

from __future__ import annotations

from typing import Any

import pytest
from conversing import Client, Script, Stage
from multiplexing import Multiplexed

from pellucid.message import End, Response
from pellucid.net.link import CAPACITY
from pellucid.net.memory import memory_pair
from pellucid.piece import Piece
from pellucid.server.exchange import App, Exchange
from pellucid.server.timeouts import Patience

PATIENCE = Patience(body_rate=100, body_grace=8.0)


class Endless:
    """A body without end, in pieces as large as there is room."""

    length: int | None = None

    def __init__(self) -> None:
        self.given = 0
        self.pieces = 0

    def pull(self, limit: int) -> Piece | End | None:
        self.given += min(limit, 65536)
        self.pieces += 1
        return bytes(min(limit, 65536))

    def close(self) -> None:
        pass


def multiplexed(app: App, monkeypatch: pytest.MonkeyPatch, holds: int = 1 << 20, **settings: Any) -> Client:
    """A client whose connection speaks the protocol of many exchanges."""
    stage = Stage(app, **settings)
    monkeypatch.setattr(stage.server, "_speak", lambda link: Multiplexed())
    ours, theirs = memory_pair(holds)
    stage.server.adopt(ours)
    return Client(stage, theirs)


def test_all_exchanges_together_have_the_room_of_one_link(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[Endless] = []

    def app(exchange: Exchange) -> None:
        bodies.append(Endless())
        exchange.respond(Response(200), bodies[-1])

    client = multiplexed(app, monkeypatch, holds=1000)
    client.send(b"".join(b"get %d\n" % stream for stream in range(50)))
    client.stage.settle()
    assert sum(body.given for body in bodies) <= CAPACITY + 65536


def test_each_exchange_has_a_piece_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[Endless] = []

    def app(exchange: Exchange) -> None:
        bodies.append(Endless())
        exchange.respond(Response(200), bodies[-1])

    client = multiplexed(app, monkeypatch, holds=CAPACITY)
    client.send(b"get 1\nget 2\nget 3\n")
    client.stage.settle()
    counts = [body.pieces for body in bodies]
    assert min(counts) > 1
    assert max(counts) - min(counts) <= 1


def test_one_that_fails_takes_none_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = iter([Script(b"one"), Script(b"two", ZeroDivisionError("on purpose")), Script(b"three")])
    client = multiplexed(lambda exchange: exchange.respond(Response(200), next(sources)), monkeypatch)
    got = client.talk(b"get 1\nget 2\nget 3\n")
    assert b"1 end\n" in got
    assert b"2 reset\n" in got
    assert b"3 end\n" in got
    assert not client.ended
    assert len(client.stage.errors) == 1


def test_one_that_an_app_gives_up_takes_none_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Exchange] = []
    gone: list[int] = []
    client = multiplexed(held.append, monkeypatch)
    client.talk(b"get 1\nget 2\n")
    held[0].on_gone = lambda: gone.append(1)
    held[0].abort("enough")
    held[1].respond(Response(200), b"hello")
    assert client.talk() == b"1 reset\n2 200\nhello2 end\n"
    assert (gone, held[0].gone, held[0].why) == ([1], True, "enough")


def test_a_slow_body_is_refused_however_busy_the_other_streams_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def app(exchange: Exchange) -> None:
        if exchange.request.complete:
            exchange.respond(Response(200), b"")
        else:
            exchange.read()

    client = multiplexed(app, monkeypatch, patience=PATIENCE)
    client.talk(b"put 1\n")
    for stream in range(2, 9):
        client.stage.wait(1.0)
        assert client.talk(b"get %d\n" % stream).startswith(b"%d 200" % stream)
    client.stage.wait(1.0)
    got = client.talk()
    assert got.startswith(b"1 408\n")
    assert b"body-rate" in got
    assert not client.ended
