"""The server: which connections it takes, when it rests, and how it ends."""

import socket
from typing import Any

import pytest
from conversing import HELLO, Later, Stage, hello, request, statuses

from pellucid.message import Response
from pellucid.net.link import Link
from pellucid.net.memory import HandClock, MemoryLink, MemoryPoller, memory_pair
from pellucid.net.port import Exhausted, Port
from pellucid.net.proxied import Preambles
from pellucid.net.reactor import Reactor
from pellucid.net.trusted import Trusted
from pellucid.server.exchange import Exchange
from pellucid.server.server import BATCH, PAUSE, Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch


class MemoryPort:
    """A port in memory: `bring` lets a client come. While it is `exhausted`, nobody is accepted."""

    address = "192.0.2.80:80"

    def __init__(self) -> None:
        self.bell, self.ringer = memory_pair()
        self.fd = self.bell.fd
        self.waiting: list[MemoryLink] = []
        self.exhausted = False
        self.accepts = 0
        self.closed = 0

    def bring(self, peer: str = "192.0.2.1") -> MemoryLink:
        ours, theirs = memory_pair(65536, peer)
        self.waiting.append(ours)
        self.ringer.send([b"!"])
        return theirs

    def accept(self) -> Link | None:
        self.accepts += 1
        if self.exhausted:
            raise Exhausted("Too many open files")
        if not self.waiting:
            self.bell.receive()
            return None
        return self.waiting.pop(0)

    def close(self) -> None:
        self.closed += 1
        self.bell.close()
        self.ringer.close()


class Harbour(Stage):
    """A stage with a port."""

    def __init__(
        self, app: Any = hello, connections: int = 0, per_address: int = 0, behind: bool = False, **settings: Any
    ) -> None:
        super().__init__(app, capacity=Capacity(connections, per_address), **settings)
        self.port = MemoryPort()
        trusted = Trusted(["192.0.2.1"] if behind else [])
        greeter = Preambles(self.reactor, trusted, 10.0, lambda why: self.watch.note("info", why))
        self.server.listen(self.port, [greeter] if behind else [])  # type: ignore[arg-type]  # it has all that is asked

    def ask(self, link: MemoryLink) -> list[int]:
        """The statuses of the answers to one request."""
        link.send([HELLO])
        self.settle()
        return statuses(link.receive() or b"")


def test_a_port_brings_connections() -> None:
    harbour = Harbour()
    links = [harbour.port.bring() for _ in range(BATCH + 10)]
    harbour.reactor.step(0)
    assert harbour.open_connections == BATCH
    harbour.settle()
    assert harbour.open_connections == BATCH + 10
    assert [harbour.ask(link) for link in links] == [[200]] * len(links)


# Capacity


def test_one_address_may_hold_so_many_connections() -> None:
    watch = Watch()
    refused: list[Any] = []
    watch.refused.append(lambda *facts: refused.append(facts))
    harbour = Harbour(per_address=2, watch=watch)
    first, second, third = (harbour.port.bring("192.0.2.1") for _ in range(3))
    other, nameless = harbour.port.bring("192.0.2.2"), [harbour.port.bring("") for _ in range(5)]
    third.send([HELLO])
    harbour.settle()
    answer = third.receive() or b""
    assert statuses(answer) == [503]
    assert b"connection: close" in answer
    assert b"connections-per-address: 2" in answer
    assert third.ended
    assert not third.broken
    assert harbour.ask(first) == harbour.ask(second) == harbour.ask(other) == [200]
    assert [harbour.ask(link) for link in nameless] == [[200]] * 5
    [(turned_away, status, why)] = refused
    assert (turned_away.peer, status) == ("192.0.2.1", 503)
    assert why == "connections-per-address: 2 from this address are open already"
    first.close()
    harbour.settle()
    assert harbour.ask(harbour.port.bring("192.0.2.1")) == [200]


