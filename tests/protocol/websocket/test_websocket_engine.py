"""The engine: messages, fragments, what stands between them, and every way in which a WebSocket ends."""

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from pellucid.errors import WrongAnswer
from pellucid.protocol.websocket.engine import MOST_PONGS, WebSocket
from pellucid.protocol.websocket.events import Closed, Event, Phase, Ping, Pong
from protocol.websocket.framing import KEY, client, course, every_way, refuse, said, sent, server, text

pytestmark = pytest.mark.usefixtures("either_mask")

HELLO = bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
"""The masked text message of RFC 6455 section 5.7."""

MESSAGES: dict[str, tuple[bytes, list[Event]]] = {
    "the example of the RFC": (HELLO, ["Hello"]),
    "an empty text": (text(""), [""]),
    "an empty binary message": (sent(0x82), [b""]),
    "text beyond ASCII": (text("grüße, κόσμε, 🎈"), ["grüße, κόσμε, 🎈"]),
    "the largest of a length of one byte": (text("x" * 125), ["x" * 125]),
    "the smallest of a length of two bytes": (sent(0x82, b"y" * 126), [b"y" * 126]),
    "the largest of a length of two bytes": (sent(0x82, b"z" * 65535), [b"z" * 65535]),
    "the smallest of a length of eight bytes": (sent(0x82, b"z" * 65536), [b"z" * 65536]),
    "two in one breath": (HELLO + text("again"), ["Hello", "again"]),
    "an empty mask": (text("as it is", b"\0\0\0\0"), ["as it is"]),
    "two fragments": (sent(0x01, b"Hel") + sent(0x80, b"lo"), ["Hello"]),
    "fragments of nothing": (sent(0x02) + sent(0x00) + sent(0x00) + sent(0x80), [b""]),
    "a character across two fragments": (sent(0x01, b"\xc3") + sent(0x80, b"\xa9"), ["é"]),
    "a character across two fragments and an empty one": (
        sent(0x01, b"\xf0\x9f") + sent(0x00) + sent(0x80, b"\x8e\x88"),
        ["🎈"],
    ),
    "fragments with other masks": (sent(0x02, b"ab", b"1234") + sent(0x80, b"cd", b"\xff\0\xff\0"), [b"abcd"]),
    "a ping between fragments": (
        sent(0x01, b"Hel") + sent(0x89, b"there?") + sent(0x80, b"lo"),
        [Ping(b"there?"), "Hello"],
    ),
    "a ping with nothing in it": (sent(0x89), [Ping()]),
    "the largest ping": (sent(0x89, b"p" * 125), [Ping(b"p" * 125)]),
    "a pong that nobody asked for": (sent(0x8A, b"here"), [Pong(b"here")]),
    "binary that is no UTF-8": (sent(0x82, b"\xff\xfe"), [b"\xff\xfe"]),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_arrive_however_their_bytes_do(name: str) -> None:
    data, events = MESSAGES[name]
    found = every_way(data)
    assert found.events == events
    assert found.phase is Phase.OPEN
    assert found.output == b"".join(
        bytes((0x8A, len(event.data))) + event.data for event in events if isinstance(event, Ping)
    )


FAULTS: dict[str, tuple[bytes, str]] = {
    **{
        f"opcode {opcode:#x}": (sent(0x80 | opcode), "reserved opcode")
        for opcode in (*range(0x3, 0x8), *range(0xB, 0x10))
    },
    **{f"the bits {bits:#x}": (sent(0x81 | bits, b"x"), "reserved bit") for bits in range(0x10, 0x80, 0x10)},
    "a bit in a ping": (sent(0xC9), "reserved bit"),
    "no mask": (b"\x81\x05Hello", "not masked (RFC 6455 5.1)"),
    "a control frame in fragments": (sent(0x09), "in fragments"),
    "a large ping": (sent(0x89, b"x" * 126), "more than 125 bytes"),
    "a large close": (sent(0x88, b"x" * 126), "more than 125 bytes"),
    "a continuation of nothing": (sent(0x80, b"x"), "a continuation of no message"),
    "a continuation behind a whole message": (HELLO + sent(0x00, b"x"), "a continuation of no message"),
    "a message inside of another one": (sent(0x01, b"x") + HELLO, "before the last one has ended"),
    "two bytes of length for what one could tell": (b"\x82\xfe\x00\x7d" + KEY + bytes(125), "shortest form"),
    "eight bytes of length for what two could tell": (
        b"\x82\xff\0\0\0\0\0\0\xff\xff" + KEY + bytes(10),
        "shortest form",
    ),
    "a close of one byte": (sent(0x88, b"\x03"), "a Close of one byte"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_frame_that_breaks_a_rule_ends_it(name: str) -> None:
    data, why = FAULTS[name]
    refuse(data, why)


def test_nothing_is_parsed_before_it_is_asked_for() -> None:
    socket = server()
    socket.receive(HELLO * 3 + sent(0x89))
    assert socket.pending
    assert said(socket) == b""
    assert [socket.next_event() for _ in range(5)] == ["Hello"] * 3 + [Ping(), None]
    assert not socket.pending
    assert said(socket) == b"\x8a\x00"


# Pings


def test_of_many_pings_the_latest_are_answered() -> None:
    socket = server()
    socket.receive(b"".join(sent(0x89, b"%03d" % number) for number in range(200)))
    assert sum(isinstance(event, Ping) for event in iter(socket.next_event, None)) == 200
    assert said(socket) == b"".join(b"\x8a\x03%03d" % number for number in range(200 - MOST_PONGS, 200))
    assert said(socket) == b""


def test_ten_pings_at_once_have_ten_answers_in_their_order() -> None:
    # Autobahn's case 2.10
    found = course([b"".join(sent(0x89, b"%d" % number) for number in range(10))], server())
    assert found.output == b"".join(b"\x8a\x01%d" % number for number in range(10))


def test_pings_and_pongs_go_out() -> None:
    socket = server()
    socket.ping(b"there?")
    socket.pong()
    assert said(socket) == b"\x89\x06there?\x8a\x00"
    for send in (socket.ping, socket.pong):
        with pytest.raises(WrongAnswer, match="125"):
            send(bytes(126))
    assert said(socket) == b""


# The end


CLOSES: dict[str, tuple[bytes, Closed]] = {
    "nothing": (b"", Closed(1005)),
    "a code": (b"\x03\xe8", Closed(1000)),
    "a code and a reason": (b"\x03\xe9going \xc3\xbc", Closed(1001, "going ü")),
    "the longest reason": (b"\x03\xe8" + b"x" * 123, Closed(1000, "x" * 123)),
    **{f"{code}": (code.to_bytes(2, "big"), Closed(code)) for code in (1002, 1003, *range(1007, 1015))},
    **{f"{code}": (code.to_bytes(2, "big"), Closed(code)) for code in (3000, 3999, 4000, 4999)},
}


@pytest.mark.parametrize("name", CLOSES)
def test_a_close_is_answered_alike(name: str) -> None:
    payload, closed = CLOSES[name]
    found = every_way(sent(0x88, payload))
    assert found.events == [closed]
    assert found.output == bytes((0x88, len(payload))) + payload


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_a_close_with_a_code_that_may_not_be_sent_is_refused(code: int) -> None:
    refuse(sent(0x88, code.to_bytes(2, "big")), f"a Close with the code {code}")


def test_a_close_whose_reason_is_not_utf8_is_refused() -> None:
    refuse(sent(0x88, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), "the reason of a Close is not UTF-8", 1007)


def test_a_close_inside_of_a_message_ends_it() -> None:
    assert every_way(sent(0x01, b"Hel") + sent(0x88)).events == [Closed(1005)]


def test_the_one_who_closes_waits_for_the_other() -> None:
    socket = server()
    socket.close(1001, "going")
    assert socket.phase is Phase.CLOSING
    assert said(socket) == b"\x88\x07\x03\xe9going"
    socket.receive(sent(0x88, b"\x03\xe9"))
    assert [socket.next_event(), socket.next_event()] == [Closed(1001), None]
    assert said(socket) == b""
    assert socket.closed


def test_what_comes_behind_our_close_is_dropped() -> None:
    socket = server()
    socket.receive(sent(0x01, b"Hel"))
    assert socket.next_event() is None
    socket.close()
    said(socket)
    socket.receive(sent(0x80, b"lo\xff") + text("x" * 300) + sent(0x01, b"\xff") + sent(0x89) + sent(0x8A))
    assert socket.next_event() is None
    socket.receive(sent(0x88, b"\x0b\xb8"))
    assert socket.next_event() == Closed(3000)
    assert said(socket) == b""


def test_a_fault_behind_our_close_ends_it_without_another_one() -> None:
    socket = server()
    socket.close()
    said(socket)
    socket.receive(b"\x81\x00")
    closed = socket.next_event()
    assert isinstance(closed, Closed)
    assert (closed.code, closed.fault) == (1002, True)
    assert said(socket) == b""


@pytest.mark.parametrize("data", [b"", b"\x81", HELLO[:-1], sent(0x01, b"Hel"), sent(0x02, bytes(500))[:300]])
@pytest.mark.parametrize("closing", [False, True])
def test_the_end_of_the_connection_without_a_close_is_told(data: bytes, closing: bool) -> None:
    socket = server()
    if closing:
        socket.close()
    said(socket)
    socket.receive(data)
    socket.receive_eof()
    assert socket.pending
    assert socket.next_event() == Closed(1006, "the connection ended without a Close (RFC 6455 7.1.5)")
    assert socket.next_event() is None
    assert said(socket) == b""


def test_what_came_before_the_end_is_told_before_it() -> None:
    found = course([HELLO + HELLO], server(), eof=True)
    assert found.events[:2] == ["Hello", "Hello"]
    assert course([HELLO + sent(0x88)], server(), eof=True).events == ["Hello", Closed(1005)]


@pytest.mark.parametrize("ends", [WebSocket.part, WebSocket.close])
@pytest.mark.parametrize("last", [sent(0x88, b"\x03\xe8bye"), sent(0x88), b"\x81\x00"])
def test_who_is_owed_a_close_may_be_told_something_before(last: bytes, ends: Callable[[WebSocket], None]) -> None:
    socket = server()
    socket.receive(sent(0x89) + last)
    assert isinstance(socket.next_event(), Ping)
    closed = socket.next_event()
    assert isinstance(closed, Closed)
    socket.receive(HELLO)  # it has closed, so nothing is read of that
    assert (socket.pending, socket.closed) == (False, False)
    socket.send_text("the answer")
    ends(socket)
    words = said(socket)
    assert words.startswith(b"\x8a\x00\x81\x0athe answer\x88")
    assert (b"\x03\xea" in words) is closed.fault
    assert socket.closed
    assert (socket.next_event(), said(socket)) == (None, b"")


BEFORE_THE_END: dict[str, tuple[bytes, list[Event], Callable[[WebSocket], None]]] = {
    "both have closed": (sent(0x88), [Closed(1005)], WebSocket.part),
    "dropped at rest": (b"", [], WebSocket.drop),
    "dropped with something unread": (HELLO, [], WebSocket.drop),
    "dropped inside of a message": (HELLO + sent(0x01, b"x"), ["Hello"], WebSocket.drop),
    "dropped with a Close owed": (HELLO + sent(0x88), ["Hello", Closed(1005)], WebSocket.drop),
}


@pytest.mark.parametrize("name", BEFORE_THE_END)
def test_behind_the_end_nothing_happens(name: str) -> None:
    data, events, ends = BEFORE_THE_END[name]
    socket = server()
    if data:
        socket.receive(data)
    assert [socket.next_event() for _ in events] == events
    ends(socket)
    said(socket)
    acts: list[Callable[[], object]] = [
        lambda: socket.receive(HELLO),
        socket.receive_eof,
        lambda: socket.send_text("x"),
        lambda: socket.send_binary(b"x"),
        socket.ping,
        socket.pong,
        socket.close,
        socket.part,
    ]
    for act in acts:
        act()
        assert socket.next_event() is None
        assert said(socket) == b""
    assert socket.phase is Phase.CLOSED


# What goes out


def _closed(socket: WebSocket) -> WebSocket:
    socket.close()
    return socket


SENT: dict[str, tuple[Callable[[WebSocket], None], bytes]] = {
    "a text": (lambda socket: socket.send_text("Hello"), b"\x81\x05Hello"),
    "a text that is UTF-8 already": (lambda socket: socket.send_text("ü".encode()), b"\x81\x02\xc3\xbc"),
    "nothing": (lambda socket: socket.send_text(""), b"\x81\x00"),
    "bytes": (lambda socket: socket.send_binary(b"\x00\xff"), b"\x82\x02\x00\xff"),
    "a length of two bytes": (lambda socket: socket.send_binary(bytes(256)), b"\x82\x7e\x01\x00" + bytes(256)),
    "a length of eight": (
        lambda socket: socket.send_text("x" * 65536),
        b"\x81\x7f" + bytes(5) + b"\1\0\0" + b"x" * 65536,
    ),
    "a close with nothing in it": (lambda socket: socket.close(1005), b"\x88\x00"),
    "a close with a long reason": (
        lambda socket: socket.close(1000, "ü" * 99),
        b"\x88\x7c\x03\xe8" + "ü".encode() * 61,
    ),
    "a message behind a close": (lambda socket: _closed(socket).send_text("x"), b"\x88\x02\x03\xe8"),
    "two closes": (lambda socket: _closed(socket).close(1001), b"\x88\x02\x03\xe8"),
}


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent_is_spelled_in_its_shortest_form(name: str) -> None:
    act, data = SENT[name]
    socket = server()
    act(socket)
    assert said(socket) == data


def test_messages_that_are_sent_keep_their_order() -> None:
    socket = server()
    socket.send_text("a")
    socket.send_binary(b"b")
    socket.ping()
    socket.send_text("c")
    assert socket.take_output() == [b"\x81\x01a", b"\x82\x01b", b"\x89\x00", b"\x81\x01c"]
    assert socket.take_output() == []


def test_what_could_not_go_yet_stands_before_what_follows() -> None:
    socket = server()
    socket.send_text("a")
    [piece] = socket.take_output()
    assert not socket.unsaid
    socket.send_text("b")
    socket.put_back(piece)
    assert socket.unsaid
    assert said(socket) == b"\x81\x01a\x81\x01b"


def test_it_knows_whether_something_is_to_be_sent() -> None:
    socket = server()
    assert not socket.unsaid
    socket.send_text("a")
    assert socket.unsaid
    said(socket)
    assert not socket.unsaid
    socket.receive(sent(0x89))
    assert socket.next_event() == Ping()
    assert socket.unsaid


def test_what_may_not_be_sent_is_our_callers_mistake_and_changes_nothing() -> None:
    socket = server()
    for code in (0, 999, 1004, 1006, 1015, 2999, 5000):
        with pytest.raises(WrongAnswer, match=f"{code} is no code"):
            socket.close(code)
    with pytest.raises(WrongAnswer, match="surrogate"):
        socket.send_text("\ud800")
    assert (socket.phase, said(socket)) == (Phase.OPEN, b"")


def test_a_clients_frames_are_masked_and_a_servers_are_not() -> None:
    here, there = client(), server()
    here.send_text("Hello")
    assert said(here) == HELLO
    there.send_text("Hello")
    here.receive(said(there))
    assert here.next_event() == "Hello"
    here.receive(HELLO)
    closed = here.next_event()
    assert isinstance(closed, Closed)
    assert "a frame that is masked (RFC 6455 5.1)" in closed.reason
    here.part()
    there.receive(said(here))
    assert there.next_event() == Closed(1002, closed.reason)


def test_a_websocket_that_rests_is_small() -> None:
    sockets = [server() for _ in range(1000)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        sockets += [server() for _ in range(1000)]
        assert (tracemalloc.get_traced_memory()[0] - before) / 1000 < 600
    finally:
        tracemalloc.stop()
    assert sys.getsizeof(sockets[0]) < 300
