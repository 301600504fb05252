"""Event streams: each event goes out at once, slow readers are let go, and every stream has an end."""

import gc
import weakref

import pytest
from conversing import Client, Later, Stage, request

from eventsource import EventSource, Told
from pellucid.errors import WrongAnswer
from pellucid.message import END, End, Headers
from pellucid.semantics.eventstream import spell_event
from pellucid.server.events import BACK, BACKLOG, HEARTBEAT, EventHub, EventStream

GET = request(Accept="text/event-stream")


class Reader:
    """Reads an answer over HTTP/1.1 as it comes: its head, and then events."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.source = EventSource()
        self.head = b""
        self.whole = False
        self._rest = b""

    def read(self) -> list[Told]:
        """What has come since the last time."""
        before = len(self.source.events)
        self._rest += self.client.talk()
        if not self.head:
            self.head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        while b"\r\n" in self._rest:
            size, _, rest = self._rest.partition(b"\r\n")
            count = int(size, 16)
            if len(rest) < count + 2:
                break
            self.whole = self.whole or count == 0
            self.source.feed(rest[:count])
            self._rest = rest[count + 2 :]
        return self.source.events[before:]


def asking(stage: Stage, asked: bytes = GET, holds: int = 65536) -> Reader:
    """Who has asked, and read what came at once."""
    reader = Reader(stage.client(holds=holds))
    reader.client.send(asked)
    reader.read()
    return reader


def opened(**settings: object) -> tuple[Stage, Reader, EventStream]:
    """A stream and who reads it."""
    later = Later()
    stage = Stage(later)
    reader = asking(stage)
    stream = EventStream(later.last, **settings)  # type: ignore[arg-type]  # as its constructor has them
    reader.read()
    return stage, reader, stream


def test_the_head_goes_out_before_there_is_an_event_and_keeps_caches_and_proxies_out() -> None:
    _, reader, _ = opened()
    assert reader.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-type: text/event-stream\r\n" in reader.head
    assert b"\r\ncache-control: no-store\r\n" in reader.head
    assert b"\r\nx-accel-buffering: no\r\n" in reader.head
    assert b"content-length" not in reader.head


def test_fields_of_ones_own_are_said_too() -> None:
    _, reader, _ = opened(headers=Headers([(b"access-control-allow-origin", b"*")]))
    assert b"\r\naccess-control-allow-origin: *" in reader.head
    assert b"\r\ncache-control: no-store" in reader.head


def test_each_event_goes_out_at_once() -> None:
    _, reader, stream = opened()
    assert stream.send("one", id="1")
    assert reader.read() == [Told("one", "message", "1")]
    assert stream.send("two\nlines", event="chat")
    assert reader.read() == [Told("two\nlines", "chat", "1")]
    assert stream.comment("nobody looks")
    assert reader.read() == []
    assert reader.source.comments == ["nobody looks"]


def test_what_cannot_be_told_is_wrong_and_harms_no_stream() -> None:
    _, reader, stream = opened()
    with pytest.raises(WrongAnswer):
        stream.send("x", event="a\nb")
    stream.send("after")
    assert reader.read() == [Told("after")]


def test_a_client_that_comes_back_says_what_it_has_seen() -> None:
    seen: list[str] = []
    stage = Stage(lambda exchange: seen.append(EventStream(exchange).last_id))
    asking(stage)
    asking(stage, request(Last_Event_ID="41"))
    assert seen == ["", "41"]


def test_the_time_to_come_back_is_told_first() -> None:
    _, reader, _ = opened(retry=200)
    assert reader.source.retry == 200


def test_an_end_comes_behind_what_waits_and_the_connection_is_used_again() -> None:
    _, reader, stream = opened()
    stream.send("the last")
    stream.end()
    assert not stream.open
    stream.end()
    assert not stream.send("nobody")
    assert reader.read() == [Told("the last")]
    assert reader.whole
    assert not reader.client.ended


# Heartbeats


def test_a_stream_that_rests_gives_a_sign_of_life() -> None:
    stage, reader, stream = opened()
    stage.wait(HEARTBEAT - 0.1)
    assert reader.read() == []
    assert reader.source.comments == []
    stage.wait(0.1)
    reader.read()
    assert reader.source.comments == [""]
    stage.wait(HEARTBEAT)
    reader.read()
    assert reader.source.comments == ["", ""]
    assert stream.open


def test_an_event_puts_the_next_sign_of_life_off_without_another_timer() -> None:
    stage, reader, stream = opened()
    timers = stage.timers
    for _ in range(5):
        stage.wait(HEARTBEAT / 2)
        stream.send("busy")
        reader.read()
        assert stage.timers == timers
    assert reader.source.comments == []
    stage.wait(HEARTBEAT)
    reader.read()
    assert reader.source.comments == [""]


def test_without_a_heartbeat_there_is_no_timer() -> None:
    with_one, _, _ = opened()
    without, reader, _ = opened(heartbeat=0)
    assert without.timers == with_one.timers - 1
    without.wait(10 * HEARTBEAT)
    reader.read()
    assert reader.source.comments == []


# Slow readers


def stuck(stage: Stage, later: Later) -> tuple[Client, EventStream]:
    """A client that takes nothing more, with its connection full."""
    client = stage.client(holds=1024)
    client.talk(GET)
    stream = EventStream(later.last)
    stage.settle()
    while not stream.held:
        stream.send("x" * 65_000)
        stage.settle()
    return client, stream


def test_a_reader_that_falls_behind_is_let_go_with_nothing_left_in_memory() -> None:
    later = Later()
    stage = Stage(later)
    _, stream = stuck(stage, later)
    given = 0
    while stream.send("x" * 1000):
        given += 1
        stage.wait(0.01)
        assert given < 100
        assert stream.held < BACKLOG + 70_000
    assert not stream.open
    assert stream.held == 0
    assert "fell behind" in later.last.why
    assert not stream.send("x")
    assert [level for level, text in stage.notes if "fell behind" in text] == ["info"]


def test_one_that_reads_again_gets_whole_events_and_then_the_end_and_comes_back() -> None:
    later = Later()
    stage = Stage(later)
    reader = Reader(stage.client(holds=1024))
    reader.client.link.send([GET])
    stage.settle()
    stream = EventStream(later.last)
    number = 0
    while stream.send("x" * 50_000, id=str(number)):
        number += 1
        stage.wait(0.01)
    reader.read()
    assert reader.whole
    assert [each.last_id for each in reader.source.events] == [str(each) for each in range(len(reader.source.events))]
    assert 0 < len(reader.source.events) < number
    assert reader.source.last_id == str(len(reader.source.events) - 1)


def test_what_one_round_brings_is_sent_however_much_it_is() -> None:
    _, reader, stream = opened()
    events = [spell_event("x" * 1000, id=str(number)) for number in range(300)]
    assert all(stream.put(event) for event in events)
    assert len(reader.read()) == 300
    assert stream.open


def test_one_that_is_stuck_is_cut_in_the_end() -> None:
    later = Later()
    stage = Stage(later)
    client, stream = stuck(stage, later)
    closed: list[bool] = []
    stream.on_close = lambda: closed.append(True)
    stage.wait(61)
    assert closed == [True]
    assert client.broken
    assert not stage.open_connections


def test_a_large_event_passes_through_the_smallest_room() -> None:
    later = Later()
    _, stream = stuck(Stage(later), later)
    stream.send("y" * 100_000)
    stream.send("z")
    got = b""
    while piece := stream.pull(777):
        assert isinstance(piece, bytes)
        assert len(piece) <= 777
        got += piece
    source = EventSource()
    assert [each.data[:1] for each in source.feed(got)] == ["x", "y", "z"]
    assert stream.held == 0


# Ends


def test_when_the_server_stops_streams_end_and_their_clients_do_not_come_back_all_at_once() -> None:
    times = set()
    for _ in range(8):
        stage, reader, stream = opened()
        stream.send("before")
        stage.server.stop(10)
        stage.settle()
        assert reader.read() == [Told("before")]
        assert reader.whole
        assert reader.source.retry is not None
        assert BACK[0] <= reader.source.retry <= BACK[1]
        assert not stream.open
        assert not stage.open_connections
        times.add(reader.source.retry)
    assert len(times) > 1


def test_a_time_to_come_back_that_the_app_has_said_stands() -> None:
    stage, reader, _ = opened(retry=77)
    stage.server.stop(10)
    reader.read()
    assert reader.source.retry == 77
    assert reader.whole


def test_a_stream_that_begins_while_the_server_stops_ends_behind_what_was_missed() -> None:
    later = Later()
    stage = Stage(later)
    client = stage.client()
    client.talk(GET)
    stage.server.stop(10)
    stage.settle()
    stream = EventStream(later.last)
    stream.send("missed")
    stage.settle()
    got = client.talk()
    assert b"data: missed\n\n" in got
    assert b"retry: " in got.partition(b"missed")[2]
    assert not stream.open
    assert client.ended


def test_a_client_that_ends_its_side_is_let_go_at_once() -> None:
    stage, reader, stream = opened()
    closed: list[bool] = []
    stream.on_close = lambda: closed.append(True)
    reader.client.link.finish()
    stage.settle()
    assert closed == [True]
    assert not stream.open
    assert not stage.open_connections


def test_a_client_that_vanishes_is_let_go_at_once_and_leaves_nothing_behind() -> None:
    stage, reader, stream = opened()
    closed: list[bool] = []
    stream.on_close = lambda: closed.append(True)
    reader.client.link.abort()
    stage.settle()
    assert closed == [True]
    assert not stream.send("nobody")
    assert stage.timers == 0


def test_who_asks_for_the_head_alone_gets_it_and_the_stream_is_over() -> None:
    closed: list[bool] = []
    streams: list[EventStream] = []

    def app(exchange) -> None:  # type: ignore[no-untyped-def]  # an Exchange
        streams.append(EventStream(exchange))
        streams[-1].on_close = lambda: closed.append(True)

    stage = Stage(app)
    answer = stage.client().talk(request("HEAD"))
    assert b"text/event-stream" in answer
    assert closed == [True]
    assert not streams[0].open


def test_a_client_that_was_gone_before_is_told_of_too() -> None:
    later = Later()
    stage = Stage(later)
    client = stage.client()
    client.talk(GET)
    client.link.abort()
    stage.settle()
    assert later.last.gone
    stream = EventStream(later.last)
    closed: list[bool] = []
    stream.on_close = lambda: closed.append(True)
    assert not stream.send("nobody")
    stage.wait(0)
    assert closed == [True]


def test_an_end_leaves_nothing_for_the_collector_of_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        stage, reader, stream = opened()
        ended = weakref.ref(stream)
        stream.end()
        reader.read()
        del stream
        assert ended() is None
        assert stage.open_connections
    finally:
        gc.enable()


# Many


def joined(count: int) -> tuple[Stage, EventHub, list[Reader], list[EventStream]]:
    hub = EventHub()
    streams: list[EventStream] = []

    def app(exchange) -> None:  # type: ignore[no-untyped-def]  # an Exchange
        streams.append(EventStream(exchange))
        hub.join(streams[-1])

    stage = Stage(app)
    return stage, hub, [asking(stage) for _ in range(count)], streams


def test_an_event_to_all_is_spelled_once_and_waits_once() -> None:
    stage, hub, readers, streams = joined(5)
    waiting: list[bytes] = []

    def send() -> None:
        assert hub.send("hello", id="1") == 5
        waiting.extend(stream._waiting[0] for stream in streams)

    stage.reactor.soon(send)
    stage.settle()
    assert all(each is waiting[0] for each in waiting)
    assert [reader.read() for reader in readers] == [[Told("hello", "message", "1")]] * 5


def test_a_stream_is_pulled_once_for_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, reader, stream = opened()
    pulled: list[object] = []
    pull = EventStream.pull

    def watched(stream: EventStream, limit: int) -> bytes | End | None:
        pulled.append(pull(stream, limit))
        return pulled[-1]  # type: ignore[return-value]  # what was appended

    monkeypatch.setattr(EventStream, "pull", watched)

    def send() -> None:
        assert stream.send("two")
        assert stream.send("events")

    stage.reactor.soon(send)
    stage.settle()
    assert [type(piece) for piece in pulled] == [bytes]
    assert [each.data for each in reader.read()] == ["two", "events"]
    stream.end()
    stage.settle()
    assert pulled[1:] == [END]


def test_streams_that_end_leave_by_themselves() -> None:
    stage, hub, readers, streams = joined(4)
    streams[0].end()
    readers[0].read()
    readers[1].client.link.abort()
    hub.leave(streams[2])
    stage.settle()
    streams.clear()
    assert len(hub) == 1
    assert hub.send("who is left?") == 1
    assert readers[3].read() == [Told("who is left?")]
    hub.end()
    readers[3].read()
    assert readers[3].whole
    assert len(hub) == 0


def test_one_that_is_told_of_an_end_may_join_and_leave_meanwhile() -> None:
    stage, hub, readers, streams = joined(3)
    streams[0].on_close = lambda: hub.leave(streams[1])
    readers[0].client.link.abort()
    stage.settle()
    assert hub.send("x") == 1
