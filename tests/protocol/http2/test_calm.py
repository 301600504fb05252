"""Floods: each of them ends in ENHANCE_YOUR_CALM with the name of the limit, and what honest peers do never does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pellucid.message import Headers, Refused, Request, Reset, Response
from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.calm import AT_ONCE, Bucket
from pellucid.protocol.http2.codes import ENHANCE_YOUR_CALM, ConnectionFault
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.hpack import BOMB
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.http2.frameplay import HELLO, ask, block, http2, said, spell, take_apart

MANY = 20_000


def test_a_bucket_takes_so_many_at_once_and_so_many_a_second() -> None:
    bucket = Bucket("some-limit", 5)
    for _ in range(5 * AT_ONCE):
        bucket.spend(0.0)
    for _ in range(5):
        bucket.spend(1.0)
    with pytest.raises(ConnectionFault, match="some-limit: more than 5 per second, or 50 at once") as fault:
        bucket.spend(1.0)
    assert fault.value.code == ENHANCE_YOUR_CALM


def test_a_bucket_holds_no_more_after_a_long_rest() -> None:
    bucket = Bucket("some-limit", 1)
    for _ in range(AT_ONCE):
        bucket.spend(1_000_000.0)
    with pytest.raises(ConnectionFault):
        bucket.spend(1_000_000.0)


def test_what_was_called_for_fills_a_bucket() -> None:
    bucket = Bucket("some-limit", 1)
    for earned in range(1000):
        bucket.spend(0.0, earned)


def test_a_rate_of_nothing_is_no_limit() -> None:
    bucket = Bucket("some-limit", 0)
    for _ in range(1000):
        bucket.spend(0.0)


# Each flood is a row of bytes without an end; behind it, the app of a server that answers what it is asked.

SMALL_REQUEST = {":method": "GET", ":scheme": "http", ":authority": "h", ":path": "/"}


def streams() -> Iterator[int]:
    return iter(range(1, 1 << 30, 2))


def rapid_reset() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream) + spell(f"RST_STREAM {stream} CANCEL")


def reset_when_told() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream)
        yield spell(f"RST_STREAM {stream} CANCEL")


def made_you_reset_by_window() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream) + spell(f"WINDOW_UPDATE {stream} 0")


def made_you_reset_by_overflow() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream) + spell(f"WINDOW_UPDATE {stream} 2147483647")


def made_you_reset_by_data() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream) + spell(f"DATA {stream} x")


def made_you_reset_by_headers() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream, end=False) + spell(f"HEADERS {stream} END_HEADERS x-again=1")


def made_you_reset_by_priority() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream) + spell(f"PRIORITY {stream} raw=abcd")


def malformed() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream, UPPER="no")


def too_many_streams() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream, end=False)


def continuation() -> Iterator[bytes]:
    yield spell("HEADERS 1 END_STREAM :method=GET")
    while True:
        yield spell("CONTINUATION 1 x-more=" + "y" * 100)


def continuation_of_nothing() -> Iterator[bytes]:
    yield spell("HEADERS 1 END_STREAM :method=GET")
    while True:
        yield spell("CONTINUATION 1")


def continuation_of_much() -> Iterator[bytes]:
    yield spell("HEADERS 1 END_STREAM :method=GET")
    while True:
        yield spell("CONTINUATION 1 x-more=" + "{" * 12000)


def repeated(line: str) -> Iterator[bytes]:
    while True:
        yield spell(line)


def many_settings() -> Iterator[bytes]:
    yield spell("SETTINGS " + " ".join(["4=5"] * 1000))


def empty_data() -> Iterator[bytes]:
    yield ask(1, end=False)
    yield from repeated("DATA 1")


def padded_data() -> Iterator[bytes]:
    yield ask(1, end=False)
    yield from repeated("DATA 1 PADDED=0")


def single_bytes() -> Iterator[bytes]:
    yield ask(1, end=False)
    yield from repeated("DATA 1 x")


def window_by_bytes() -> Iterator[bytes]:
    yield ask(1)
    yield from repeated("WINDOW_UPDATE 1 1")


def large_heads() -> Iterator[bytes]:
    for stream in streams():
        yield ask(stream, x_large="{" * 40000)


def bomb() -> Iterator[bytes]:
    inserted = b"\x40\x01x\x7f" + bytes([0x80 | (3000 - 127) & 0x7F, (3000 - 127) >> 7]) + b"y" * 3000
    yield frames.headers_frames(1, block(SMALL_REQUEST) + inserted + b"\xbe" * 10000, frames.END_STREAM)


def dribble() -> Iterator[bytes]:
    yield spell("SETTINGS 4=1")
    yield ask(1, "/endless")
    yield from repeated("WINDOW_UPDATE 1 1")


FLOODS = [
    (rapid_reset, "h2-resets"),  # CVE-2023-44487
    (reset_when_told, "h2-resets"),
    (made_you_reset_by_window, "h2-faults"),  # CVE-2025-8671
    (made_you_reset_by_overflow, "h2-faults"),
    (made_you_reset_by_data, "h2-faults"),
    (made_you_reset_by_headers, "h2-faults"),
    (made_you_reset_by_priority, "h2-faults"),
    (malformed, "h2-faults"),  # CVE-2019-9516
    (too_many_streams, "h2-resets"),
    (continuation, "head-size"),  # CVE-2024-27316
    (continuation_of_nothing, "head-size"),
    (continuation_of_much, "head-size"),
    (lambda: repeated("PING 01234567"), "h2-pings"),  # CVE-2019-9512
    (lambda: repeated("PING ACK 01234567"), "h2-pings"),
    (lambda: repeated("SETTINGS"), "h2-settings"),  # CVE-2019-9515
    (lambda: repeated("SETTINGS ACK"), "h2-settings"),
    (many_settings, "h2-settings"),
    (lambda: repeated("PRIORITY 1 0"), "h2-priorities"),  # CVE-2019-9513
    (lambda: repeated("PRIORITY_UPDATE 1 u=1"), "h2-priorities"),
    (empty_data, "h2-empties"),  # CVE-2019-9518
    (padded_data, "h2-empties"),
    (single_bytes, "h2-small-data"),
    (lambda: repeated("WINDOW_UPDATE 0 1"), "h2-windows"),
    (dribble, "h2-dribbles"),  # CVE-2019-9511
    (window_by_bytes, "h2-windows"),
    (lambda: repeated("FRAME 99 0 x"), "h2-others"),
    (lambda: repeated("GOAWAY raw=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"), "h2-others"),
    (large_heads, "h2-large-heads"),
    (bomb, "head-size"),
]


class Server:
    """Answers what it is asked, and reads what it can."""

    def __init__(self, own: Http2Limits | None = None) -> None:
        self.engine, self.clock = http2(Limits(), own)
        self.engine.receive(HELLO)
        self.endless: set[int] = set()
        self.requests = 0
        self.refused = ""

    def turn(self) -> bytes:
        engine = self.engine
        while (item := engine.next_event()) is not None:
            stream, event = item
            if isinstance(event, Refused) and not stream:
                self.refused = event.why
            elif isinstance(event, Request):
                self.requests += 1
                self._begin(stream, event)
            elif isinstance(event, Refused):
                engine.send_response(stream, Response(event.status), b"")
            elif isinstance(event, Reset):
                self.endless.discard(stream)
        for stream in self.endless:
            while not engine.finished and (room := engine.room(stream)) > 0:
                engine.send_data(stream, b"." * min(room, 1000))
        return said(engine)

    def _begin(self, stream: int, request: Request) -> None:
        engine = self.engine
        if not request.complete:
            engine.credit(stream, 1 << 20)
        elif request.path == b"/endless":
            engine.send_response(stream, Response(200), None)
            self.endless.add(stream)


@pytest.mark.parametrize(("flood", "limit"), FLOODS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_flood_ends_in_enhance_your_calm_with_the_name_of_its_limit(flood: object, limit: str) -> None:
    server = Server()
    assert callable(flood)
    output = b""
    for count, data in enumerate(flood()):
        assert count < MANY, "it goes on"
        server.engine.receive(data)
        output += server.turn()
        if server.engine.finished:
            break
    output += server.turn()
    assert server.engine.finished
    assert server.refused.startswith(f"ENHANCE_YOUR_CALM: {limit}"), server.refused
    kind, _, _, payload = take_apart(output)[-1]
    assert kind == frames.GOAWAY
    assert int.from_bytes(payload[4:8], "big") == ENHANCE_YOUR_CALM
    assert payload[8:].decode().startswith(limit)


@pytest.mark.parametrize(("flood", "limit"), FLOODS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_flood_that_is_read_at_once_is_no_better(flood: object, limit: str) -> None:
    server = Server()
    assert callable(flood)
    data = b""
    for part in flood():
        data += part
        if len(data) > 200_000:
            break
    server.engine.receive(data)
    output = server.turn()
    if limit not in ("h2-dribbles", "h2-large-heads", "h2-small-data"):  # their work is bounded by what is read at once
        assert server.engine.finished
    assert len(output) < 100_000
    assert server.requests <= 100


def honest_cancels(server: Server) -> Iterator[bytes]:
    for page in range(10):
        numbers = range(1 + 200 * page, 1 + 200 * page + 200, 2)
        yield b"".join(ask(stream, "/endless") for stream in numbers)
        yield b"".join(spell(f"RST_STREAM {stream} CANCEL") for stream in numbers)
        server.clock[0] += 3


def honest_pings(server: Server) -> Iterator[bytes]:
    for _ in range(10_000):
        yield spell("PING 01234567")
        server.clock[0] += 0.05


def pings_with_data(server: Server) -> Iterator[bytes]:
    yield ask(1, "/endless")
    for _ in range(5_000):
        yield spell("PING 01234567") + spell("WINDOW_UPDATE 1 1000") + spell("WINDOW_UPDATE 0 1000")


def honest_upload(server: Server) -> Iterator[bytes]:
    yield ask(1, end=False)
    for _ in range(2_000):
        yield spell("DATA 1 " + "x" * 1000)


def honest_requests(server: Server) -> Iterator[bytes]:
    for stream in range(1, 20_001, 2):
        yield ask(stream, "/quick") + spell("WINDOW_UPDATE 0 2")


def honest_downloads(server: Server) -> Iterator[bytes]:
    for stream in range(1, 10_001, 2):
        parts = [spell(f"WINDOW_UPDATE {number} 15000") for _ in range(4) for number in (0, stream)]
        yield ask(stream, "/sixty") + b"".join(parts)


HONEST = [honest_downloads, honest_cancels, honest_pings, pings_with_data, honest_upload, honest_requests]


@pytest.mark.parametrize("peer", HONEST, ids=lambda each: str(each.__name__))
def test_an_honest_peer_never_meets_a_limit(peer: object) -> None:
    server = Server()
    assert callable(peer)
    for data in peer(server):
        server.engine.receive(data)
        while (item := server.engine.next_event()) is not None:
            stream, event = item
            assert not isinstance(event, Refused), event.why
            if isinstance(event, Request) and event.path == b"/quick":
                server.engine.send_response(stream, Response(200), b"ok")
            elif isinstance(event, Request) and event.path == b"/sixty":
                server.engine.send_response(stream, Response(200), bytes(60_000))
            elif isinstance(event, Request):
                server._begin(stream, event)
            elif not isinstance(event, Reset):
                server.engine.credit(stream, 1000)
            else:
                server.endless.discard(stream)
        server.turn()
    assert not server.engine.finished


def test_a_head_of_little_more_than_its_size_is_answered() -> None:
    engine, _ = http2()
    engine.receive(HELLO + ask(1, x_large="{" * 40000) + ask(3))
    stream, event = engine.next_event() or (0, None)
    assert stream == 1
    assert isinstance(event, Refused)
    assert (event.status, event.line) == (431, b"GET / HTTP/2.0")
    assert "head-size" in event.why
    stream, event = engine.next_event() or (0, None)
    assert isinstance(event, Request)


def test_a_head_of_more_than_several_times_its_size_ends_the_connection() -> None:
    engine, _ = http2(Limits(head_size=1000))
    engine.receive(HELLO + ask(1, x_large="{" * (1000 * BOMB)))
    stream, event = engine.next_event() or (1, None)
    assert (stream, isinstance(event, Refused)) == (0, True)


def test_limits_of_nothing_are_none() -> None:
    engine, _ = http2(Limits(head_size=0, field_count=0), Http2Limits(h2_streams=0, h2_resets=0, h2_pings=0))
    engine.receive(HELLO + b"".join(spell("PING 01234567") for _ in range(2000)))
    engine.receive(b"".join(ask(stream, x_large="{" * 20000) for stream in range(1, 2000, 2)))
    assert sum(1 for _ in iter(engine.next_event, None)) == 1000
    settings = take_apart(said(engine))[0][3]
    assert b"\x00\x03" not in settings[:6]
    assert not engine.finished


def test_who_gives_streams_up_may_begin_as_many_others_at_once_and_no_more() -> None:
    server = Server(Http2Limits(h2_streams=3))
    engine: Http2 = server.engine
    begun = [1, 3, 5]
    engine.receive(b"".join(ask(stream, "/endless") for stream in begun))
    server.turn()
    for _ in range(20):
        engine.receive(b"".join(spell(f"RST_STREAM {stream} CANCEL") for stream in begun))
        begun = [stream + 6 for stream in begun]
        engine.receive(b"".join(ask(stream) for stream in begun))
        assert said(engine) == b""
    engine.receive(ask(begun[-1] + 2))
    assert [frame[0] for frame in take_apart(said(engine))] == [frames.RST_STREAM]
    events = [event for _, event in iter(engine.next_event, None)]
    assert [type(event) for event in events] == [Reset] * 3 + [Request] * 3


def test_headers_of_the_answers_are_the_same_for_all_that() -> None:
    server = Server()
    for stream in range(1, 200, 2):
        server.engine.receive(ask(stream, "/quick"))
        server.engine.next_event()
        server.engine.send_response(stream, Response(200, Headers()), b"ok")
    assert len(take_apart(said(server.engine))) > 200
