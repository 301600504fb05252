"""Tests of an ASGI app's WebSockets: what it receives and sends, when it waits, and what becomes of its mistakes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from conversing import statuses
from websocketing import VERSIONS, SocketClient

from hosting import Host
from pellucid.apps.asgi.faults import ClientDisconnected
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.asgi.socket_conversation import MOST_MESSAGES, ROOM, SocketConversation
from pellucid.apps.asgi.types import Message, Receive, Scope, Send
from pellucid.errors import WrongAnswer
from pellucid.protocol.websocket.codes import ABNORMAL
from pellucid.protocol.websocket.events import Closed
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.socket import Socket
from pellucid.server.timeouts import Patience

Make = Callable[..., Host]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
ACCEPT: Message = {"type": "websocket.accept"}
CLOSE: Message = {"type": "websocket.close"}


def text(data: str) -> Message:
    return {"type": "websocket.send", "text": data}


class Talker:
    """An app that receives all it can and does with each message what it is told to."""

    def __init__(self, *first: Any, echo: bool = False) -> None:
        self.first = first
        self.echo = echo
        self.got: list[Message] = []
        self.scopes: list[Scope] = []
        self.raised: list[BaseException] = []
        self.send: Send
        self.receive: Receive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.send, self.receive = send, receive
        await self.take()
        for message in self.first:
            if isinstance(message, BaseException):
                raise message
            try:
                await send(message)
            except WrongAnswer as error:
                self.raised.append(error)
        while self.got[-1]["type"] != "websocket.disconnect":
            await self.take()

    async def take(self) -> None:
        message = await self.receive()
        self.got.append(message)
        if self.echo and message["type"] == "websocket.receive":
            await self.send({**message, "type": "websocket.send"})

    @property
    def end(self) -> Message:
        return self.got[-1]


def only_send(client: SocketClient, message: str) -> None:
    """Send, and read nothing of what comes of it."""
    client.engine.send_text(message)
    client.carried.client.send(b"".join(client.engine.take_output()))
    client.stage.settle()


def disconnected(code: int, reason: str = "") -> Message:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


@pytest.fixture(params=VERSIONS)
def dial(request: pytest.FixtureRequest, host: Make) -> Callable[..., SocketClient]:
    """Ask an app for a WebSocket, by either version."""

    def ask(
        app: App, *, limits: WebSocketLimits | None = None, asked: dict[str, str] | None = None, **more: Any
    ) -> Any:
        stage = host(app, websockets=limits, **more)
        return SocketClient(stage, request.param, "/room%201?q=1", None, **(asked or {}))

    return ask


Dial = Callable[..., SocketClient]


# The scope


def test_a_scope_is_complete(dial: Dial) -> None:
    app = Talker(ACCEPT)
    client = dial(app, asked={"Sec-WebSocket-Protocol": "stew, soup"})
    (scope,) = app.scopes
    headers = dict(scope.pop("headers"))
    assert headers[b"sec-websocket-version"] == b"13"
    assert (headers[b"connection"].lower(), headers[b"upgrade"]) == (b"upgrade", b"websocket")  # by either version
    assert scope == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1" if client.status == 101 else "2",
        "scheme": "ws",
        "path": "/room 1",
        "raw_path": b"/room%201",
        "query_string": b"q=1",
        "root_path": "",
        "client": ("192.0.2.1", 0),
        "server": ("192.0.2.80", 80),
        "subprotocols": ["stew", "soup"],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }


# Messages


def test_messages_go_both_ways(dial: Dial) -> None:
    app = Talker(ACCEPT, echo=True)
    client = dial(app)
    assert client.status in (101, 200)
    assert client.say("hello", b"bytes", "") == ["hello", b"bytes", ""]
    assert client.say(Closed(1000, "bye")) == [Closed(1000, "bye")]
    assert app.got == [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.receive", "bytes": b"bytes"},
        {"type": "websocket.receive", "text": ""},
        disconnected(1000, "bye"),
    ]
    assert client.ended
    assert not client.broken


@pytest.mark.parametrize(
    "message", [{"text": "a", "bytes": None}, {"bytes": b"a", "text": None}, {"bytes": bytearray(b"a")}]
)
def test_either_text_or_bytes_are_sent(dial: Dial, message: Message) -> None:
    client = dial(Talker(ACCEPT, {"type": "websocket.send", **message}))
    assert client.raw(b"") == ["a" if message.get("text") else b"a"]


def test_the_answer_has_the_subprotocol_and_the_fields_of_the_app(dial: Dial) -> None:
    accept = ACCEPT | {"subprotocol": "soup", "headers": [(b"X-Chef", b"me"), [b"set-cookie", b"a=b"]]}
    head = dial(Talker(accept), asked={"Sec-WebSocket-Protocol": "stew, soup"}).carried.head
    assert (head["sec-websocket-protocol"], head["x-chef"], head["set-cookie"]) == ("soup", "me", "a=b")


def test_what_an_app_sends_in_a_row_goes_out_in_order_and_together(dial: Dial) -> None:
    app = Talker(ACCEPT, *(text(str(number)) for number in range(100)))
    client = dial(app)
    assert client.raw(b"") == [str(number) for number in range(100)]


def test_an_answer_leaves_before_its_task_goes_on(host: Make) -> None:
    left: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        for _ in range(2):
            await receive()
            before = len(client.carried.client.link.arrived)
            await send(text("answer"))
            left.append(len(client.carried.client.link.arrived) - before)

    client = SocketClient(host(app))
    client.say("a")
    client.say("b")
    assert left == [8, 8]


# Waiting


def test_messages_that_nobody_receives_hold_the_client_back(dial: Dial) -> None:
    go: list[asyncio.Future[None]] = []
    conversations: list[SocketConversation] = []
    got: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        conversations.append(receive.__self__)  # type: ignore[attr-defined]  # a bound method
        await receive()
        await send(ACCEPT)
        go.append(asyncio.get_running_loop().create_future())
        await go[0]
        while (message := await receive())["type"] == "websocket.receive":
            got.append(message)

    client = dial(app)
    for number in range(500):
        client.say(str(number) * 100)
    held = conversations[0]._messages
    assert len(held) <= MOST_MESSAGES
    assert sum(map(len, held)) <= ROOM + 300
    go[0].set_result(None)
    client.stage.settle()
    for _ in range(100):
        client.raw(b"")
    assert [message["text"] for message in got] == [str(number) * 100 for number in range(500)]


def test_who_has_begun_to_receive_before_it_accepts_goes_on_like_any_other(dial: Dial) -> None:
    got: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        first = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await send(ACCEPT)
        got.append(await first)
        got.append(await receive())

    client = dial(app)
    client.say(b"x" * ROOM, "and on")
    client.raw(b"")
    assert [message["type"] for message in got] == ["websocket.receive"] * 2


def test_a_flood_of_messages_lets_other_tasks_run(dial: Dial) -> None:
    turns: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def beside() -> None:
            while taken < 1000:
                turns.append(taken)
                await asyncio.sleep(0)

        await receive()
        await send(ACCEPT)
        await receive()
        task = asyncio.ensure_future(beside())
        while (await receive())["type"] == "websocket.receive":
            taken += 1
        taken = 1000
        await task

    dial(app).say(*["x"] * 601, Closed(1000))
    between = [after - before for before, after in pairwise(turns) if after - before]
    assert len(between) > 5
    assert max(between) <= 2 * MOST_MESSAGES


def test_send_waits_for_a_client_that_does_not_read(host: Make) -> None:
    sent: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await receive()
        for number in range(100):
            await send({"type": "websocket.send", "bytes": bytes(100_000)})
            sent.append(number)

    client = SocketClient(host(app))
    only_send(client, "go")
    assert 0 < len(sent) < 15
    waiting = len(sent)
    client.stage.settle()
    assert len(sent) == waiting
    assert client.raw(b"")[:-1] == [bytes(100_000)] * 100
    assert len(sent) == 100


def test_a_client_that_goes_while_send_waits_ends_the_wait(host: Make) -> None:
    raised: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await receive()
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(100_000)})
        except ClientDisconnected as error:
            raised.append(error)
            raise

    client = SocketClient(host(app))
    only_send(client, "go")
    assert raised == []
    client.carried.vanish()
    assert len(raised) == 1
    assert client.stage.errors == []


# Denials


def test_closing_before_accepting_is_403(dial: Dial) -> None:
    app = Talker(CLOSE | {"code": 4000, "reason": "no"})
    client = dial(app)
    assert client.status == 403
    assert app.end == disconnected(ABNORMAL)
    assert client.stage.errors == []


def test_an_app_may_deny_with_an_answer_of_its_own(dial: Dial) -> None:
    start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Basic")]}
    body = {"type": "websocket.http.response.body", "body": b"who "}
    app = Talker(start, body | {"more_body": True}, body | {"body": b"are you?"})
    client = dial(app)
    got = client.carried.body
    assert (client.status, client.carried.head["www-authenticate"]) == (401, "Basic")
    assert b"who " in got
    assert b"are you?" in got
    assert client.stage.errors == []
    assert app.end == disconnected(ABNORMAL)


def test_a_denial_that_stops_midway_is_a_mistake(dial: Dial) -> None:
    app = Talker({"type": "websocket.http.response.start", "status": 401, "headers": []}, LookupError("lost"))
    client = dial(app)
    assert client.status == 500
    assert "LookupError: lost" in client.stage.errors[0]


@pytest.mark.parametrize("status", [101, 200, 204])
def test_a_denial_is_no_success(dial: Dial, status: int) -> None:
    app = Talker({"type": "websocket.http.response.start", "status": status, "headers": []}, CLOSE)
    assert dial(app).status == 403
    assert f"{status} denies nothing" in str(app.raised[0])


# The ends


def test_an_app_closes_with_its_code_and_reason(dial: Dial) -> None:
    app = Talker(ACCEPT, CLOSE | {"code": 4001, "reason": "enough"})
    client = dial(app)
    assert client.raw(b"") == [Closed(4001, "enough")]
    assert app.end == disconnected(4001, "enough")  # at once: nothing more is received
    client.say()
    assert client.ended
    assert not client.broken
    assert client.stage.errors == []


@pytest.mark.parametrize(
    ("close", "told"),
    [({}, Closed(1000)), ({"code": None, "reason": None}, Closed(1000)), ({"code": 1005}, Closed(1005))],
)
def test_a_close_has_a_code_unless_told_otherwise(dial: Dial, close: Message, told: Closed) -> None:
    assert dial(Talker(ACCEPT, CLOSE | close)).raw(b"") == [told]


def test_an_app_that_returns_closes_with_1000(dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await send(text("that is all"))

    client = dial(app)
    assert client.raw(b"") == ["that is all", Closed(1000)]
    assert client.stage.errors == []


def test_an_app_that_fails_closes_with_1011(dial: Dial) -> None:
    client = dial(Talker(ACCEPT, LookupError("lost")))
    assert client.raw(b"") == [Closed(1011)]
    assert len(client.stage.errors) == 1
    assert "LookupError: lost" in client.stage.errors[0]


@pytest.mark.parametrize("error", [LookupError("lost"), SystemExit(3), None])
def test_an_app_that_ends_before_it_accepts_is_a_500(dial: Dial, error: BaseException | None) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if error is not None:
            raise error

    client = dial(app)
    assert client.status == 500
    assert (repr(error)[:6] if error else "returned before it accepted") in client.stage.errors[0]


@pytest.mark.parametrize("leave", ["finish", "vanish"])
def test_a_client_that_leaves_without_a_word_has_1006(dial: Dial, leave: str) -> None:
    app = Talker(ACCEPT)
    client = dial(app)
    client.say("last")
    getattr(client.carried, leave)()
    assert app.got[-2]["text"] == "last"
    assert app.end["code"] == ABNORMAL
    assert client.stage.errors == []


def test_an_answer_that_cannot_be_given_is_told_to_the_app_as_an_end(dial: Dial) -> None:
    app = Talker({**ACCEPT, "headers": [(b"transfer-encoding", b"chunked")]})
    client = dial(app)
    assert client.status == 500
    assert app.got[-1]["type"] == "websocket.disconnect"
    assert app.got[-1]["code"] == ABNORMAL
    assert "transfer-encoding" in app.got[-1]["reason"]


def test_a_client_that_leaves_before_it_is_accepted_has_1006(dial: Dial) -> None:
    app = Talker()
    client = dial(app)
    assert client.status == 0
    client.carried.vanish()
    assert app.end["code"] == ABNORMAL
    assert client.stage.errors == []


def test_all_that_came_is_received_before_the_end(dial: Dial) -> None:
    app = Talker(ACCEPT)
    dial(app).say("a", "b", Closed(1000))
    assert [message.get("text") for message in app.got[1:3]] == ["a", "b"]
    assert app.end == disconnected(1000)


@pytest.mark.parametrize("message", [text("late"), CLOSE])
def test_send_after_the_clients_end_raises(dial: Dial, message: Message) -> None:
    app = Talker(ACCEPT)
    client = dial(app)
    client.say(Closed(1000))
    for _ in range(2):
        with pytest.raises(ClientDisconnected):
            client.stage.loop.run_until_complete(app.send(message))  # type: ignore[attr-defined]  # the stage is a host
        assert client.stage.loop.run_until_complete(app.receive()) == disconnected(1000)  # type: ignore[attr-defined]


def test_an_app_that_lets_that_out_is_not_blamed(dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await receive()
        await send(text("late"))

    client = dial(app)
    client.say(Closed(1000))
    assert client.stage.errors == []


@pytest.mark.parametrize(("rest", "code"), [(0.0, 1001), (20.0, 1012)])
def test_a_server_that_stops_tells_client_and_app(dial: Dial, rest: float, code: int) -> None:
    app = Talker(ACCEPT)
    client = dial(app)
    client.stage.server.stop(10, rest)
    assert client.raw(b"") == [Closed(code)]
    assert app.end == disconnected(code)
    client.say()
    assert client.ended
    assert client.stage.errors == []


def test_an_app_that_goes_on_is_cancelled_at_the_end(dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send(ACCEPT)
            await asyncio.get_running_loop().create_future()

    client = dial(app, settings=AsgiSettings(lifespan="off", background_time=0.0))
    client.stage.server.stop(10)
    assert client.raw(b"") == [Closed(1001)]
    client.say()
    stage: Any = client.stage
    stage.end()
    assert not stage.asgi.running
    assert stage.errors == []


def test_an_app_that_does_not_accept_in_time_is_cancelled(dial: Dial) -> None:
    app = Talker()
    client = dial(app, patience=Patience(request_timeout=5))
    client.wait(6)
    assert client.status == 503
    client.stage.settle()
    assert not client.stage.asgi.running  # type: ignore[attr-defined]  # the stage is a host


def test_a_websocket_that_ends_leaves_nothing_for_the_collector(dial: Dial) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        while (await receive())["type"] == "websocket.receive":
            await send(text("echo"))

    gc.collect()
    gc.disable()
    others = left_of(Socket, SocketConversation, Exchange)
    try:
        client = dial(app)
        assert client.say("a") == ["echo"]
        assert left_of(Socket, SocketConversation, Exchange) == others + 3
        client.say(Closed(1000))
        client.carried.client.link.close()
        client.stage.settle()
        assert left_of(Socket, SocketConversation, Exchange) == others
        assert client.stage.timers == 0
    finally:
        gc.enable()


def left_of(*kinds: type) -> int:
    """How many objects of these kinds there are."""
    return sum(isinstance(each, kinds) for each in gc.get_objects())


@pytest.mark.parametrize("fault", [b"\x83\x80mask", b"\x81\x05naked"])
def test_what_came_before_a_fault_is_answered_before_the_close(dial: Dial, fault: bytes) -> None:
    app = Talker(ACCEPT, echo=True)
    client = dial(app)
    client.engine.send_text("good")
    got = client.raw(b"".join(client.engine.take_output()) + fault)
    assert got[0] == "good"
    assert [event.code for event in got[1:] if isinstance(event, Closed)] == [1002]
    assert app.end["code"] == 1002


# Mistakes


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (None, "a message is a dict with a type"),
        ({"type": "websocket.send"}, "either a text, which is a str, or bytes, and not {}"),
        ({"type": "websocket.send", "text": {"a": 1}, "bytes": None}, "and not {'text': {'a': 1}}"),
        ({"type": "websocket.send", "text": "a", "bytes": b"a"}, "either a text"),
        ({"type": "websocket.send", "text": b"a"}, "either a text"),
        ({"type": "websocket.send", "bytes": "a"}, "either a text"),
        ({"type": "websocket.send", "text": "\ud800"}, "no UTF-8"),
        ({"type": "websocket.close", "code": 1006}, "1006 is no code"),
        ({"type": "websocket.close", "code": "1000"}, "an int for its code"),
        ({"type": "websocket.close", "reason": 7}, "a str for its reason"),
        (ACCEPT, "out of its order: the app has accepted the WebSocket"),
        ({"type": "http.response.start", "status": 200}, "websocket.accept or .close answers"),
    ],
)
def test_a_wrong_message_is_told_and_changes_nothing(dial: Dial, message: Any, why: str) -> None:
    app = Talker(ACCEPT, message, echo=True)
    client = dial(app)
    assert [why in str(error) for error in app.raised] == [True]
    assert client.say("on") == ["on"]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (text("early"), "out of its order"),
        (ACCEPT | {"subprotocol": "soup"}, "was not offered"),
        (ACCEPT | {"subprotocol": b"soup"}, "is a str"),
        (ACCEPT | {"headers": [(b"sec-websocket-protocol", b"soup")]}, "the handshake's own"),
        (ACCEPT | {"headers": [(b"a\r\nb", b"c")]}, "a"),
        (ACCEPT | {"headers": ["ab"]}, "a pair of bytes|bytes, not"),
    ],
)
def test_a_wrong_beginning_is_told_and_another_may_follow(dial: Dial, message: Any, why: str) -> None:
    app = Talker(message, ACCEPT, echo=True)
    client = dial(app)
    assert len(app.raised) == 1
    assert any(each in str(app.raised[0]) for each in why.split("|"))
    assert client.say("on") == ["on"]


def test_a_request_that_breaks_a_rule_asks_no_app(host: Make) -> None:
    app = Talker(ACCEPT)
    stage = host(app)
    got = stage.ask(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert statuses(got) == [400]
    assert app.scopes == []
    assert stage.errors == []
