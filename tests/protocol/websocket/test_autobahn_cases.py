"""What the cases of the Autobahn testsuite send and want, by their numbers, without a network: an echo answers them."""

from __future__ import annotations

import pytest

from pellucid.protocol.websocket.deflate import Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed
from pellucid.protocol.websocket.frames import frame
from protocol.battery import cut
from protocol.websocket.framing import client, said, sent, server

pytestmark = pytest.mark.usefixtures("either_mask")

KOSME = bytes.fromhex("ceba e1bdb9 cf83 cebc ceb5")
"""The word of Markus Kuhn's test of UTF-8, on which the cases 6 are built."""

BYE = sent(0x88, b"\x03\xe8")
ANSWERED = frame(0x88, b"\x03\xe8")


def echo(pieces: list[bytes], socket: WebSocket) -> tuple[bytes, int]:
    """What an echo says, and the code that ended it, 0 for none."""
    words, code = b"", 0
    for piece in pieces:
        socket.receive(piece)
        while (event := socket.next_event()) is not None:
            if isinstance(event, str):
                socket.send_text(event)
            elif isinstance(event, bytes):
                socket.send_binary(event)
            elif isinstance(event, Closed):
                code = event.code
                socket.part()
            words += said(socket)
    return words, code


def both_ways(data: bytes) -> tuple[bytes, int]:
    """The same, whether the data come whole, in lumps or, unless they are many, octet by octet."""
    whole = echo([data], server())
    step = 1 if len(data) < 5000 else 997
    assert echo(cut(data, range(0, len(data), step)), server()) == whole
    return whole


# What is sent before BYE, and the frames that are wanted.
ECHOED: dict[str, tuple[bytes, list[bytes]]] = {
    **{
        f"1.{kind}, {size}": (sent(0x80 | kind, b"*" * size), [frame(0x80 | kind, b"*" * size)])
        for kind in (1, 2)
        for size in (0, 125, 126, 127, 128, 65535, 65536)
    },
    "2.1": (sent(0x89), [frame(0x8A, b"")]),
    "2.2": (sent(0x89, b"Hello, world!"), [frame(0x8A, b"Hello, world!")]),
    "2.3": (sent(0x89, b"\0\xff\xfe\xfd\xfc\xfb\0\xff"), [frame(0x8A, b"\0\xff\xfe\xfd\xfc\xfb\0\xff")]),
    "2.4 and 2.6": (sent(0x89, b"\xfe" * 125), [frame(0x8A, b"\xfe" * 125)]),
    "2.7": (sent(0x8A), []),
    "2.8": (sent(0x8A, b"unsolicited pong payload"), []),
    "2.9": (sent(0x8A, b"unsolicited") + sent(0x89, b"ping"), [frame(0x8A, b"ping")]),
    "2.10 and 2.11": (
        b"".join(sent(0x89, b"payload-%d" % number) for number in range(10)),
        [frame(0x8A, b"payload-%d" % number) for number in range(10)],
    ),
    "5.3 to 5.5": (sent(0x01, b"fragment1") + sent(0x80, b"fragment2"), [frame(0x81, b"fragment1fragment2")]),
    "5.6 to 5.8": (
        sent(0x01, b"fragment1") + sent(0x89, b"ping") + sent(0x80, b"fragment2"),
        [frame(0x8A, b"ping"), frame(0x81, b"fragment1fragment2")],
    ),
    "5.19 and 5.20": (
        sent(0x01, b"fragment1")
        + sent(0x00, b"fragment2")
        + sent(0x89, b"pongme 1!")
        + sent(0x00, b"fragment3")
        + sent(0x00, b"fragment4")
        + sent(0x89, b"pongme 2!")
        + sent(0x80, b"fragment5"),
        [
            frame(0x8A, b"pongme 1!"),
            frame(0x8A, b"pongme 2!"),
            frame(0x81, b"fragment1fragment2fragment3fragment4fragment5"),
        ],
    ),
    "6.1.1": (sent(0x81), [frame(0x81, b"")]),
    "6.1.2": (sent(0x01) + sent(0x00) + sent(0x80), [frame(0x81, b"")]),
    "6.1.3": (sent(0x01) + sent(0x00, b"middle frame payload") + sent(0x80), [frame(0x81, b"middle frame payload")]),
    "6.2.1": (sent(0x81, b"Hello-" + KOSME), [frame(0x81, b"Hello-" + KOSME)]),
    "6.2.3": (
        sent(0x01) + b"".join(sent(0x00, bytes((byte,))) for byte in KOSME) + sent(0x80),
        [frame(0x81, KOSME)],
    ),
    "10.1.1": (
        sent(0x01, b"*" * 1300) + sent(0x00, b"*" * 1300) * 49 + sent(0x80, b"*" * 536),
        [frame(0x81, b"*" * 65536)],
    ),
}


