"""The chat of the examples, in memory: what is said, who hears it, what is refused, and what it is said to cost."""

import json
import sys
from typing import Any

import pytest
from conversing import Client, Stage, request, statuses

from eventsource import told
from sessions import PROJECT

sys.path.append(str(PROJECT / "examples" / "chat"))

from chat import LARGEST, PATIENCE, Chat, read
from costs import frame

from pellucid.server.exchange import Exchange

UPGRADE = request(
    path="/socket?after=0",
    Connection="Upgrade",
    Upgrade="websocket",
    Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
    Sec_WebSocket_Version="13",
)


class Table:
    """A chat, and those who talk by it."""

    def __init__(self, mount: bytes = b"") -> None:
        self.chat = Chat()
        self.mount = mount
        self.stage = Stage(self._ask)

    def _ask(self, exchange: Exchange) -> None:
        exchange.mount = self.mount
        self.chat(exchange)

    def ask(self, data: bytes) -> bytes:
        """What a client of its own gets."""
        return self.stage.client().talk(data)

    def listen(self, path: str, **fields: str) -> Client:
        """A client that waits for what comes."""
        client = self.stage.client()
        client.talk(request("GET", path, b"", "1.1", **fields))
        return client

    def say(self, text: str = "hello", **fields: str) -> bytes:
        body = json.dumps({"name": "Ada", "text": text, "mark": "1"}).encode()
        return self.ask(request("POST", "/say", body, "1.1", Content_Type="application/json", **fields))

    @property
    def costs(self) -> Any:
        return json.loads(self.ask(request(path="/costs")).partition(b"\r\n\r\n")[2])


def texts(answer: bytes) -> list[str]:
    """What a poll was answered with."""
    return [message["text"] for message in json.loads(answer.partition(b"\r\n\r\n")[2])]


def test_all_who_listen_hear_what_is_said() -> None:
    table = Table()
    poll, stream, socket = table.listen("/poll?after=0"), table.listen("/events"), table.stage.client()
    assert statuses(socket.talk(UPGRADE)) == [101]
    assert statuses(table.say("hello")) == [204]
    assert texts(poll.talk()) == ["hello"]
    assert b'"text": "hello"' in stream.talk()
    framed = socket.talk()
    assert framed[:1] == b"\x81"
    assert json.loads(framed[2:])["text"] == "hello"


def test_what_was_said_before_is_told_to_who_comes_and_to_who_comes_back() -> None:
    table = Table()
    table.say("one")
    table.say("two")
    assert texts(table.ask(request(path="/poll?after=0"))) == ["one", "two"]
    got = table.ask(request(path="/events"))
    events = told(got.partition(b"\r\n\r\n")[2].partition(b"\r\n")[2])
    first = events[0].last_id
    assert [json.loads(event.data)["text"] for event in events] == ["one", "two"]
    assert texts(table.ask(request(path=f"/poll?after={first}"))) == ["two"]
    again = table.ask(request(path="/events", Last_Event_ID=first))
    assert b"two" in again
    assert b"one" not in again
    assert table.ask(UPGRADE).count(b'"text": ') == 2


def test_a_poll_ends_without_news_and_asks_again() -> None:
    table = Table()
    client = table.listen("/poll")
    table.stage.wait(PATIENCE)
    assert statuses(client.talk()) == [204]
    client.talk(request(path="/poll"))
    table.say()
    assert texts(client.talk()) == ["hello"]


def test_when_the_server_stops_nobody_holds_it_up() -> None:
    table = Table()
    poll, stream = table.listen("/poll"), table.listen("/events")
    table.stage.server.stop(10)
    assert statuses(poll.talk()) == [204]
    assert stream.talk().endswith(b"0\r\n\r\n")
    assert not table.stage.open_connections


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request("POST", "/say", b"{}", Content_Type="text/plain"), 415),
        (request("POST", "/say", b"{", Content_Type="application/json"), 400),
        (request("POST", "/say", b"[" * 4000, Content_Type="application/json"), 400),
        (request("POST", "/say", b"x" * (LARGEST + 1), Content_Type="application/json"), 413),
        (request("POST", "/say", b"{}", Content_Type="application/json", Origin="http://elsewhere"), 403),
        (UPGRADE.replace(b"Upgrade: w", b"Origin: https://elsewhere\r\nUpgrade: w"), 403),
        (request(path="/socket"), 426),
        (request(path="/nowhere"), 404),
        (request("POST", "/poll"), 405),
    ],
)
def test_what_is_not_meant_is_refused(asked: bytes, status: int) -> None:
    assert statuses(Table().ask(asked)) == [status]


def test_a_page_of_ones_own_may_say_something() -> None:
    table = Table()
    assert statuses(table.say(Origin="http://x")) == [204]
    assert statuses(table.say(Origin="null")) == [403]


@pytest.mark.parametrize(
    "message",
    [
        [],
        {"name": "a", "text": "b"},
        {"name": "a", "text": "b", "mark": "c", "more": "d"},
        {"name": "", "text": "b", "mark": "c"},
        {"name": 1, "text": "b", "mark": "c"},
        {"name": "a" * 41, "text": "b", "mark": "c"},
        {"name": "a", "text": "\ud800", "mark": "c"},
    ],
)
def test_what_is_no_message_is_told_to_nobody(message: object) -> None:
    with pytest.raises(ValueError, match=r"a message has|characters|surrogate"):
        read(json.dumps(message))


def test_the_page_is_there_beneath_any_mount() -> None:
    for mount in ("", "/chat"):
        table = Table(mount.encode())
        page = table.ask(request(path=f"{mount}/"))
        assert b"<title>One chat, three carriers</title>" in page
        assert b'src="chat.js"' in page
        assert statuses(table.ask(request(path=f"{mount}/chat.js"))) == [200]
        assert b'"poll"' in table.ask(request(path=f"{mount}/costs"))


def test_what_is_counted_is_what_goes_over_the_wire() -> None:
    table = Table()
    poll, stream, socket = table.stage.client(), table.stage.client(), table.stage.client()
    asked = {"poll": request(path="/poll"), "events": request(path="/events")}
    poll.talk(asked["poll"])
    stream.talk(asked["events"])
    socket.talk(UPGRADE)
    begun = len(stream.got), len(socket.got)
    before = table.costs
    for name, each in asked.items():
        assert before[name]["brought"] == len(each)
        assert (before[name]["open"], before[name]["requests"]) == (1, 1)
    assert before["socket"]["brought"] == len(UPGRADE)
    table.say("x" * 200)
    for client in (poll, stream, socket):
        client.talk()
    after = table.costs
    assert after["poll"]["sent"] == pytest.approx(len(poll.got), abs=8)
    assert after["events"]["sent"] - before["events"]["sent"] == pytest.approx(len(stream.got) - begun[0], abs=2)
    assert after["socket"]["sent"] - before["socket"]["sent"] == len(socket.got) - begun[1]
    assert {after[name]["messages"] for name in after} == {1}


@pytest.mark.parametrize(("payload", "masked", "whole"), [(0, False, 2), (125, False, 127), (126, True, 134)])
def test_how_long_a_frame_is(payload: int, masked: bool, whole: int) -> None:
    assert frame(payload, masked) == whole
