"""How an exchange learns that an end is wished for, and how a server, or a request, comes to one."""

import gc

import pytest
from conversing import HELLO, Later, Script, Stage, hello, request, statuses

from pellucid.message import END, Response
from pellucid.server.connection import Connection
from pellucid.server.exchange import Exchange
from pellucid.server.server import LOOK
from pellucid.server.timeouts import Patience

LAST = b"connection: close"


@pytest.mark.parametrize("rest", [0.0, 2.0])
def test_a_connection_that_rests_may_ask_once_more_within_the_rest(rest: float) -> None:
    stage = Stage()
    client, idle = stage.client(), stage.client()
    assert LAST not in client.talk(HELLO)
    idle.talk(HELLO)
    client.send(HELLO)  # it is on its way when the server is told to stop
    stage.server.stop(10, rest)
    got = client.talk()
    assert statuses(got) == [200]
    assert LAST in got
    assert client.ended
    assert idle.ended == (rest == 0)
    stage.wait(rest)
    assert idle.ended
    assert not idle.broken
    assert stage.open_connections == 0


def test_who_does_not_say_that_it_has_heard_of_the_end_does_not_hold_it_up() -> None:
    stage = Stage()
    client = stage.client()
    client.talk(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\0\4\1\0\0\0\0")
    stage.server.stop(10, 2)
    assert b"leaving." in client.talk()  # the PING that is not answered (RFC 9113 6.8)
    assert not client.ended
    stage.wait(2)
    assert client.ended
    assert not client.broken
    assert stage.open_connections == 0


def test_an_answer_that_has_begun_said_nothing_so_one_more_may_follow() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request())
    source = Script(b"begun", None)
    app.last.respond(Response(200), source)
    assert LAST not in client.talk()
    stage.server.stop(10, 5)
    source.items = [END]
    app.last.wake()
    client.talk()
    assert not client.ended
    client.talk(request())
    app.last.respond(Response(200), b"last")
    assert LAST in client.talk()
    assert client.ended


@pytest.mark.parametrize("rest", [0.0, 2.0])
def test_a_connection_that_comes_to_rest_later_does_not_hold_the_end_up(rest: float) -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request())
    source = Script(b"begun", None)
    app.last.respond(Response(200), source)
    client.talk()
    stage.server.stop(10, rest)
    stage.wait(rest + 1)
    assert not client.ended
    source.items = [END]
    app.last.wake()
    client.talk()
    stage.wait(LOOK)
    assert client.ended
    assert not client.broken
    assert stage.open_connections == 0


def test_what_has_no_end_of_its_own_is_told_when_the_server_stops() -> None:
    app = Later()
    stage = Stage(app)
    told: list[bool] = []
    client = stage.client()
    client.talk(request())
    app.last.on_leave = lambda: told.append(app.last.stopping)
    assert not app.last.stopping
    stage.server.stop(10)
    assert told == [True]
    assert not app.last.gone
    app.last.respond(Response(200), b"bye")
    assert client.talk().endswith(b"bye")


@pytest.mark.parametrize(("rest", "replaced"), [(0.0, False), (1.0, False), (10.0, True)])
def test_it_is_told_whether_another_takes_its_place(rest: float, replaced: bool) -> None:
    app = Later()
    stage = Stage(app)
    told: list[bool] = []
    client = stage.client()
    client.talk(request())
    app.last.on_leave = lambda: told.append(app.last.replaced)
    stage.server.stop(10.0, rest)
    assert told == [replaced]


def test_an_exchange_can_be_called_back_at_a_moment() -> None:
    app = Later()
    stage = Stage(app)
    called: list[float] = []
    stage.client().talk(request())
    app.last.at(app.last.now + 5.0, lambda: called.append(app.last.now))
    app.last.at(app.last.now + 5.0, lambda: called.append(0.0)).cancel()
    stage.wait(4.9)
    assert called == []
    stage.wait(0.2)
    assert called == [app.last.now]


def test_a_client_that_sends_no_more_is_told_of_and_answered() -> None:
    app = Later()
    stage = Stage(app)
    told: list[bool] = []
    client = stage.client()
    client.talk(request())
    first = app.last
    first.on_leave = lambda: told.append(first.half_closed)
    client.link.finish()
    stage.settle()
    assert told == [True]
    assert not first.gone
    first.respond(Response(200), b"all the same")
    assert client.talk().endswith(b"all the same")


def test_a_request_that_begins_after_the_end_was_told_knows_it_at_once() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.send(request() + request())
    client.link.finish()
    stage.settle()
    app.last.respond(Response(200), b"one")
    stage.settle()
    assert app.last.half_closed
    assert not app.last.answered


