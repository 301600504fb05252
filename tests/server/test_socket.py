"""Tests of WebSockets over exchanges, by HTTP/1.1 and by HTTP/2: what is carried, when it waits, and how it ends."""

from __future__ import annotations

import pytest
from conversing import Stage
from websocketing import LIMITS, VERSIONS, Dial, Ear, SocketClient, dialling

from pellucid.errors import WrongAnswer
from pellucid.message import End, Headers
from pellucid.net.link import CAPACITY
from pellucid.protocol.websocket.deflate import Deflate, Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Event, Ping, Pong
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import WINDOW
from pellucid.server.shared import BUDGET
from pellucid.server.socket import ROOM, Socket, offered


@pytest.fixture(params=VERSIONS)
def dial(request: pytest.FixtureRequest) -> Dial:
    """Ask an app for a WebSocket, by either version."""
    return dialling(request.param)


# What is carried


def test_messages_go_both_ways(dial: Dial) -> None:
    app = Ear(echo=True)
    client = dial(app)
    assert client.status in (101, 200)
    assert client.say("hello") == ["hello"]
    assert client.say("a", b"b", "", "c" * 300) == ["a", b"b", "", "c" * 300]
    assert app.heard == ["hello", "a", b"b", "", "c" * 300]


@pytest.mark.parametrize("size", [125, 126, 65535, 65536, 300_000, 2_000_000])
def test_messages_of_any_size_go_both_ways(dial: Dial, size: int) -> None:
    client = dial(Ear(echo=True))
    message = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert client.say(message) == [message]


