"""Tests of how WebSockets over exchanges end, by HTTP/1.1 and by HTTP/2: after silence, by either side, or together."""

from __future__ import annotations

import gc
import weakref

import pytest
from conversing import Stage
from websocketing import VERSIONS, Dial, Ear, OverHttp2, SocketClient, dialling

from pellucid.errors import WrongAnswer
from pellucid.protocol.websocket.codes import ABNORMAL
from pellucid.protocol.websocket.events import Closed, Ping
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.socket import wanted
from pellucid.server.timeouts import Patience


@pytest.fixture(params=VERSIONS)
def dial(request: pytest.FixtureRequest) -> Dial:
    """Ask an app for a WebSocket, by either version."""
    return dialling(request.param)


# Silence


def test_a_silent_client_is_pinged_and_given_up(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=20, websocket_ping_timeout=10))
    client = dial(app)
    assert client.wait(19) == []
    client.say("here")
    assert client.wait(2) == []  # something has come in these 20 seconds
    assert client.wait(18) == []
    assert client.wait(2) == [Ping()]
    assert client.wait(8) == []
    assert app.ends == []
    client.wait(3)
    assert client.ended
    assert app.ends == [(ABNORMAL, "websocket-ping-timeout: no answer to a ping within 10 s")]
    assert app.exchange.why.startswith("websocket-ping-timeout")
    assert [(level, "websocket-ping-timeout" in text) for level, text in client.stage.notes] == [("debug", True)]


def test_who_answers_pings_stays(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=20, websocket_ping_timeout=10))
    client = dial(app)
    pings = 0
    for _ in range(100):
        events = client.wait(5)
        pings += len(events)
        client.say()  # the client's engine has answered
    assert 15 <= pings <= 17
    assert app.ends == []


@pytest.mark.parametrize(("interval", "timeout", "pings"), [(0.0, 10.0, 0), (20.0, 0.0, 5)])
def test_nobody_is_given_up_where_that_is_switched_off(dial: Dial, interval: float, timeout: float, pings: int) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=interval, websocket_ping_timeout=timeout))
    client = dial(app)
    events: list[object] = []
    for _ in range(101):
        client.stage.wait(1)
        events += client.raw(b"")
    assert events.count(Ping()) == pings
    assert app.ends == []
    assert app.socket.open


def test_a_client_that_is_held_back_is_not_given_up(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=20, websocket_ping_timeout=10))
    client = dial(app)
    app.socket.pause()
    for _ in range(50):
        client.stage.wait(5)
    assert app.ends == []


def test_a_tunnel_that_rests_has_no_body_rate(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=0), echo=True)
    client = dial(app, patience=Patience(body_rate=240, body_grace=10, idle=20))
    for _ in range(100):
        assert client.wait(10) == []
    assert client.say("still there") == ["still there"]


# The ends


def test_a_request_beside_it_that_takes_too_long_does_not_cost_it() -> None:
    app = Ear()
    slow: list[Exchange] = []
    stage = Stage(
        lambda exchange: (app if wanted(exchange.request) else slow.append)(exchange),
        patience=Patience(request_timeout=30),
    )
    client = SocketClient(stage, "2")
    client.wait(5)
    assert isinstance(client.carried, OverHttp2)
    client.carried.ask_beside("/slow")
    client.wait(25)
    assert [exchange.status for exchange in slow] == [0]
    client.wait(5)
    assert [exchange.status for exchange in slow] == [503]
    assert client.say("still there?") == []
    assert app.heard == ["still there?"]


