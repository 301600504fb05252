"""One message on its way in: what is no UTF-8, what is too large, and how little room its fragments take."""

import tracemalloc

import pytest

from pellucid.protocol.websocket.events import Closed
from protocol.websocket.framing import KEY, course, every_way, limits, refuse, sent, server, text

NOT_UTF8 = {
    "a byte that never stands there": b"ab\xffcd",
    "a continuation without a beginning": b"\x80",
    "a beginning without its continuation": b"\xc3(",
    "an end in the middle of a character": b"ab\xe2\x82",
    "too long a form": b"\xc0\xaf",
    "half of a surrogate pair": b"\xed\xa0\x80",
    "beyond the last character": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
}


@pytest.mark.parametrize("payload", NOT_UTF8.values(), ids=NOT_UTF8)
@pytest.mark.parametrize("long", [False, True])
def test_a_text_that_is_not_utf8_ends_it(payload: bytes, long: bool) -> None:
    payload = b"x" * 70_000 + payload if long else payload
    refuse(text(payload), "not UTF-8", 1007) if not long else _refuse_at_once(text(payload))
    _refuse_at_once(sent(0x01, payload[:1]) + sent(0x80, payload[1:]))


def _refuse_at_once(data: bytes) -> None:
    found = course([data], server())
    assert found.events == [Closed(1007, "a text message that is not UTF-8 (RFC 6455 8.1)", True)]


@pytest.mark.parametrize("first", [0x81, 0x01])
@pytest.mark.parametrize(
    ("payload", "wrong"),
    [(b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80edited", 6), (b"abc\xed\xa0\x80", 4), (b"\xff", 0), (b"a\xc0\xaf", 1)],
)
def test_what_is_not_utf8_is_told_at_its_first_wrong_byte(first: int, payload: bytes, wrong: int) -> None:
    # Autobahn's cases 6.4.1 to 6.4.4, strict: inside of a frame, and of a fragment.
    data = sent(first, payload)
    start = len(data) - len(payload)
    assert course([data[: start + wrong]], server()).events == []
    found = course([data[: start + wrong + 1]], server())
    assert found.closed is not None
    assert found.closed.code == 1007


def test_a_large_message_is_told_to_be_too_large_by_its_head() -> None:
    most = limits(message_size=1000)
    assert course([sent(0x82, bytes(1000))], server(most)).events == [bytes(1000)]
    refuse(sent(0x82, bytes(1001)), "websocket-message-size", 1009, most)
    head = sent(0x82, bytes(1 << 20))[:14]
    assert course([head], server(most)).closed is not None


def test_small_limits_hold_for_small_messages() -> None:
    most = limits(message_size=3)
    assert every_way(text("abc"), most).events == ["abc"]
    refuse(text("abcd"), "websocket-message-size", 1009, most)


def test_fragments_are_too_large_together() -> None:
    most = limits(message_size=10)
    assert every_way(sent(0x02, b"12345") + sent(0x80, b"67890"), most).events == [b"1234567890"]
    refuse(sent(0x02, b"12345") + sent(0x00, b"678901"), "websocket-message-size", 1009, most)


def test_fragments_are_counted() -> None:
    most = limits(fragments=3)
    assert every_way(sent(0x01, b"a") + sent(0x00) + sent(0x80, b"c"), most).events == ["ac"]
    refuse(sent(0x01, b"a") + sent(0x00) * 3, "websocket-fragments", 1009, most)


def test_a_length_that_nobody_could_send_is_refused() -> None:
    refuse(b"\x82\xff" + b"\xff" * 8 + KEY, "most significant bit", 1009)
    refuse(b"\x82\xff" + b"\x7f" + b"\xff" * 7 + KEY, "websocket-message-size", 1009)


def test_without_limits_all_is_taken() -> None:
    most = limits(message_size=0, fragments=0)
    data = sent(0x02, b"x") + sent(0x00, b"y") * 1000 + sent(0x80, bytes(1 << 20))
    assert course([data], server(most)).events == [b"x" + b"y" * 1000 + bytes(1 << 20)]


def test_many_tiny_fragments_take_no_more_room_than_their_message() -> None:
    socket = server(limits(fragments=0))
    lump = sent(0x00, b"x") * 10_000
    socket.receive(sent(0x02))
    assert socket.next_event() is None
    tracemalloc.start()
    try:
        for _ in range(10):
            socket.receive(lump)
            assert socket.next_event() is None
        assert tracemalloc.get_traced_memory()[0] < 150_000
    finally:
        tracemalloc.stop()
    socket.receive(sent(0x80, b"."))
    assert socket.next_event() == b"x" * 100_000 + b"."


def test_a_large_message_that_drips_is_one_buffer() -> None:
    socket = server()
    data = sent(0x82, bytes(20_000))
    tracemalloc.start()
    try:
        for at in range(len(data) - 1):
            socket.receive(data[at : at + 1])
            assert socket.next_event() is None
        assert tracemalloc.get_traced_memory()[1] < 60_000
    finally:
        tracemalloc.stop()
    socket.receive(data[-1:])
    assert socket.next_event() == bytes(20_000)