def test_a_failure_of_the_app_in_its_leave_taking_is_told_and_harms_nobody() -> None:
    app = Later()
    stage = Stage(app)
    stage.client().talk(request())

    def fail() -> None:
        raise LookupError("no way out")

    app.last.on_leave = fail
    stage.server.stop(10)
    assert "no way out" in stage.errors[0]
    assert not stage.faults


def test_the_server_says_when_its_last_connection_has_gone() -> None:
    app = Later()
    stage = Stage(app)
    ended: list[str] = []
    stage.server.ended = lambda: ended.append("over")
    client = stage.client()
    client.talk(request())
    stage.server.stop(10)
    stage.settle()
    assert ended == []
    app.last.respond(Response(200), b"done")
    client.talk()
    assert ended == ["over"]
    stage.wait(20)
    assert ended == ["over"]


def test_a_request_that_takes_too_long_is_answered_for_the_app() -> None:
    app = Later()
    stage = Stage(app, patience=Patience(request_timeout=3))
    client = stage.client()
    gone: list[bool] = []
    client.talk(request())
    app.last.on_gone = lambda: gone.append(app.last.expired)
    stage.wait(2.9)
    assert client.talk() == b""
    stage.wait(0.2)
    assert statuses(client.talk()) == [503]
    assert b"request-timeout" in client.got
    assert gone == [True]
    app.last.respond(Response(200), b"too late")
    assert client.talk() == b""
    client.talk(request())
    app.last.respond(Response(200), b"in time")
    assert client.talk().endswith(b"in time")


def test_an_answer_that_takes_too_long_is_cut() -> None:
    app = Later()
    stage = Stage(app, patience=Patience(request_timeout=3))
    client = stage.client()
    client.talk(request())
    app.last.respond(Response(200), Script(b"a part", None))
    client.talk()
    stage.wait(3)
    assert client.broken
    assert app.last.expired
    assert app.last.why == "request-timeout: not answered within 3 s"


def test_each_request_of_a_connection_has_its_own_time() -> None:
    app = Later()
    stage = Stage(app, patience=Patience(request_timeout=3, idle=100))
    client = stage.client()
    for _ in range(3):
        client.talk(request())
        stage.wait(2)
        app.last.respond(Response(200), b"ok")
        assert client.talk().endswith(b"ok")
        stage.wait(2)
    assert not client.ended


def test_a_tunnel_has_no_request_timeout() -> None:
    app = Later()
    stage = Stage(app, patience=Patience(request_timeout=3))
    client = stage.client()
    client.talk(b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n")
    app.last.respond(Response(200), Script(b"hello", None))
    client.talk()
    stage.wait(100)
    assert not client.ended


def test_each_request_has_a_name_and_its_client_may_be_told_anew() -> None:
    seen: list[Exchange] = []

    def app(exchange: Exchange) -> None:
        seen.append(exchange)
        hello(exchange)

    client = Stage(app).client(peer="192.0.2.9")
    client.talk(HELLO + HELLO)
    first, second = seen
    assert first.request_id == first.request_id != second.request_id
    assert (first.peer, first.peer_port) == ("192.0.2.9", 0)
    first.peer, first.peer_port = "198.51.100.7", 4711
    assert (first.peer, first.peer_port) == ("198.51.100.7", 4711)
    assert second.peer == "192.0.2.9"
    second.request_id = "named"
    assert second.request_id == "named"


def test_only_those_that_are_busy_are_told_of_when_the_server_stops() -> None:
    app = Later()
    stage = Stage(app)
    for _ in range(3):
        stage.client().talk(HELLO[:5])
    stage.client()
    stage.client().talk(request())
    stage.server.stop(10, rest=1)
    stage.settle()
    assert [words for _, words in stage.notes] == [
        "stopping: 4 connections to finish within 10 s; a second signal ends it at once"
    ]


def test_who_turns_out_to_speak_another_protocol_is_told_of_the_stop_too() -> None:
    stage = Stage()
    client = stage.client()
    stage.settle()
    stage.server.stop(10.0, 10.0)
    got = client.talk(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
    goaway, ping = bytes((0, 0, 8, 7, 0, 0, 0, 0, 0)), bytes((0, 0, 8, 6, 0, 0, 0, 0, 0))
    assert goaway in got
    answer = got.partition(ping)[2][:8]
    client.talk(bytes((0, 0, 8, 6, 1, 0, 0, 0, 0)) + answer + bytes((0, 0, 0, 4, 1, 0, 0, 0, 0)))
    assert client.ended


def test_a_closed_connection_waits_for_no_collector() -> None:
    def count() -> int:
        return sum(type(each) is Connection for each in gc.get_objects())

    stage = Stage()
    client = stage.client()
    client.talk(request())
    gc.collect()
    gc.disable()
    try:
        before = count()
        client.link.close()
        stage.settle()
        assert count() == before - 1
    finally:
        gc.enable()