def test_one_ipv6_network_counts_as_one_address() -> None:
    harbour = Harbour(per_address=2)
    first, second, third = (harbour.port.bring(f"2001:db8::{number}") for number in range(3))
    other = harbour.port.bring("2001:db8:0:1::1")
    third.send([HELLO])
    harbour.settle()
    assert statuses(third.receive() or b"") == [503]
    assert harbour.ask(first) == harbour.ask(second) == harbour.ask(other) == [200]


def test_the_count_of_an_address_is_forgotten_with_its_last_connection() -> None:
    harbour = Harbour(per_address=2)
    for _ in range(3):
        links = [harbour.port.bring(f"192.0.2.{number}") for number in range(100)]
        harbour.settle()
        for link in links:
            link.close()
        harbour.settle()
    assert harbour.server._of_address == {}
    assert harbour.server.adopt(memory_pair()[0]) is not None


def test_when_all_connections_are_taken_accepting_rests_until_one_ends() -> None:
    harbour = Harbour(connections=2)
    first, second, third, fourth = (harbour.port.bring() for _ in range(4))
    harbour.settle()
    assert harbour.open_connections == 2
    assert not harbour.busy
    assert sum("connections: 2 are open" in text for _, text in harbour.notes) == 1
    assert harbour.ask(third) == []
    first.close()
    harbour.settle()
    assert statuses(third.receive() or b"") == [200]
    assert harbour.ask(fourth) == []
    second.close()
    third.close()
    harbour.settle()
    assert statuses(fourth.receive() or b"") == [200]


def test_out_of_descriptors_accepting_rests_for_a_while() -> None:
    harbour = Harbour()
    harbour.port.exhausted = True
    link = harbour.port.bring()
    harbour.settle()
    accepts = harbour.port.accepts
    assert not harbour.busy
    assert ("warning", "Too many open files: accepting rests until a connection ends") in harbour.notes
    harbour.wait(PAUSE / 2)
    assert harbour.port.accepts == accepts
    harbour.wait(PAUSE / 2)
    assert harbour.port.accepts == accepts + 1
    harbour.port.exhausted = False
    harbour.wait(PAUSE)
    assert harbour.ask(link) == [200]


def test_out_of_descriptors_the_end_of_a_connection_is_room_for_another() -> None:
    harbour = Harbour()
    first = harbour.port.bring()
    harbour.settle()
    harbour.port.exhausted = True
    second = harbour.port.bring()
    harbour.settle()
    harbour.port.exhausted = False
    first.close()
    harbour.settle()
    assert harbour.ask(second) == [200]
    harbour.wait(PAUSE)
    assert harbour.ask(second) == [200]


def test_a_port_that_is_listened_on_during_a_rest_rests_too() -> None:
    harbour = Harbour(connections=1)
    first = harbour.port.bring()
    harbour.port.bring()
    harbour.settle()
    late = MemoryPort()
    harbour.server.listen(late)  # type: ignore[arg-type]  # as above
    late.bring()
    harbour.settle()
    assert late.accepts == 0
    first.close()
    harbour.settle()
    assert late.accepts + harbour.port.accepts == 2
    assert harbour.open_connections == 1


class Full(MemoryPoller):
    """A poller that cannot watch another descriptor."""

    full = False

    def add(self, fd: int, interest: int) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().add(fd, interest)


def test_a_link_that_cannot_be_watched_is_closed_and_not_counted() -> None:
    poller = Full()
    server = Server(hello, Capacity(0, 5), reactor=Reactor(poller, HandClock()))
    poller.full = True
    for _ in range(3):
        ours, theirs = memory_pair()
        with pytest.raises(Exhausted, match="No space left"):
            server.adopt(ours)
        assert ours.closed
        assert theirs.ended
    assert server.connections == set()
    assert server._of_address == {}


def test_a_watcher_may_cut_a_connection_as_it_opens() -> None:
    watch = Watch()
    watch.opened.append(lambda connection: connection.abort("unwelcome"))
    stage = Stage(watch=watch, capacity=Capacity(0, 5))
    client = stage.client()
    assert client.broken
    assert stage.open_connections == 0
    assert stage.server._of_address == {}
    assert stage.timers == 0


# Behind a proxy

LINE = b"PROXY TCP4 198.51.100.1 203.0.113.80 4711 443\r\n"


