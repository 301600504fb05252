"""Tests of the WebSockets of exchange apps: callbacks, in their order, and what becomes of one that fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from conversing import Stage, request, statuses
from websocketing import VERSIONS, SocketClient

from pellucid.apps.websocket import WebSocket
from pellucid.errors import WrongAnswer
from pellucid.message import Headers
from pellucid.protocol.websocket.codes import ABNORMAL
from pellucid.protocol.websocket.events import Closed
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange


class Room:
    """An app that lets everybody in, and what happened to it; `greet` is called with each WebSocket."""

    def __init__(self, greet: Callable[[WebSocket], object] = lambda socket: None, **details: Any) -> None:
        self.greet = greet
        self.details = details
        self.messages: list[str | bytes] = []
        self.ends: list[tuple[int, str]] = []
        self.rooms = 0
        self.socket: WebSocket

    def __call__(self, exchange: Exchange) -> None:
        socket = WebSocket.accept(exchange, **self.details)
        if socket is not None:
            self.socket = socket
            self.greet(socket)
            socket.on_message = self.messages.append
            socket.on_close = lambda code, reason: self.ends.append((code, reason))
            socket.on_room = self.made_room

    def made_room(self) -> None:
        self.rooms += 1


Dial = Callable[..., SocketClient]


@pytest.fixture(params=VERSIONS)
def dial(request: pytest.FixtureRequest) -> Dial:
    """Ask an app for a WebSocket, by either version."""
    return lambda app, **fields: SocketClient(Stage(app), request.param, "/", None, **fields)


def test_messages_go_both_ways_and_the_end_is_told(dial: Dial) -> None:
    room = Room()
    client = dial(room)
    assert room.socket.open
    assert room.socket.send("welcome")
    assert room.socket.send(b"bytes")
    assert client.raw(b"") == ["welcome", b"bytes"]
    client.say("hello", b"data")
    assert room.messages == ["hello", b"data"]
    client.say(Closed(4000, "bye"))
    assert room.ends == [(4000, "bye")]
    assert not room.socket.open
    assert not room.socket.send("late")
    assert client.ended


def test_an_echo_is_one_line(dial: Dial) -> None:
    def echo(exchange: Exchange) -> None:
        if socket := WebSocket.accept(exchange):
            socket.on_message = socket.send

    assert dial(echo).say("a", b"b") == ["a", b"b"]


def test_what_comes_before_the_answer_waits_for_the_callbacks() -> None:
    room = Room()
    stage = Stage(room)
    client = SocketClient(stage)
    other = stage.client()
    client.engine.send_text("early")
    early = b"".join(client.engine.take_output())
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    asked = f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
    assert statuses(other.talk(asked.encode() + early)) == [101]
    assert room.messages == ["early"]


def test_a_greeting_may_be_sent_at_once(dial: Dial) -> None:
    room = Room(lambda socket: socket.send("welcome"))
    assert dial(room).raw(b"") == ["welcome"]


def test_it_may_be_closed_at_once(dial: Dial) -> None:
    room = Room(lambda socket: socket.close(4001, "full"))
    client = dial(room)
    assert client.raw(b"") == [Closed(4001, "full")]
    client.say()
    assert room.ends == [(4001, "full")]
    assert client.stage.timers <= 2


def test_the_first_subprotocol_that_both_know_is_taken(dial: Dial) -> None:
    room = Room(subprotocols=("soup", "salad"), headers=Headers([(b"x-chef", b"me")]))
    client = dial(room, Sec_WebSocket_Protocol="stew, salad, soup")
    assert room.socket.subprotocol == client.carried.head["sec-websocket-protocol"] == "salad"
    assert client.carried.head["x-chef"] == "me"
    assert dial(room, Sec_WebSocket_Protocol="stew").status in (101, 200)
    assert room.socket.subprotocol is None


def test_limits_may_be_ones_own(dial: Dial) -> None:
    room = Room(limits=WebSocketLimits(websocket_message_size=10))
    assert [event.code for event in dial(room).say("x" * 11) if isinstance(event, Closed)] == [1009]
    assert room.ends[0][0] == 1009


def test_fields_of_the_handshake_are_the_apps_mistake(dial: Dial) -> None:
    client = dial(Room(headers=Headers([(b"upgrade", b"x")])))
    assert client.status == 500
    assert "the handshake's own field" in client.stage.errors[0]


@pytest.mark.parametrize("callback", ["on_message", "on_close", "on_room"])
def test_a_callback_that_fails_is_noted_and_closes(dial: Dial, callback: str) -> None:
    def fail(*facts: object) -> None:
        raise LookupError("lost")

    room = Room()
    client = dial(room)
    setattr(room.socket, callback, fail)
    if callback == "on_room":
        while not room.socket.full:
            room.socket.send(bytes(10_000))
        events = client.raw(b"")
    elif callback == "on_message":
        events = client.say("hello")
    else:
        client.say(Closed(1000))
        events = [Closed(1011)]
    assert events[-1] == Closed(1011)
    assert len(client.stage.errors) == 1
    assert "LookupError: lost" in client.stage.errors[0]
    client.say()
    assert client.ended


@pytest.mark.parametrize("message", [{"a": 1}, None, 7, ["text"]])
def test_what_is_no_message_is_told_as_that(dial: Dial, message: Any) -> None:
    room = Room()
    client = dial(room)
    with pytest.raises(WrongAnswer, match=re.escape(f"a message is a str or bytes, not {message!r}")):
        room.socket.send(message)
    room.socket.send("on")
    assert client.raw(b"") == ["on"]


def test_a_callback_that_nobody_would_await_is_told_and_closes(dial: Dial) -> None:
    async def later(message: str | bytes) -> None:
        raise AssertionError("nobody awaits it")

    room = Room()
    client = dial(room)
    room.socket.on_message = later
    assert client.say("hello")[-1] == Closed(1011)
    assert "a plain function, and not `async def`" in client.stage.errors[0]


def test_an_app_that_fails_behind_its_accept_is_a_500_and_its_websocket_is_over(dial: Dial) -> None:
    room = Room()

    def app(exchange: Exchange) -> None:
        room(exchange)
        raise ZeroDivisionError("on purpose")

    client = dial(app)
    assert client.status == 500
    assert room.ends == [(ABNORMAL, "")]
    assert not room.socket.open
    assert not room.socket.send("in vain")
    client.wait(100)
    assert room.ends == [(ABNORMAL, "")]


def test_fields_that_break_the_answer_are_a_500_and_the_websocket_is_over(dial: Dial) -> None:
    room = Room(headers=Headers([(b"transfer-encoding", b"chunked")]))
    assert dial(room).status == 500
    assert room.ends == [(ABNORMAL, "")]
    assert not room.socket.open


def test_a_message_for_the_process_is_not_kept(dial: Dial) -> None:
    def interrupt(message: str | bytes) -> None:
        raise KeyboardInterrupt

    room = Room()
    client = dial(room)
    room.socket.on_message = interrupt
    with pytest.raises(KeyboardInterrupt):
        client.say("hello")


def test_it_tells_when_there_is_room_again(dial: Dial) -> None:
    room = Room()
    client = dial(room)
    while not room.socket.full:
        room.socket.send(bytes(10_000))
    client.raw(b"")
    assert not room.socket.full
    assert room.rooms == 1


def test_a_paused_one_takes_no_messages(dial: Dial) -> None:
    room = Room()
    client = dial(room)
    room.socket.pause()
    client.say("a")
    assert room.messages == []
    room.socket.resume()
    assert room.messages == ["a"]


def test_a_code_that_may_not_be_sent_is_told(dial: Dial) -> None:
    room = Room()
    dial(room)
    with pytest.raises(WrongAnswer, match="1006 is no code"):
        room.socket.close(1006)
    assert room.socket.open


@pytest.mark.parametrize("leave", ["finish", "vanish"])
def test_a_client_that_leaves_without_a_word_has_1006(dial: Dial, leave: str) -> None:
    room = Room()
    client = dial(room)
    getattr(client.carried, leave)()
    assert [code for code, _ in room.ends] == [ABNORMAL]
    assert not room.socket.send("late")
    room.socket.close()
    assert client.stage.errors == []


def test_a_client_that_is_gone_before_is_told_as_gone() -> None:
    kept: list[Exchange] = []
    stage = Stage(kept.append)
    client = SocketClient(stage)
    client.carried.vanish()
    room = Room()
    room(kept[0])
    stage.settle()
    assert [code for code, _ in room.ends] == [ABNORMAL]


def test_whoever_does_not_ask_for_one_is_told_to() -> None:
    room = Room()
    stage = Stage(room)
    got = stage.client().talk(request())
    assert statuses(got) == [426]
    assert b"upgrade: websocket\r\n" in got
    assert statuses(SocketClient(stage, Sec_WebSocket_Version="12").carried.client.got) == [426]


def test_it_can_be_asked_whether_one_is_asked_for() -> None:
    asked: list[bool] = []

    def app(exchange: Exchange) -> None:
        asked.append(WebSocket.asked(exchange))
        WebSocket.accept(exchange)

    stage = Stage(app)
    stage.client().talk(request())
    SocketClient(stage)
    SocketClient(stage, "2")
    assert asked == [False, True, True]
