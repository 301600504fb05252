"""Event streams and parked requests as clients meet them: a browser that comes back, and thousands at a time."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from chromium import Chromium
from crowds import OPTIONS, crowd, gather, memory, room_for
from running import PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

MANY = 5000
"""How many clients listen in each way."""

MOST_KB = 8
"""How much of memory one of them may take: a connection, a request and what holds it."""

COUNTING = """
from pellucid import EventStream, Headers, Response

LAST = 7

def app(exchange):
    if exchange.request.path != b"/events":
        exchange.respond(Response(200, Headers([(b"content-type", b"text/html")])), b"<!doctype html><title>x</title>")
        return
    if exchange.request.headers.get(b"last-event-id") == b"%d" % LAST:
        exchange.respond(Response(204))
        return
    stream = EventStream(exchange, retry=20)
    for number in range(int(stream.last_id or 0) + 1, LAST + 1)[:3]:
        stream.send(f"line one of {number}\\nline two", event="count", id=str(number))
    stream.end()
"""

LISTENING = """
new Promise(done => {
    const told = [], stream = new EventSource("/events");
    let opened = 0;
    stream.onopen = () => opened++;
    stream.addEventListener("count", event => told.push([event.data, event.lastEventId]));
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) done([told, opened]); };
})
"""

CROWD = """
from pellucid import EventHub, EventStream, Parking, Response

hub = EventHub()
parking = Parking(lambda exchange: exchange.respond(Response(200), b"news"), patience=100)

def app(exchange):
    path = exchange.request.path
    if path == b"/events":
        hub.join(EventStream(exchange))
    elif path == b"/poll":
        parking.park(exchange)
    elif path == b"/held":
        exchange.respond(Response(200), b"%d %d" % (len(hub), len(parking)))
    else:
        told = [hub.send(str(number), id=str(number)) for number in range(100)] if path == b"/say" else [0]
        exchange.respond(Response(200), b"%d %d" % (sum(told), parking.wake() if path == b"/wake" else 0))
"""


@contextmanager
def serving(source: str, folder: Path) -> Iterator[Running]:
    (folder / "real.py").write_text(source)
    with Running("serve", "real:app", "--app-dir", str(folder), "--bind", "127.0.0.1:0", *OPTIONS) as server:
        yield server


def test_a_browser_comes_back_where_it_was_until_it_is_told_not_to(tmp_path: Path) -> None:
    with serving(COUNTING, tmp_path) as server, Chromium() as browser, browser.page() as page:
        page.open(f"http://127.0.0.1:{server.port}/")
        told, opened = page.evaluate(LISTENING)
        assert told == [[f"line one of {number}\nline two", str(number)] for number in range(1, 8)]
        assert opened == 3


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_thousands_that_listen_cost_little_and_lose_nothing(tmp_path: Path) -> None:
    with room_for(2 * MANY), serving(CROWD, tmp_path) as server, ExitStack() as stack:
        server.get("/held")
        before = memory(server)
        streams, polls = (crowd(stack, server, MANY, path) for path in ("/events", "/poll"))
        wait_for(server, MANY, MANY)
        assert (memory(server) - before) / (2 * MANY) < MOST_KB
        assert server.get("/say").endswith(b"\r\n\r\n%d 0" % (100 * MANY))
        wanted = b"".join(b"id: %d\ndata: %d\n\n" % (number, number) for number in range(100))
        assert {dechunked(got) for got in gather(streams, ends_with(b"data: 99\n\n\r\n"))} == {wanted}
        assert server.get("/wake").endswith(b"0 %d" % MANY)
        assert {got.partition(b"\r\n\r\n")[2] for got in gather(polls, ends_with(b"news"))} == {b"news"}
        for each in streams:
            each.close()
        wait_for(server, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_thousands_that_listen_do_not_hold_the_end_up(tmp_path: Path) -> None:
    with room_for(2 * MANY), serving(CROWD, tmp_path) as server, ExitStack() as stack:
        streams, polls = (crowd(stack, server, MANY, path) for path in ("/events", "/poll"))
        wait_for(server, MANY, MANY)
        status, _, errors = server.end()
        assert status == 0
        assert "cut" not in errors
        assert all(b"retry: " in got and got.endswith(b"0\r\n\r\n") for got in gather(streams, ends_with(b"0\r\n\r\n")))
        assert {got.partition(b"\r\n\r\n")[2] for got in gather(polls, ends_with(b"news"))} == {b"news"}


def wait_for(server: Running, streams: int, polls: int) -> None:
    """Wait until so many of both are held: what was sent before may be looked at a moment later."""
    deadline = time.monotonic() + PATIENCE
    while (held := server.get("/held").partition(b"\r\n\r\n")[2]) != b"%d %d" % (streams, polls):
        assert time.monotonic() < deadline, held


def ends_with(end: bytes) -> Callable[[bytes], bool]:
    """Whether an answer is all there, since it ends like this."""
    return lambda got: got.endswith(end)


def dechunked(answer: bytes) -> bytes:
    """What the chunks of an answer say that came so far."""
    rest, whole = answer.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        whole, rest = whole + rest[:count], rest[count + 2 :]
    return whole
