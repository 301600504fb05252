"""permessage-deflate: what is agreed on, the examples of RFC 7692, both ways of it, and bombs."""

import random
import tracemalloc
import zlib

import pytest

from pellucid.protocol.websocket.deflate import MOST_ENDS, TAIL, Deflate, Deflation, Inflater, agree
from pellucid.protocol.websocket.events import Closed, Phase
from pellucid.protocol.websocket.extensions import read_extensions, spell_extension
from pellucid.protocol.websocket.frames import frame
from protocol.websocket.framing import client, course, every_way, limits, refuse, said, sent, server, text

AGREED = Deflation()
WHOLE = 0xC1  # FIN, RSV1, text


# What is agreed on: the offer, what is answered with windows of 12 bits, and what that means.
AGREEMENTS: dict[str, tuple[bytes, bytes, Deflation]] = {
    "the plainest offer": (
        b"permessage-deflate",
        b"permessage-deflate; server_max_window_bits=12",
        Deflation(12, 15),
    ),
    "what browsers offer": (
        b"permessage-deflate; client_max_window_bits",
        b"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
        Deflation(12, 12),
    ),
    "windows of their own": (
        b"permessage-deflate; client_max_window_bits=10; server_max_window_bits=9",
        b"permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
        Deflation(9, 10),
    ),
    "windows larger than ours": (
        b"permessage-deflate; client_max_window_bits=15; server_max_window_bits=15",
        b"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
        Deflation(12, 12),
    ),
    "a small window of the client's": (
        b"permessage-deflate; client_max_window_bits=8",
        b"permessage-deflate; server_max_window_bits=12; client_max_window_bits=8",
        Deflation(12, 8),
    ),
    "no takeover, either way": (
        b"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        b"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
        Deflation(12, 15, False, False),
    ),
    "an offer behind another one": (
        b"x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10",
        b"permessage-deflate; server_max_window_bits=10",
        Deflation(10, 15),
    ),
    "an offer behind one that cannot be taken": (
        b"permessage-deflate; server_max_window_bits=8, permessage-deflate; server_no_context_takeover",
        b"permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
        Deflation(12, 15, False, True),
    ),
    "a quoted value": (
        b'permessage-deflate; server_max_window_bits="10"',
        b"permessage-deflate; server_max_window_bits=10",
        Deflation(10, 15),
    ),
}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_an_offer_is_agreed_to(name: str) -> None:
    offer, answer, deflation = AGREEMENTS[name]
    agreed = agree(read_extensions(offer), bits=12)
    assert agreed is not None
    assert agreed[0] == deflation
    assert spell_extension(agreed[1]) == answer


def test_the_largest_windows_are_not_told() -> None:
    assert agree(read_extensions(b"permessage-deflate; client_max_window_bits")) == (
        Deflation(15, 15),
        read_extensions(b"permessage-deflate")[0],
    )


def test_a_server_may_do_without_takeover() -> None:
    agreed = agree(read_extensions(b"permessage-deflate"), takeover=False)
    assert agreed is not None
    assert agreed[0] == Deflation(15, 15, False, False)
    assert spell_extension(agreed[1]) == (b"permessage-deflate; server_no_context_takeover; client_no_context_takeover")


