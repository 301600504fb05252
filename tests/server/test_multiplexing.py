"""Many exchanges on one connection: what one of them does or suffers is not the others'."""

from __future__ import annotations

from typing import Any

import pytest
from conversing import Client, Script, Stage
from multiplexing import Multiplexed

from pellucid.message import End, Response
from pellucid.net.link import CAPACITY, RECEIVE
from pellucid.net.memory import memory_pair
from pellucid.piece import Piece
from pellucid.server.exchange import App, Exchange
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch

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


class Spoken:
    """That protocol, whoever comes."""

    def __init__(self, window: int) -> None:
        self.window = window

    def assumed(self) -> Multiplexed:
        return Multiplexed(self.window)

    def opening(self) -> None:
        return None


def multiplexed(
    app: App, monkeypatch: pytest.MonkeyPatch, holds: int = 1 << 20, window: int = 1 << 30, **settings: Any
) -> Client:
    """A client whose connection speaks the protocol of many exchanges."""
    stage = Stage(app, **settings)
    monkeypatch.setattr(stage.server, "protocols", Spoken(window))
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


def test_what_a_peer_says_is_heard_while_a_large_answer_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Exchange] = []

    def app(exchange: Exchange) -> None:
        held.append(exchange)
        exchange.respond(Response(200), Endless())

    watch = Watch()
    came: list[int] = []
    watch.filled.append(lambda connection, count: came.append(count))
    client = multiplexed(app, monkeypatch, holds=1 << 20, watch=watch)
    client.send(b"get 1\n")
    client.stage.settle()
    client.send(b"get 2\n")
    client.stage.settle()
    assert len(held) == 2
    client.send(b"end 1\n" * 100_000)
    client.stage.settle()
    assert sum(came) <= 2 * RECEIVE  # else it could ask for more and more that piles up here
    taken = client.link.receive()
    client.stage.settle()
    assert taken is not None
    assert sum(came) <= 2 * RECEIVE + len(taken)


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


def test_the_engine_says_which_answer_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Exchange] = []
    client = multiplexed(held.append, monkeypatch)
    client.talk(b"get 1\nget 2\nget 3\n")
    for exchange in held:
        exchange.respond(Response(200), b"")
    assert client.talk() == b"3 200\n3 end\n2 200\n2 end\n1 200\n1 end\n"


def test_answers_that_come_one_by_one_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Exchange] = []
    watch = Watch()
    sent: list[int] = []
    watch.flushed.append(lambda connection, count: sent.append(count))
    client = multiplexed(held.append, monkeypatch, watch=watch)
    client.talk(b"get 1\nget 2\nget 3\n")
    for exchange in held:  # outside of any round, as tasks do
        exchange.respond(Response(200), b"")
    assert sent == []
    assert client.talk().count(b"end") == 3
    assert len(sent) == 1


def test_a_whole_body_goes_out_as_the_peer_has_room_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(lambda exchange: exchange.respond(Response(200), b"0123456789"), monkeypatch, window=4)
    assert client.talk(b"get 1\n") == b"1 200\n0123"
    assert client.talk(b"more 1 1\n") == b"4"
    assert client.talk(b"more 1 100\n") == b"567891 end\n"
    assert client.talk(b"get 2\nmore 2 6\n") == b"2 200\n01234567892 end\n"


def test_a_body_that_has_all_the_room_it_needs_and_no_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [Script(b"1234"), Script(b"12", b"34")]
    client = multiplexed(lambda exchange: exchange.respond(Response(200), sources.pop()), monkeypatch, window=4)
    assert client.talk(b"get 1\n") == b"1 200\n1234"
    assert client.talk(b"more 1 1\n") == b"1 end\n"  # whether there is more, only a pull could tell
    assert client.talk(b"get 2\nmore 2 1\n") == b"2 200\n12342 end\n"


