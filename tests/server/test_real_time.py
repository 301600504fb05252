"""Event streams and parked requests over HTTP/2: many on one connection, and each comes to its own end."""

from __future__ import annotations

from conversing import Stage
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded

from eventsource import told
from pellucid.message import Response
from pellucid.server.events import EventHub, EventStream
from pellucid.server.exchange import Exchange
from pellucid.server.parking import Parking

WINDOW = 65535
GOAWAY = 7


class Browser:
    """The other end of one connection, with as many requests as it likes. It gives no room back by itself."""

    def __init__(self, stage: Stage) -> None:
        self.client = stage.client()
        self.machine = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.machine.initiate_connection()
        self.machine.increment_flow_control_window(1 << 24)  # of the connection: the streams' own are what counts here
        self.bodies: dict[int, bytes] = {}
        self.statuses: dict[int, int] = {}
        self.ended: set[int] = set()
        self.talk()

    def ask(self, path: str) -> int:
        stream = self.machine.get_next_available_stream_id()
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", "x"), (":path", path)]
        self.machine.send_headers(stream, fields, end_stream=True)
        self.bodies[stream] = b""
        self.talk()
        return stream

    def talk(self) -> None:
        """Send what is to be sent, and take what comes."""
        came = self.client.talk(self.machine.data_to_send())
        while came:
            size = 9 + int.from_bytes(came[:3], "big")
            frame, came = came[:size], came[size:]
            if frame[3] != GOAWAY:  # behind which the package would hear nothing more
                for event in self.machine.receive_data(frame):
                    self._note(event)

    def _note(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            assert event.stream_id is not None
            fields = {str(name): str(value) for name, value in event.headers or ()}
            self.statuses[event.stream_id] = int(fields[":status"])
        elif isinstance(event, DataReceived):
            assert event.stream_id is not None
            self.bodies[event.stream_id] += event.data or b""
        elif isinstance(event, StreamEnded):
            assert event.stream_id is not None
            self.ended.add(event.stream_id)


class News:
    """An app with both, and all that it holds open."""

    def __init__(self) -> None:
        self.hub = EventHub()
        self.streams: list[EventStream] = []
        self.parking = Parking(lambda exchange: exchange.respond(Response(204)))
        self.stage = Stage(self._ask)

    def _ask(self, exchange: Exchange) -> None:
        if exchange.request.path == b"/events":
            self.streams.append(EventStream(exchange))
            self.hub.join(self.streams[-1])
        else:
            self.parking.park(exchange)


def test_many_streams_and_polls_share_one_connection() -> None:
    news = News()
    browser = Browser(news.stage)
    streams = [browser.ask("/events") for _ in range(10)]
    polls = [browser.ask("/poll") for _ in range(10)]
    assert news.stage.open_connections == 1
    assert len(news.parking) == 10
    assert news.hub.send("hello", id="1") == 10
    assert news.parking.wake() == 10
    browser.talk()
    assert [[each.data for each in told(browser.bodies[stream])] for stream in streams] == [["hello"]] * 10
    assert {browser.statuses[poll] for poll in polls} == {204}
    assert browser.ended == set(polls)


def test_one_that_is_given_up_leaves_alone_and_at_once() -> None:
    news = News()
    browser = Browser(news.stage)
    gone, stays = browser.ask("/events"), browser.ask("/events")
    poll = browser.ask("/poll")
    browser.machine.reset_stream(gone)
    browser.machine.reset_stream(poll)
    browser.talk()
    assert [stream.open for stream in news.streams] == [False, True]
    assert len(news.parking) == 0
    assert news.hub.send("who is left?") == 1
    browser.talk()
    assert [each.data for each in told(browser.bodies[stays])] == ["who is left?"]


def test_one_that_is_not_read_falls_behind_alone() -> None:
    news = News()
    browser = Browser(news.stage)
    slow, quick = browser.ask("/events"), browser.ask("/events")
    sent = 0
    while news.streams[0].open:
        news.hub.send("x" * 5000, id=str(sent))
        sent += 1
        browser.machine.increment_flow_control_window(5100, quick)
        news.stage.wait(0.01)
        browser.talk()
        assert sent < 100
    assert news.streams[1].open
    assert news.streams[0].held == 0
    assert len(told(browser.bodies[quick])) >= sent - 1
    browser.machine.increment_flow_control_window(1000, slow)  # it reads again, and comes to the end
    browser.talk()
    assert slow in browser.ended
    assert len(browser.bodies[slow]) == WINDOW
    assert told(browser.bodies[slow])[-1].last_id == str(len(told(browser.bodies[slow])) - 1)


def test_when_the_server_stops_all_of_them_end_and_the_connection_too() -> None:
    news = News()
    browser = Browser(news.stage)
    asked = {browser.ask("/events"), browser.ask("/poll"), browser.ask("/events")}
    news.stage.server.stop(10)
    browser.talk()
    assert browser.ended == asked
    browser.talk()  # it has heard of the end, says so, and closes
    assert browser.client.ended
    browser.client.link.close()
    news.stage.settle()
    assert not news.stage.open_connections