@pytest.mark.parametrize(
    "parameters",
    [
        *["unknown", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=8"],
        *["server_max_window_bits=16", "server_max_window_bits=010", "client_max_window_bits=7"],
        *["client_max_window_bits=x", "client_max_window_bits=+9", "server_no_context_takeover=1"],
        *["client_no_context_takeover=x", "server_no_context_takeover; server_no_context_takeover"],
        *["server_max_window_bits=9; server_max_window_bits=9", "client_max_window_bits; client_max_window_bits"],
    ],
)
def test_an_offer_that_breaks_a_rule_is_passed_over(parameters: str) -> None:
    # RFC 7692 section 7: declined, not refused
    assert agree(read_extensions(b"permessage-deflate; " + parameters.encode())) is None


def test_other_extensions_are_not_agreed_to() -> None:
    assert agree(read_extensions(b"bbf-usp-protocol, x-webkit-deflate-frame")) is None
    assert agree(()) is None


# The examples of RFC 7692 section 7.2.3
EXAMPLES = {
    "7.2.3.1, one block": ["f248cdc9c90700"],
    "7.2.3.2, sharing the window": ["f248cdc9c90700", "f200110000"],
    "7.2.3.3, not compressed": ["000500faff48656c6c6f00"],
    "7.2.3.4, a final block": ["f348cdc9c9070000"],
    "7.2.3.4, a message behind a final block": ["f348cdc9c9070000", "f248cdc9c90700"],
    "7.2.3.5, two blocks": ["f248050000 00ffffcac9c90700"],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_rfc_are_inflated(name: str) -> None:
    payloads = [bytes.fromhex(each) for each in EXAMPLES[name]]
    data = b"".join(sent(WHOLE, payload) for payload in payloads)
    assert every_way(data, deflation=AGREED).events == ["Hello"] * len(payloads)
    fragments = b"".join(sent(0x41, payload[:3]) + sent(0x80, payload[3:]) for payload in payloads)
    assert every_way(fragments, deflation=AGREED).events == ["Hello"] * len(payloads)


def test_an_empty_message_may_be_compressed() -> None:
    # RFC 7692 7.2.3.6
    assert every_way(sent(0xC1, b"\x00") + sent(0xC2, b"\x02\x00"), deflation=AGREED).events == ["", b""]


def test_messages_that_are_not_compressed_stand_between() -> None:
    data = sent(WHOLE, bytes.fromhex("f248cdc9c90700")) + text("plain") + sent(WHOLE, bytes.fromhex("f200110000"))
    assert every_way(data, deflation=AGREED).events == ["Hello", "plain", "Hello"]


def test_without_takeover_nothing_is_remembered() -> None:
    data = sent(WHOLE, bytes.fromhex("f248cdc9c90700"))
    deflation = Deflation(received_takeover=False)
    assert every_way(data + data, deflation=deflation).events == ["Hello", "Hello"]
    refuse(data + sent(WHOLE, bytes.fromhex("f200110000")), "no DEFLATE", deflation=deflation)


FAULTS = {
    "no deflate": (sent(WHOLE, b"\xff\xff\xff"), "no DEFLATE"),
    "too far back": (sent(WHOLE, bytes.fromhex("f200110000")), "no DEFLATE"),
    "a ping that is compressed": (sent(0xC9), "compressed (RFC 7692 6)"),
    "a continuation that says so, too": (sent(0x41, b"\xf2") + sent(0xC0, b"\x00"), "a continuation that says"),
    "another bit": (sent(0xE1, b"\x00"), "reserved bit"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_compressed_frame_that_breaks_a_rule_ends_it(name: str) -> None:
    data, why = FAULTS[name]
    refuse(data, why, deflation=AGREED)


def test_what_is_inflated_must_be_utf8_too() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = packer.compress(b"x" * 50 + b"\xff") + packer.flush(zlib.Z_SYNC_FLUSH)
    refuse(sent(WHOLE, payload[:-4]), "not UTF-8", 1007, deflation=AGREED)
    found = course([sent(0x41, payload), sent(0x80)], server(deflation=AGREED))
    assert found.closed is not None
    assert found.closed.code == 1007


def test_what_has_no_end_yet_takes_no_more_memory_than_was_sent() -> None:
    bomb = _bomb(15 << 20)
    assert len(bomb) < 20_000
    whole = sent(0xC2, bomb)
    socket, another = server(deflation=AGREED), server(deflation=AGREED)
    tracemalloc.start()
    try:
        assert course([sent(0x42, bomb)], socket).events == []
        assert course([whole[:-1]], another).events == []
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert course([sent(0x80)], socket).events == course([whole[-1:]], another).events == [bytes(15 << 20)]


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(bytes(size)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("first", [0xC2, 0x42])
def test_a_bomb_takes_no_more_than_the_limit(first: int) -> None:
    bomb = sent(first, _bomb(64 << 20)) + sent(0x80) * (first < 0x80)
    assert len(bomb) < 70_000
    socket = server(limits(message_size=1 << 20), AGREED)
    tracemalloc.start()
    try:
        socket.receive(bomb)
        closed = socket.next_event()
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(closed, Closed)
    assert (closed.code, closed.fault) == (1009, True)
    assert "websocket-message-size" in closed.reason


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_that_of_the_inflated_message(over: int) -> None:
    most = limits(message_size=5000)
    data = sent(0xC2, _bomb(5000 + over))
    found = every_way(data, most, AGREED)
    if over:
        assert found.closed is not None
        assert found.closed.code == 1009
    else:
        assert found.events == [bytes(5000)]


def test_a_message_that_does_not_shrink_may_be_as_large_as_the_limit() -> None:
    chance = random.Random(7)
    data = chance.randbytes(100_000)
    there = client(deflation=AGREED)
    there.send_binary(data)
    assert course([said(there)], server(limits(message_size=100_000), AGREED)).events == [data]


def test_a_message_that_never_ends_and_inflates_to_nothing_is_bounded() -> None:
    socket = server(limits(message_size=1000), AGREED)
    found = course([sent(0x42), *[sent(0x00, b"\x00\x00\x00\xff\xff" * 100)] * 10], socket)
    assert found.closed is not None
    assert found.closed.code == 1009


def test_final_blocks_are_counted() -> None:
    final = b"\x03\x00"
    assert course([sent(0xC2, final * MOST_ENDS + b"\x00")], server(deflation=AGREED)).events == [b""]
    refuse(sent(0xC2, final * (MOST_ENDS + 1) + b"\x00"), "too many final blocks", deflation=AGREED)
    again = course([sent(0xC2, final * MOST_ENDS + b"\x00")] * 3, server(deflation=AGREED))
    assert again.events == [b""] * 3


def test_what_follows_a_final_block_may_look_back_into_its_message() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(b"Hello, hello") + packer.flush(zlib.Z_FINISH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"Hello, hello")
    second = packer.compress(b"Hello, hello") + packer.flush(zlib.Z_SYNC_FLUSH)
    data = sent(WHOLE, first + second[:-4])
    assert every_way(data, deflation=AGREED).events == ["Hello, helloHello, hello"]


# What goes out


def test_what_is_small_goes_out_as_it_is() -> None:
    socket = server(deflation=AGREED, threshold=10)
    socket.send_text("x" * 9)
    assert said(socket) == frame(0x81, b"x" * 9)
    socket.send_text("x" * 10)
    assert said(socket)[0] == WHOLE
    socket = server(deflation=AGREED, threshold=0)
    socket.send_text("")
    assert said(socket) == b"\x81\x00"


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("takeover", [False, True])
@pytest.mark.parametrize("threshold", [1, 300])
def test_what_one_side_deflates_the_other_one_inflates(bits: int, takeover: bool, threshold: int) -> None:
    chance = random.Random(bits)
    deflation = Deflation(bits, 24 - bits, takeover, not takeover)
    here, there = server(deflation=deflation, threshold=threshold), client(deflation=deflation, threshold=threshold)
    for size in (0, 1, 100, 299, 300, 1000, 5000, 70_000):
        for words in (bytes(chance.choices(b"ab ", k=size)), chance.randbytes(size)):
            there.send_binary(words)
            here.receive(said(there))
            assert here.next_event() == words
            here.send_binary(words)
            there.receive(said(here))
            assert there.next_event() == words
    assert (here.phase, there.phase) == (Phase.OPEN, Phase.OPEN)


def test_with_takeover_what_comes_again_is_short() -> None:
    message = random.Random(1).randbytes(500)
    for takeover, longest in ((True, 30), (False, 520)):
        deflate = Deflate(Deflation(12, 12, takeover, takeover), 6, 1)
        deflate.compress(message)
        again = deflate.compress(message)
        assert again is not None
        assert len(again) < longest
        assert takeover or len(again) > 500
        assert zlib.decompressobj(-15, zdict=message).decompress(again + TAIL) == message


def test_what_rests_holds_no_compressor() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        sockets = [server(deflation=AGREED) for _ in range(100)]
        assert (tracemalloc.get_traced_memory()[0] - before) / 100 < 2000
    finally:
        tracemalloc.stop()
    assert len(sockets) == 100


def test_an_inflater_gives_no_more_than_there_is_room_for() -> None:
    for room in (0, 1, 999):
        with pytest.raises(Exception, match="websocket-message-size"):
            Inflater(15, True).inflate(_bomb(1000), room)
    assert Inflater(15, True).inflate(_bomb(1000), 1000) == bytes(1000)
