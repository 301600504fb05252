"""Conversations: requests in, answers out, one connection, by one method that moves everything."""

from itertools import pairwise
from pathlib import Path

import pytest
from conversing import HELLO, FileBody, Later, Script, Stage, descriptors, request, statuses

from pellucid.message import Headers, Response
from pellucid.net.link import CAPACITY, RECEIVE
from pellucid.net.memory import MemoryLink
from pellucid.protocol.http1.engine import READ_AHEAD
from pellucid.protocol.limits import Limits
from pellucid.server.connection import ROUNDS
from pellucid.server.exchange import Exchange
from pellucid.server.shared import BUDGET

ROUNDING = 1e-9


def test_a_request_is_answered() -> None:
    client = Stage().client()
    answer = client.talk(request(path="/a"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhello /a")
    assert not client.ended


def test_a_connection_is_kept_for_the_next_request() -> None:
    stage = Stage()
    client = stage.client()
    for path in ("/a", "/b", "/c"):
        assert client.talk(request(path=path)).endswith(b"hello " + path.encode())
    assert stage.open_connections == 1
    assert not client.talk(request(path="/d", connection="close")).endswith(b"hello /c")
    assert client.ended
    assert stage.open_connections == 0


@pytest.mark.parametrize("count", [2, ROUNDS, ROUNDS + 1, 500])
def test_pipelined_requests_are_answered_in_their_order(count: int) -> None:
    client = Stage().client()
    got = client.talk(b"".join(request(path=f"/{number}") for number in range(count)))
    assert [part.split()[0] for part in got.split(b"hello /")[1:]] == [
        b"%dHTTP/1.1" % number if number < count - 1 else b"%d" % number for number in range(count)
    ]


def test_a_request_waits_for_the_answer_of_the_one_before() -> None:
    app = Later()
    client = Stage(app).client()
    assert client.talk(request(path="/1") + request(path="/2")) == b""
    assert [exchange.request.path for exchange in app.exchanges] == [b"/1"]
    app.last.respond(Response(200), b"first")
    assert client.talk().endswith(b"first")
    assert [exchange.request.path for exchange in app.exchanges] == [b"/1", b"/2"]
    app.last.respond(Response(200), b"second")
    assert client.talk().endswith(b"second")


def test_bytes_one_at_a_time_make_the_same_conversation() -> None:
    client = Stage().client()
    for byte in request(path="/slow") * 2:
        client.talk(bytes([byte]))
    assert client.got.count(b"hello /slow") == 2


def test_one_client_does_not_starve_another() -> None:
    stage = Stage()
    greedy, modest = stage.client(holds=1 << 20), stage.client()
    greedy.send(HELLO * 10_000)
    stage.reactor.step(0)
    modest.send(HELLO)
    for _ in range(3):
        stage.reactor.step(0)
    assert statuses(bytes(modest.link.arrived)) == [200]
    served = len(statuses(bytes(greedy.link.arrived)))
    for count in range(1, 20):
        stage.reactor.step(0)
        assert len(statuses(bytes(greedy.link.arrived))) - served <= 2 * ROUNDS * count


@pytest.mark.parametrize("cost", [0.001, 0.003, 0.005, 0.05])
def test_a_turn_of_expensive_requests_ends_with_the_one_that_exceeds_its_time(cost: float) -> None:
    def app(exchange: Exchange) -> None:
        stage.clock.advance(cost)
        exchange.respond(Response(200), b"")

    stage = Stage(app)
    turns = [stage.clock()]
    stage.watch.rearmed.append(lambda connection: turns.append(stage.clock()))
    greedy, modest = stage.client(), stage.client()
    greedy.send(HELLO * 50)
    modest.send(HELLO)
    stage.reactor.step(0)
    assert statuses(bytes(modest.link.arrived)) == [200]
    stage.settle()
    assert len(statuses(bytes(greedy.link.arrived))) == 50
    longest = max(after - before for before, after in pairwise(turns))
    assert longest < BUDGET + cost + ROUNDING


@pytest.mark.parametrize("cost", [0.001, 0.003, 0.005, 0.05])
def test_a_round_of_the_loop_is_held_up_by_one_client_for_one_turn_and_one_request(cost: float) -> None:
    def app(exchange: Exchange) -> None:
        stage.clock.advance(cost)
        exchange.respond(Response(200), b"")

    stage = Stage(app)
    stage.client().send(HELLO * 50)
    while stage.busy:
        before = stage.clock()
        stage.reactor.step(0)
        assert stage.clock() - before < BUDGET + 2 * cost + ROUNDING


def test_pipelined_requests_do_not_pile_up_in_memory() -> None:
    stage = Stage()
    client = stage.client(holds=1 << 22)
    [connection] = stage.server.connections
    client.send(HELLO * 20_000)
    most = 0
    while stage.busy:
        stage.reactor.step(0)
        most = max(most, len(connection.engine._inbox))  # type: ignore[attr-defined]  # no one else may look
    assert most <= RECEIVE + READ_AHEAD
    assert len(statuses(client.talk())) == 20_000


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_answers_that_nobody_reads_do_not_pile_up_in_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(65_000))

    def app(exchange: Exchange) -> None:
        exchange.respond(Response(200), bytes(65_000) if kind == "bytes" else FileBody(path, 65_000, slices=1))

    before = descriptors()
    stage = Stage(app)
    client = stage.client(holds=1000)
    [connection] = stage.server.connections
    link = connection.link
    assert isinstance(link, MemoryLink)
    client.link.holds = 1 << 20  # all that it asks gets through to the server, as far as that takes it
    client.send(HELLO * 2000)
    stage.settle()
    assert CAPACITY / 2 < sum(map(len, link._outbox)) < CAPACITY + 65_000
    assert len(descriptors() - before) <= (0 if kind == "bytes" else CAPACITY // 65_000 + 1)
    link.holds = client.link.holds
    assert client.talk().count(b"HTTP/1.1 200 ") == 2000
    assert descriptors() == before


def test_reading_goes_on_while_an_answer_streams() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client(holds=1 << 24)
    client.talk(request("GET", "/", connection="upgrade", upgrade="echo"))
    app.last.respond(Response(101, Headers([(b"upgrade", b"echo")])), Script(*[b"x" * 100] * 2000))
    stage.reactor.step(0)
    app.last.read()
    client.send(b"stop")
    for _ in range(3):
        stage.reactor.step(0)
    assert app.last.read() == b"stop"


def test_a_number_of_requests_ends_a_connection() -> None:
    client = Stage(limits=Limits(requests=2)).client()
    got = client.talk(HELLO * 3)
    assert statuses(got) == [200, 200]
    assert got.count(b"connection: close") == 1


class Faulty(MemoryLink):
    """A link with a mistake in it, which stands for any mistake of ours."""

    def receive(self, most: int = 0) -> bytes | None:
        raise ZeroDivisionError("on purpose")


def test_a_fault_of_ours_ends_its_connection_and_no_other() -> None:
    stage = Stage()
    other = stage.client()
    ours, theirs = Faulty(65536), MemoryLink(65536)
    ours.other, theirs.other = theirs, ours
    stage.server.adopt(ours)
    theirs.send([HELLO])
    stage.reactor.step(0)
    assert "on purpose" in stage.faults.pop()
    assert theirs.broken
    assert statuses(other.talk(HELLO)) == [200]
    assert stage.open_connections == 1


def test_a_connection_knows_both_ends() -> None:
    app = Later()
    stage = Stage(app)
    stage.client(peer="198.51.100.9").talk(HELLO)
    assert (app.last.peer, app.last.carrier.local) == ("198.51.100.9", "192.0.2.80:80")