@pytest.mark.parametrize("case", ECHOED)
def test_what_is_right_is_echoed_and_closed_cleanly(case: str) -> None:
    data, wanted = ECHOED[case]
    words, code = both_ways(data + BYE)
    assert words == b"".join(wanted) + ANSWERED
    assert code == 1000


FAILED: dict[str, tuple[bytes, list[bytes]]] = {
    "2.5": (sent(0x89, b"\xfe" * 126), []),
    "3.1": (sent(0x91, b"*"), []),
    "3.2": (sent(0x81, b"*") + sent(0xA1, b"*") + sent(0x89), [frame(0x81, b"*")]),
    "3.3": (sent(0x81, b"*") + sent(0xB1, b"*") + sent(0x89), [frame(0x81, b"*")]),
    "3.4": (sent(0x81, b"*") + sent(0xC1, b"*") + sent(0x89), [frame(0x81, b"*")]),
    "3.5": (sent(0xD2, b"*"), []),
    "3.6": (sent(0xE9, b"*"), []),
    "3.7": (sent(0xF8, b"\x03\xe8"), []),
    **{f"4.1 and 4.2, {code}": (sent(0x80 | code), []) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "4.1.3": (sent(0x81, b"Hello") + sent(0x85) + sent(0x89), [frame(0x81, b"Hello")]),
    "5.1": (sent(0x09, b"fragment1") + sent(0x80, b"fragment2"), []),
    "5.2": (sent(0x0A, b"fragment1") + sent(0x80, b"fragment2"), []),
    "5.9 to 5.11": (sent(0x80, b"non-continuation") + sent(0x81, b"Hello"), []),
    "5.12 to 5.14": (sent(0x00, b"non-continuation") + sent(0x81, b"Hello"), []),
    "5.15": (
        sent(0x01, b"fragment1") + sent(0x80, b"fragment2") + sent(0x00, b"fragment3") + sent(0x81, b"fragment4"),
        [frame(0x81, b"fragment1fragment2")],
    ),
    "5.16": ((sent(0x00, b"fragment1") + sent(0x81, b"fragment2")) * 2, []),
    "5.17": ((sent(0x80, b"fragment1") + sent(0x81, b"fragment2")) * 2, []),
    "5.18": (sent(0x01, b"fragment1") + sent(0x81, b"fragment2"), []),
    "7.3.2": (sent(0x88, b"a"), []),
    "7.3.6": (sent(0x88, b"\x03\xe8" + b"*" * 124), []),
    **{
        f"7.9 and 7.13, {code}": (sent(0x88, code.to_bytes(2, "big")), [])
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("case", FAILED)
def test_what_is_wrong_ends_it_with_1002(case: str) -> None:
    data, wanted = FAILED[case]
    words, code = both_ways(data + BYE)
    assert words.startswith(b"".join(wanted) + b"\x88")
    assert words[len(b"".join(wanted)) + 2 :].startswith(b"\x03\xea")
    assert code == 1002


CLOSED: dict[str, tuple[bytes, bytes]] = {
    "7.1.1": (sent(0x81, b"Hello") + BYE, frame(0x81, b"Hello") + ANSWERED),
    "7.1.2": (BYE + BYE, ANSWERED),
    "7.1.3": (BYE + sent(0x89), ANSWERED),
    "7.1.4": (BYE + sent(0x81, b"Hello"), ANSWERED),
    "7.1.5": (sent(0x01, b"fragment1") + BYE + sent(0x80, b"fragment2"), ANSWERED),
    "7.1.6": (
        sent(0x81, b"*" * (256 << 10)) + sent(0x81, b"Hello") + BYE + sent(0x89),
        frame(0x81, b"*" * (256 << 10)) + frame(0x81, b"Hello") + ANSWERED,
    ),
    "7.3.1": (sent(0x88), frame(0x88, b"")),
    "7.3.3": (BYE, ANSWERED),
    "7.3.4": (sent(0x88, b"\x03\xe8Hello World!"), frame(0x88, b"\x03\xe8Hello World!")),
    "7.3.5": (sent(0x88, b"\x03\xe8" + b"*" * 123), frame(0x88, b"\x03\xe8" + b"*" * 123)),
    **{
        f"7.7, {code}": (sent(0x88, code.to_bytes(2, "big")), frame(0x88, code.to_bytes(2, "big")))
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
}


@pytest.mark.parametrize("case", CLOSED)
def test_a_close_is_answered_and_nothing_behind_it(case: str) -> None:
    data, wanted = CLOSED[case]
    assert both_ways(data)[0] == wanted


RIGHT = {
    **{f"6.6.{end}": KOSME[:end] for end in (2, 5, 7, 9, 11)},
    **{f"6.7, {text}": bytes.fromhex(text) for text in ("00", "c280", "e0a080", "f0908080")},
    **{f"6.9, {text}": bytes.fromhex(text) for text in ("7f", "dfbf", "efbfbf", "f48fbfbf")},
    **{f"6.11, {text}": bytes.fromhex(text) for text in ("ed9fbf", "ee8080", "efbfbd", "f48fbfbf")},
    **{f"6.22, {plane}": chr((plane << 16) + last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)},
    **{f"6.23, {code:x}": chr(code).encode() for code in range(0xFFF9, 0xFFFE)},
}

WRONG = {
    "6.3.1": KOSME + b"\xed\xa0\x80edited",
    **{f"6.6.{end}": KOSME[:end] for end in (1, 3, 4, 6, 8, 10)},
    **{f"6.8, {text}": bytes.fromhex(text) for text in ("f888808080", "fc8480808080")},
    **{f"6.10, {text}": bytes.fromhex(text) for text in ("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf")},
    "6.11.5": b"\xf4\x90\x80\x80",
    **{f"6.12, {count}": (b"\x80\xbf" * 4)[:count] for count in range(1, 8)},
    "6.12.8": bytes(range(0x80, 0xC0)),
    **{f"6.13, {start:x}": b"%c " % start for start in (0xC0, 0xDF, 0xE0, 0xEF, 0xF0, 0xF7, 0xF8, 0xFB, 0xFC, 0xFD)},
    **{f"6.14, {text}": bytes.fromhex(text) for text in ("c0", "e080", "f08080", "f8808080", "fc80808080", "df")},
    **{f"6.14, {text}": bytes.fromhex(text) for text in ("efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf")},
    "6.15.1": bytes.fromhex("c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"),
    **{f"6.16, {text}": bytes.fromhex(text) for text in ("fe", "ff", "fefeffff")},
    **{f"6.17, {text}": bytes.fromhex(text) for text in ("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af")},
    **{f"6.18, {text}": bytes.fromhex(text) for text in ("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf")},
    **{f"6.19, {text}": bytes.fromhex(text) for text in ("c080", "e08080", "f0808080", "f880808080", "fc8080808080")},
    **{f"6.20, {text}": bytes.fromhex(text) for text in ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80")},
    **{f"6.21, {text}": bytes.fromhex(text) for text in ("eda080edb080", "edafbfedbfbf", "edadbfedb080")},
}


@pytest.mark.parametrize("case", RIGHT)
def test_text_that_is_utf8_is_echoed(case: str) -> None:
    payload = RIGHT[case]
    assert both_ways(sent(0x81, payload) + BYE) == (frame(0x81, payload) + ANSWERED, 1000)


@pytest.mark.parametrize("case", WRONG)
def test_text_that_is_not_utf8_ends_it_with_1007(case: str) -> None:
    payload = WRONG[case]
    fragments = [sent(0x01), *[sent(0x00, bytes((byte,))) for byte in payload], sent(0x80)]
    for data in (sent(0x81, payload), b"".join(fragments)):
        words, code = both_ways(data + BYE)
        assert code == 1007
        assert words[2:4] == b"\x03\xef"


# 12 and 13: what was compressed comes back, with each agreement that the cases ask for.
AGREEMENTS = {
    "12 and 13.1": Deflation(15, 15),
    "13.2": Deflation(15, 15, sent_takeover=False),
    "13.3": Deflation(9, 15),
    "13.5": Deflation(9, 15, sent_takeover=False),
    "both without takeover": Deflation(15, 15, False, False),
}


@pytest.mark.parametrize("case", AGREEMENTS)
@pytest.mark.parametrize("size", [16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072])
def test_compressed_messages_are_echoed(case: str, size: int) -> None:
    there, here = client(deflation=AGREEMENTS[case]), server(deflation=AGREEMENTS[case])
    message = ('{"id": 17, "text": "κόσμε", "tags": ["a", "b"]}, ' * (size // 40 + 1))[:size]
    for _ in range(5):
        there.send_text(message)
        words, _ = echo(cut(said(there), range(0, 2 * size, 997)), here)
        there.receive(words)
        assert there.next_event() == message
        assert there.next_event() is None