def test_a_window_that_is_shut_keeps_no_head_back(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[Script | bytes] = [Script(b"123", b"4"), b"1234"]
    client = multiplexed(
        lambda exchange: exchange.respond(Response(200), bodies.pop()), monkeypatch, window=0, patience=STALLING
    )
    for stream in (1, 2):
        assert client.talk(b"get %d\n" % stream) == b"%d 200\n" % stream
        client.stage.wait(9.9)
        assert client.talk(b"more %d 3\n" % stream) == b"123"
        assert client.talk(b"more %d 9\n" % stream) == b"4%d end\n" % stream
    client.talk(b"get 3\n")
    client.stage.wait(10.1)
    assert client.ended


STALLING = Patience(write_stall=10.0, write_rate=100, idle=1000.0)


def test_an_answer_for_which_the_peer_makes_no_room_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(
        lambda exchange: exchange.respond(Response(200), b"0123456789"), monkeypatch, window=4, patience=STALLING
    )
    client.talk(b"get 1\nget 2\nmore 2 6\n")
    client.stage.wait(9.9)
    assert not client.ended
    client.stage.wait(0.2)
    assert client.talk() == b"over write-stall\n"
    assert client.ended
    assert ("info", "192.0.2.1 closed: write-stall") in client.stage.notes


def test_an_answer_for_which_the_peer_makes_room_by_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(
        lambda exchange: exchange.respond(Response(200), bytes(100_000)), monkeypatch, window=4, patience=STALLING
    )
    client.talk(b"get 1\n")
    for _ in range(10):
        client.stage.wait(1.0)
        client.talk(b"more 1 1\n")
    client.stage.wait(1.0)
    client.talk()
    assert bytes(client.got).endswith(b"1 reset\n")
    assert not client.ended


def test_a_halted_answer_is_given_up_alone_where_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(
        lambda exchange: exchange.respond(Response(200), b"0123456789"), monkeypatch, window=4, patience=STALLING
    )
    client.talk(b"get 1\n")
    client.stage.wait(5.0)
    client.talk(b"get 3\nmore 3 6\n")
    client.stage.wait(4.9)
    assert client.talk() == b""
    client.stage.wait(0.2)
    assert client.talk() == b"1 reset\n"
    assert [text for _, text in client.stage.notes if text.endswith("GET /: write-stall")] != []
    client.stage.wait(500.0)
    assert not client.ended
    assert client.talk(b"get 5\nmore 5 6\n").endswith(b"5 end\n")


def test_who_only_asks_whether_anybody_is_there_puts_no_end_off(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(lambda exchange: exchange.respond(Response(200), b"0"), monkeypatch, patience=STALLING)
    client.talk(b"get 1\n")
    for _ in range(11):
        client.stage.wait(100.0)
        if not client.ended:
            client.send(b"more 1 1\n")
            client.stage.settle()
    assert client.ended
    assert client.talk() == b"over \n"


def test_a_slow_app_is_no_fault_of_a_peer_that_had_no_room_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Exchange] = []

    def app(exchange: Exchange) -> None:
        held.append(exchange)
        exchange.respond(Response(200), Script(b"1234", None, b"5678"))

    client = multiplexed(app, monkeypatch, window=4, patience=STALLING)
    assert client.talk(b"get 1\n") == b"1 200\n1234"
    assert client.talk(b"more 1 100\n") == b""
    client.stage.wait(500.0)
    assert not client.ended
    held[0].wake()
    assert client.talk() == b"56781 end\n"


def test_a_breach_that_cannot_be_answered_is_told_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    refused: list[tuple[int, str]] = []
    watch.refused.append(lambda connection, status, why: refused.append((status, why)))
    client = multiplexed(lambda exchange: exchange.respond(Response(200), b"0"), monkeypatch, watch=watch)
    assert client.talk(b"nonsense 0\nget 1\n") == b"1 200\n01 end\n"
    assert refused == [(0, "nonsense")]
    assert ("info", "192.0.2.1: nonsense") in client.stage.notes


def test_a_connection_that_rests_for_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(lambda exchange: exchange.respond(Response(200), b"0"), monkeypatch, patience=STALLING)
    client.talk(b"get 1\n")
    client.stage.wait(1000.5)
    assert client.talk() == b"over \n"
    assert client.ended
    assert not client.broken


def test_nothing_more_is_read_of_a_peer_that_does_not_read_its_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    client = multiplexed(lambda exchange: exchange.respond(Response(200), bytes(1000)), monkeypatch, holds=100_000)
    for stream in range(3000):
        client.link.send([b"get %0500d\n" % stream])
        client.stage.settle()
        if client.link.waiting:
            break
    else:
        raise AssertionError("everything was taken")
    assert client.stage.server.connections.pop().link.room == 0


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