def test_behind_a_proxy_the_client_is_whom_it_tells() -> None:
    seen: list[tuple[str, int, str]] = []

    def app(exchange: Exchange) -> None:
        seen.append((exchange.peer, exchange.peer_port, exchange.local))
        hello(exchange)

    harbour = Harbour(app, behind=True)
    link = harbour.port.bring()
    link.send([LINE + HELLO])
    harbour.settle()
    assert statuses(link.receive() or b"") == [200]
    assert seen == [("198.51.100.1", 4711, "203.0.113.80:443")]


class Steps:
    """Greets that keep their links until they are told to go on, and what they were given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Any, Any]] = []
        self.closed: list[str] = []

    def greet(self, name: str) -> Any:
        steps = self

        class Step:
            def __call__(self, link: Any, greeted: Any) -> None:
                steps.given.append((name, link, greeted))

            def drain(self) -> None:
                steps.closed.append(f"{name} but those that have begun")

            def close(self) -> None:
                steps.closed.append(name)

        return Step()


def stepping() -> tuple[Harbour, Steps]:
    harbour, steps = Harbour(connections=2), Steps()
    harbour.server.listen(late := MemoryPort(), [steps.greet("first"), steps.greet("second")])  # type: ignore[arg-type]
    harbour.port = late
    return harbour, steps


def test_a_link_is_greeted_in_order_and_then_adopted() -> None:
    harbour, steps = stepping()
    client = harbour.port.bring()
    harbour.settle()
    for name in ("first", "second"):
        assert harbour.open_connections == 0
        step, link, greeted = steps.given.pop()
        assert step == name
        greeted(link)
    assert harbour.open_connections == 1
    assert harbour.ask(client) == [200]


def test_a_link_that_is_refused_in_a_greeting_gets_the_reason_and_no_more() -> None:
    harbour, steps = stepping()
    client = harbour.port.bring()
    harbour.settle()
    _, link, greeted = steps.given.pop()
    client.send([HELLO])
    greeted(link, "not like this")
    harbour.settle()
    answer = client.receive() or b""
    assert statuses(answer) == [400]
    assert b"not like this" in answer
    assert client.ended
    assert harbour.open_connections == 0
    assert steps.given == []


def test_links_that_are_greeted_count_for_their_address() -> None:
    harbour, steps = Harbour(per_address=2), Steps()
    harbour.server.listen(late := MemoryPort(), [steps.greet("first")])  # type: ignore[arg-type]  # as above
    clients = [late.bring() for _ in range(3)]
    harbour.settle()
    assert [client.ended for client in clients] == [False, False, True]
    for _, link, greeted in steps.given:
        greeted(link)
    assert [harbour.ask(client) for client in clients[:2]] == [[200], [200]]
    harbour.server.halt()
    assert harbour.server._of_address == {}


def test_links_that_are_greeted_count_and_a_stop_gives_them_up() -> None:
    harbour, steps = stepping()
    for _ in range(3):
        harbour.port.bring()
    harbour.settle()
    assert len(steps.given) == 2
    _, _, greeted = steps.given.pop()
    greeted(None)
    harbour.settle()
    assert len(steps.given) == 2
    harbour.server.stop(10.0)
    assert steps.closed == ["first but those that have begun", "second but those that have begun"]
    assert not harbour.reactor.stopped
    for _, _, greeted in steps.given:
        greeted(None)
    assert harbour.reactor.stopped


def test_what_a_link_holds_when_it_comes_is_dealt_with() -> None:
    class Holding(MemoryLink):
        held = True

        def receive(self, most: int = 65536) -> bytes | None:
            data, self.held = (HELLO, False) if self.held else (super().receive(most), False)
            return data

    stage = Stage()
    theirs = adopted(stage, Holding(65536))
    stage.settle()
    assert statuses(theirs.receive() or b"") == [200]


def test_what_a_link_holds_behind_what_it_gave_is_dealt_with_too() -> None:
    class Halving(MemoryLink):
        def receive(self, most: int = 65536) -> bytes | None:
            data = super().receive(20)
            self.held = bool(self.arrived)
            return data

    stage = Stage()
    theirs = adopted(stage, Halving(65536))
    theirs.send([HELLO])
    stage.reactor.step(0)
    for _ in range(len(HELLO)):
        stage.reactor._call_put_off()  # the poller itself tells of nothing more
    assert statuses(theirs.receive() or b"") == [200]


def test_what_brings_a_connection_nothing_is_no_sign_of_life() -> None:
    class Chattering(MemoryLink):
        def receive(self, most: int = 65536) -> bytes | None:
            data = super().receive(most)
            return None if data == b"chatter" else data

    stage = Stage(patience=Patience(idle=10.0))
    theirs = adopted(stage, Chattering(65536))
    theirs.send([HELLO])
    stage.settle()
    assert statuses(theirs.receive() or b"") == [200]
    for _ in range(12):
        stage.wait(1.0)
        theirs.send([b"chatter"])
        stage.settle()
    assert theirs.ended


def adopted(stage: Stage, ours: MemoryLink) -> MemoryLink:
    """The other end of a link that the server has adopted."""
    theirs = MemoryLink(65536)
    ours.other, theirs.other = theirs, ours
    stage.server.adopt(ours)
    return theirs


def test_what_counts_for_an_address_is_the_clients_and_not_the_proxys() -> None:
    harbour = Harbour(per_address=2, behind=True)
    harbour.server.exempt = "192.0.2.1".__eq__
    links = [harbour.port.bring() for _ in range(6)]
    for number, link in enumerate(links):
        link.send([LINE.replace(b"100.1", b"100.%d" % (number // 3)) + HELLO])
    harbour.settle()
    assert [statuses(link.receive() or b"") for link in links] == [[200], [200], [503]] * 2


def test_all_of_a_trusted_proxys_clients_may_come_from_its_address() -> None:
    harbour = Harbour(per_address=2)
    harbour.server.exempt = Trusted(["192.0.2.1"]).holds
    links = [harbour.port.bring() for _ in range(4)]
    assert [harbour.ask(link) for link in links] == [[200]] * 4
    others = [harbour.port.bring("192.0.2.2") for _ in range(3)]
    others[2].send([HELLO])
    harbour.settle()
    assert statuses(others[2].receive() or b"") == [503]


@pytest.mark.parametrize("data", [LINE, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"])
def test_the_preamble_of_somebody_else_is_a_bad_request(data: bytes) -> None:
    harbour = Harbour(behind=True)
    link = harbour.port.bring("192.0.2.2")
    link.send([data + HELLO])
    harbour.settle()
    assert statuses(link.receive() or b"") == [400]


def test_whoever_has_not_told_yet_counts_as_a_connection() -> None:
    harbour = Harbour(connections=1, behind=True)
    first, second = harbour.port.bring(), harbour.port.bring()
    second.send([LINE + HELLO])
    harbour.settle()
    assert second.receive() is None
    first.close()
    harbour.settle()
    assert statuses(second.receive() or b"") == [200]


def test_at_the_end_whoever_has_not_told_yet_has_so_long_as_a_connection_that_rests() -> None:
    harbour = Harbour(behind=True)
    ends: list[None] = []
    harbour.server.ended = lambda: ends.append(None)
    prompt, silent = harbour.port.bring(), harbour.port.bring()
    harbour.settle()
    harbour.server.stop(10.0, rest=1.0)
    prompt.send([LINE + HELLO])
    harbour.settle()
    answer = prompt.receive() or b""
    assert statuses(answer) == [200]
    assert b"connection: close" in answer
    assert ends == []
    harbour.wait(1.0)
    assert silent.ended
    assert ends == [None]


def test_halted_it_waits_for_nobody() -> None:
    harbour = Harbour(behind=True)
    ends: list[None] = []
    harbour.server.ended = lambda: ends.append(None)
    harbour.port.bring()
    harbour.settle()
    harbour.server.halt()
    assert ends == [None]


# The end


def test_stop_ends_what_rests_and_finishes_what_runs() -> None:
    app = Later()
    harbour = Harbour(app)
    resting, running, begun = (harbour.port.bring() for _ in range(3))
    running.send([HELLO])
    begun.send([HELLO[:10]])
    harbour.settle()
    harbour.server.stop(10)
    harbour.settle()
    assert harbour.port.closed == 1
    assert resting.ended
    assert not resting.broken
    assert not running.ended
    harbour.wait(9)
    app.last.respond(Response(200), b"done")
    begun.send([HELLO[10:]])
    harbour.settle()
    answer = running.receive() or b""
    assert answer.endswith(b"done")
    assert b"connection: close" in answer
    assert running.ended
    app.last.respond(Response(200), b"done too")
    harbour.settle()
    assert (begun.receive() or b"").endswith(b"done too")
    assert harbour.open_connections == 0
    harbour.server.reactor.run()  # it returns, for it was stopped
    assert not [text for level, text in harbour.notes if level == "warning"]


def test_what_runs_at_the_end_of_the_grace_is_cut() -> None:
    app = Later()
    harbour = Harbour(app)
    link = harbour.port.bring()
    link.send([HELLO])
    harbour.settle()
    harbour.server.stop(10)
    harbour.wait(9.9)
    assert harbour.open_connections == 1
    assert harbour.notes == [("info", "stopping: 1 connection to finish within 10 s; a second signal ends it at once")]
    harbour.wait(0.1)
    assert harbour.open_connections == 0
    assert link.broken
    assert app.last.gone
    assert ("warning", "grace: 1 connection cut at the end of it") in harbour.notes
    harbour.server.reactor.run()


def test_a_second_stop_ends_at_once() -> None:
    harbour = Harbour(Later())
    link = harbour.port.bring()
    link.send([HELLO])
    harbour.settle()
    harbour.server.stop(10)
    harbour.server.stop(10)
    assert link.broken
    assert harbour.open_connections == 0
    assert harbour.port.closed == 1
    harbour.server.reactor.run()


def test_stop_from_within_an_app_lets_its_answer_go_out() -> None:
    def app(exchange: Exchange) -> None:
        stage.server.stop(10)
        hello(exchange)

    stage = Stage(app)
    client = stage.client()
    assert client.talk(HELLO * 3).endswith(b"hello /")
    assert statuses(client.got) == [200]
    assert client.ended
    client.link.close()
    stage.reactor.run()


def test_halt_from_within_an_app_cuts_it() -> None:
    def app(exchange: Exchange) -> None:
        stage.server.halt()
        hello(exchange)

    stage = Stage(app)
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    assert client.broken
    assert stage.errors == []
    stage.reactor.run()


def test_a_stop_without_connections_is_the_end() -> None:
    stage = Stage()
    stage.server.stop(10)
    stage.reactor.run()


def test_run_serves_until_it_is_stopped_and_leaves_nothing_open() -> None:
    server = Server(hello)
    port = Port.tcp("127.0.0.1", 0)
    server.listen(port)
    host, _, number = port.address.rpartition(":")
    with socket.create_connection((host, int(number))) as client:
        client.sendall(request(connection="close"))
        server.watch.closed.append(lambda connection, why: server.stop(1))
        server.run()
        assert client.recv(1000).endswith(b"hello /")
    assert port.fd == -1
    assert server.connections == set()


def test_what_a_callback_lets_go_is_noted_and_serving_goes_on() -> None:
    notes: list[str] = []
    server = Server(hello)
    server.watch.noted.append(lambda level, text: notes.append(text))

    def fail() -> None:
        server.reactor.soon(lambda: server.stop(1))
        raise ZeroDivisionError("on purpose")

    server.reactor.soon(fail)
    server.run()
    assert len(notes) == 1
    assert "a fault in the server" in notes[0]
    assert "on purpose" in notes[0]


def test_without_anybody_to_tell_of_a_fault_serving_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(hello)
    nothing: dict[str, None] = {}
    monkeypatch.setattr("sys.stderr", None)
    server.reactor.soon(lambda: server.reactor.soon(lambda: server.stop(1)))
    server.reactor.soon(lambda: nothing["absent"])
    server.run()
