"""Streams of one connection beside each other: one whose reader rests holds up no other, and ends alone."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PREFACE,
    RST_STREAM,
    Frame,
    Frames,
    connected,
    frame,
    headers,
    request,
    settings,
    window,
)
from running import PATIENCE
from workers import Workers

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

APP = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/hold":
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    size = 4 << 20 if scope["path"] == "/large" else 5
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    await send({"type": "http.response.body", "body": bytes(size)})
"""

STALL = 1.0
WINDOW = 65_535
SMALL = request()
LARGE = request(b"/large")


class Client:
    """One connection of HTTP/2 by hand, and what came over it."""

    def __init__(self, server: Workers) -> None:
        self._link = connected(server.port, False, PATIENCE)
        self._frames = Frames()
        self.came: list[Frame] = []
        self.say(PREFACE + settings((INITIAL_WINDOW_SIZE, WINDOW)) + window(0, 1 << 30))

    def say(self, words: bytes) -> None:
        """Send this."""
        self._link.sendall(words)

    def hear(self, seconds: float) -> None:
        """Take what comes within some time; less if the other end makes an end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._link.settimeout(left)
            try:
                data = self._link.recv(65_536)
            except TimeoutError:
                return
            if not data:
                return
            self.came += self._frames.take(data)

    def ends(self) -> set[int]:
        """The streams whose answers are whole."""
        return {each.stream for each in self.came if each.kind in (DATA, HEADERS) and each.flags & END_STREAM}

    def sizes(self) -> Counter[int]:
        """How much of a body came on each stream."""
        sizes: Counter[int] = Counter()
        for each in self.came:
            if each.kind == DATA:
                sizes[each.stream] += len(each.payload)
        return sizes

    def kinds(self, kind: int) -> list[Frame]:
        """The frames of one kind."""
        return [each for each in self.came if each.kind == kind]

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Workers]:
    with Workers(tmp_path, APP, "--write-stall", str(STALL)) as server:
        yield server
        assert "Traceback" not in server.told


@pytest.fixture
def client(server: Workers) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()


def test_a_stream_whose_reader_rests_holds_up_no_other(client: Client) -> None:
    client.say(headers(1, LARGE) + headers(3, LARGE))
    for stream in range(5, 45, 2):
        client.say(headers(stream, SMALL))
    client.say(window(3, 4 << 20))
    client.hear(STALL / 2)
    assert client.ends() == {3, *range(5, 45, 2)}
    assert client.sizes()[1] == WINDOW
    client.say(window(1, 4 << 20))
    client.hear(STALL / 2)
    assert client.sizes()[1] == 4 << 20
    assert client.kinds(RST_STREAM) == client.kinds(GOAWAY) == []


def test_a_stream_whose_reader_rests_too_long_ends_alone(client: Client) -> None:
    client.say(headers(1, LARGE))
    streams = iter(range(3, 1000, 2))
    until = time.monotonic() + 2.5 * STALL
    while time.monotonic() < until:
        client.say(headers(next(streams), SMALL))
        client.hear(STALL / 10)
    asked = set(range(3, next(streams), 2))
    assert client.ends() == asked
    assert [each.stream for each in client.kinds(RST_STREAM)] == [1]
    assert client.kinds(GOAWAY) == []


def test_uploads_that_nobody_reads_hold_up_no_answer(client: Client) -> None:
    post = request(b"/hold", b"POST")
    client.say(headers(1, post, END_HEADERS))
    client.say(frame(DATA, 0, 1, bytes(16_384)) * 3)
    for stream in range(3, 43, 2):
        client.say(headers(stream, SMALL))
    client.hear(STALL / 2)
    assert client.ends() == set(range(3, 43, 2))