def test_what_comes_in_one_piece_goes_out_in_one(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Ear(echo=True)
    client = dial(app)
    pulled: list[object] = []
    pull = Socket.pull

    def watched(socket: Socket, limit: int) -> bytes | End | None:
        pulled.append(pull(socket, limit))
        return pulled[-1]  # type: ignore[return-value]  # what was appended

    monkeypatch.setattr(Socket, "pull", watched)
    messages = [f"message {number}" for number in range(10)]
    assert client.say(*messages) == messages
    assert [type(piece) for piece in pulled] == [bytes]  # and is not asked once more, in vain


def test_a_frame_may_come_byte_by_byte(dial: Dial) -> None:
    client = dial(Ear(echo=True))
    client.engine.send_text("grüße")
    data = b"".join(client.engine.take_output())
    got: list[object] = []
    for at in range(len(data)):
        got += client.raw(data[at : at + 1])
    assert got == ["grüße"]


def test_pings_are_answered(dial: Dial) -> None:
    assert dial(Ear()).say(Ping(b"there?"), "x", Ping(b"now?")) == [Pong(b"there?"), Pong(b"now?")]


def test_messages_are_compressed_if_the_client_offers_it(dial: Dial) -> None:
    app = Ear(echo=True)
    deflate = Deflate(Deflation(12, 12), 3, 1)
    client = dial(app, deflate=deflate, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    assert "permessage-deflate" in client.carried.head["sec-websocket-extensions"]
    text = "again and again " * 1000
    assert client.say(text, text) == [text, text]
    assert app.exchange.body_sent < 1000


def test_compression_can_be_switched_off(dial: Dial) -> None:
    limits = WebSocketLimits(websocket_compression=False)
    client = dial(Ear(limits, echo=True), Sec_WebSocket_Extensions="permessage-deflate")
    assert "sec-websocket-extensions" not in client.carried.head
    assert client.say("plain") == ["plain"]


def test_the_answer_tells_the_subprotocol_and_the_apps_fields(dial: Dial) -> None:
    app = Ear(subprotocol="soup", headers=Headers([(b"x-chef", b"me")]))
    head = dial(app, Sec_WebSocket_Protocol="stew, soup").carried.head
    assert (head["sec-websocket-protocol"], head["x-chef"]) == ("soup", "me")


def test_what_is_said_outside_of_a_round_leaves_at_once(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    link = client.carried.client.link
    for number in range(3):
        before = len(link.arrived)
        app.socket.send(f"message {number}")
        assert len(link.arrived) - before in (11, 20)  # over HTTP/2 there is a frame around it
    assert client.raw(b"") == ["message 0", "message 1", "message 2"]


def test_what_there_is_no_room_for_leaves_later_and_in_its_order(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    messages = [bytes([number]) * 300_000 for number in range(3)]
    for message in messages:
        app.socket.send(message)
    assert client.raw(b"") == messages
    app.socket.send("and on")
    assert client.raw(b"") == ["and on"]


def test_behind_the_end_nothing_is_said(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    client.say(Closed(1000))
    client.carried.client.link.close()
    client.stage.settle()
    app.socket.send("late")
    assert app.exchange.body_sent < 20


# Refusals


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426, "a Sec-WebSocket-Version that is not 13"),
        ({"Sec-WebSocket-Version": ""}, 400, "no Sec-WebSocket-Version"),
        ({"Sec-WebSocket-Key": "short"}, 400, "a Sec-WebSocket-Key that is not 16 bytes"),
        ({"Sec-WebSocket-Protocol": "a b"}, 400, "a subprotocol that is no token"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(fields: dict[str, str], status: int, why: str) -> None:
    app = Ear()
    client = SocketClient(Stage(app), "1.1", "/", None, **fields)
    assert client.status == status
    assert why in client.carried.body.decode()
    assert why in app.exchange.why
    if status == 426:
        assert client.carried.head["sec-websocket-version"] == "13"
        assert client.carried.head["upgrade"] == "websocket"


def test_over_http2_a_wrong_version_is_refused_without_upgrade() -> None:
    client = SocketClient(Stage(Ear()), "2", Sec_WebSocket_Version="8")
    assert client.status == 400
    assert client.carried.head["sec-websocket-version"] == "13"


def test_a_subprotocol_that_was_not_offered_is_the_apps_mistake(dial: Dial) -> None:
    app = Ear(subprotocol="soup")
    client = dial(app)
    assert client.status == 500
    with pytest.raises(WrongAnswer, match="not offered"):
        Socket(app.exchange, offered(app.exchange), LIMITS, app, "soup")  # type: ignore[arg-type]  # it is an offer


# What waits


def test_a_listener_that_pauses_holds_the_client_back(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=0))
    client = dial(app)
    app.socket.pause()
    part = b"x" * 10_000
    for _ in range(100):
        client.say(part)
    assert app.heard == []
    app.socket.resume()
    for _ in range(100):
        client.raw(b"")
    if client.carried.status == 101:
        assert len(app.heard) == 100
    assert app.heard
    assert set(app.heard) == {part}


def test_a_listener_that_pauses_costs_two_windows_of_memory_at_the_most(dial: Dial) -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=0))
    client = dial(app)
    app.socket.pause()
    for _ in range(100):
        client.say(b"x" * 10_000)
    assert 0 < len(app.exchange.read() or b"") <= 2 * WINDOW  # the second may come in answer to this


def test_a_listener_may_pause_between_messages_of_one_piece(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    receive = app.received

    def one(message: str | bytes) -> None:
        receive(message)
        app.socket.pause()

    app.received = one  # type: ignore[method-assign]  # another listener
    client.say("a", "b", "c")
    assert app.heard == ["a"]
    app.socket.resume()
    assert app.heard == ["a", "b"]
    assert app.ends == []
    client.say(Closed(1000))
    app.socket.resume()
    assert (app.heard, app.ends) == (["a", "b", "c"], [])
    app.socket.resume()
    assert app.ends == [(1000, "")]


@pytest.mark.parametrize("flood", [[str(number) for number in range(100)], [Ping()] * 100], ids=["messages", "pings"])
def test_a_flood_takes_one_round_of_the_loop_for_a_hundredth_of_a_second_and_loses_nothing(
    dial: Dial, flood: list[str | Ping], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Ear()
    client = dial(app)
    stage = client.stage
    next_event = WebSocket.next_event
    rounds: list[float] = []

    def slow(engine: WebSocket) -> Event | None:
        if engine is not client.engine:
            stage.clock.advance(0.001)
            assert stage.clock() - stage.reactor.now < BUDGET + 0.002
            rounds.append(stage.reactor.now)
        return next_event(engine)

    monkeypatch.setattr(WebSocket, "next_event", slow)
    client.say(*flood, "last", Closed(1000))
    for _ in range(30):
        client.wait(0)
    assert app.heard == [*[message for message in flood if message != Ping()], "last"]
    assert len(set(rounds)) > 5
    assert app.ends == [(1000, "")]
    assert client.ended


def test_a_flood_that_is_put_off_goes_no_further_when_its_app_pauses_or_closes(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    receive = app.received

    def slow(message: str | bytes) -> None:
        receive(message)
        client.stage.clock.advance(BUDGET)
        if message == "b":
            app.socket.pause()
        elif message == "d":
            app.socket.end()

    app.received = slow  # type: ignore[method-assign]  # another listener
    client.say(*"abcdef")
    client.wait(0)
    client.wait(0)
    assert app.heard == ["a", "b"]
    app.socket.resume()
    for _ in range(5):
        client.wait(0)
    assert app.heard == ["a", "b", "c", "d"]


def test_whoever_sends_is_told_when_there_is_room(dial: Dial) -> None:
    app = Ear()
    client = dial(app)
    assert not app.socket.full
    message = b"x" * 10_000
    sent = 0
    while not app.socket.full:
        app.socket.send(message, promptly=False)
        sent += 1
    assert sent * 10_000 <= ROOM + 10_000
    assert app.rooms == 0
    assert client.raw(b"") == [message] * sent
    assert app.rooms == 1
    assert not app.socket.full


def test_a_client_that_does_not_read_costs_what_the_link_holds() -> None:
    app = Ear(WebSocketLimits(websocket_ping_interval=0))
    stage = Stage(app)
    client = SocketClient(stage)
    sent = 0
    while not app.socket.full:
        app.socket.send(bytes(60_000))
        stage.settle()
        sent += 60_000
    assert sent <= CAPACITY + 65536 + 2 * ROOM
    got = client.raw(b"")
    assert sum(len(each) for each in got if isinstance(each, bytes)) == sent
    assert app.rooms == 1