def test_the_client_closes(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    assert client.say("last", Closed(4000, "enough")) == [Closed(4000, "enough")]
    assert client.ended
    assert not client.broken
    assert (app.heard, app.ends) == (["last"], [(4000, "enough")])
    assert app.exchange.why == ""


def test_the_server_closes(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    app.socket.end(4001, "go")
    app.socket.end(4002)
    app.socket.send("too late")
    assert not app.socket.open
    assert client.raw(b"") == [Closed(4001, "go")]
    assert app.ends == []
    client.say()
    assert app.ends == [(4001, "go")]
    assert client.ended
    assert not client.broken


def test_a_client_that_does_not_say_goodbye_is_cut(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_close_time=5))
    client = dial(app)
    app.socket.end()
    client.stage.wait(4)
    assert app.ends == []
    client.stage.wait(2)
    client.raw(b"")
    assert client.ended
    assert app.ends == [(ABNORMAL, "websocket-close-time: no goodbye within 5 s")]


def test_a_paused_socket_that_is_closed_hears_the_goodbye(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    app.socket.pause()
    client.say("unheard")
    app.socket.end()
    assert client.raw(b"") == [Closed(1000)]
    client.say()
    assert app.ends == [(1000, "")]
    assert app.heard == []


def test_a_code_that_may_not_be_sent_changes_nothing(dial: Dial) -> None:
    app = Ear(echo=True)
    client = dial(app)
    with pytest.raises(WrongAnswer, match="1006 is no code"):
        app.socket.end(1006)
    assert client.say("on") == ["on"]


@pytest.mark.parametrize("leave", ["finish", "vanish"])
def test_a_client_that_leaves_without_a_word_has_1006(dial: Dial, leave: str) -> None:
    app = Ear()
    client = dial(app)
    client.say("hello")
    getattr(client.carried, leave)()
    assert [code for code, _ in app.ends] == [ABNORMAL]
    assert app.ends[0][1]
    client.stage.settle()
    client.stage.wait(60)
    assert app.ends[1:] == []
    assert client.stage.timers <= 2


@pytest.mark.parametrize(
    ("data", "code", "why"),
    [
        (b"\x81\x05hello", 1002, "a frame that is not masked"),
        (b"\x81\x81mask" + bytes([0xFF ^ ord("m")]), 1007, "not UTF-8"),
        (b"\x82\xff" + (1 << 30).to_bytes(8, "big") + b"mask", 1009, "websocket-message-size"),
    ],
)
def test_a_fault_of_the_client_is_closed_and_noted_once(dial: Dial, data: bytes, code: int, why: str) -> None:
    app = Ear()
    client = dial(app)
    events = client.raw(data)
    assert [event.code for event in events if isinstance(event, Closed)] == [code]
    assert [each for each, _ in app.ends] == [code]
    notes = [text for level, text in client.stage.notes if level == "info"]
    assert len(notes) == 1
    assert why in notes[0]
    assert why in app.exchange.why
    assert client.ended


@pytest.mark.parametrize(("rest", "code"), [(0.0, 1001), (20.0, 1012)])
def test_a_server_that_stops_says_goodbye(dial: Dial, rest: float, code: int) -> None:
    app = Ear()
    client = dial(app)
    client.stage.server.stop(10, rest)
    assert app.ends == [(code, "")]
    assert client.raw(b"") == [Closed(code)]
    client.say()
    assert app.ends == [(code, "")]
    assert client.ended
    assert not client.broken
    client.carried.client.link.close()
    client.stage.settle()
    assert client.stage.open_connections == 0


def test_what_is_accepted_while_the_server_stops_is_closed_at_once(dial: Dial) -> None:
    class Stopping(Ear):
        def __call__(self, exchange: Exchange) -> None:
            exchange.stopping = True
            super().__call__(exchange)

    app = Stopping()
    assert dial(app).raw(b"") == [Closed(1001)]
    assert app.ends == [(1001, "")]


def test_a_server_that_is_stopped_ends_within_the_grace(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_close_time=5))
    client = dial(app)
    client.stage.server.stop(10)
    client.stage.wait(5.1)
    assert [code for code, _ in app.ends] == [1001]
    client.stage.wait(5)
    assert client.stage.open_connections == 0


@pytest.mark.parametrize("leave", ["close", "vanish"])
def test_it_leaves_no_timer_and_nothing_for_the_collector_of_cycles(dial: Dial, leave: str) -> None:
    app = Ear()
    client = dial(app)
    before = client.stage.timers
    exchange = weakref.ref(app.exchange)
    gc.collect()
    gc.disable()
    try:
        if leave == "close":
            client.say(Closed(1000))
        else:
            client.carried.vanish()
        assert client.stage.timers < before
        del app.exchange, app.socket
        assert exchange() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("end", [Closed(4000, "bye"), b"\x83\x80mask"])
def test_a_busy_listener_may_answer_what_came_before_the_clients_end(dial: Dial, end: Closed | bytes) -> None:
    app = Ear()
    client = dial(app)
    app.socket.busy = True
    client.engine.send_text("question")
    if isinstance(end, Closed):
        client.engine.close(end.code, end.reason)
    question = b"".join(client.engine.take_output())
    assert client.raw(question + (end if isinstance(end, bytes) else b"")) == []
    assert (app.heard, app.ends) == (["question"], [])
    app.socket.send("answer")
    assert client.carried.talk(b"") == b"\x81\x06answer"  # a client that has closed drops it, but it is there
    app.socket.caught_up()
    code = end.code if isinstance(end, Closed) else 1002
    assert [code for code, _ in app.ends] == [code]
    assert [event.code for event in client.raw(b"") if isinstance(event, Closed)] == [code]
    assert client.ended


@pytest.mark.parametrize("how", ["time", "stop", "close", "vanish"])
def test_the_clients_end_does_not_wait_for_ever(dial: Dial, how: str) -> None:
    app = Ear(WebSocketLimits(websocket_close_time=5))
    client = dial(app)
    app.socket.busy = True
    client.say("question", Closed(4000))
    assert app.ends == []
    if how == "time":
        client.wait(5)
    elif how == "stop":
        client.stage.server.stop(10)
    elif how == "close":
        app.socket.end(1000)
    else:
        client.carried.vanish()
    assert app.ends == [(4000, "")]
