"""The engine in random conversations with the package h2: what either says, the other one understands alike."""

from __future__ import annotations

from random import Random

import pytest
from h2.errors import ErrorCodes

from pellucid.message import Headers, Response
from protocol.http2.h2_client import Client, Fields
from protocol.http2.patient_server import Given, Served, Server

CONVERSATIONS = 2000
PARTS = 10
"""So many tests they are cut into, so that a failure has fewer of them to repeat."""

NAMES = [b"accept", b"accept-language", b"user-agent", b"x-one", b"x-two", b"etag", b"referer", b"cache-control"]
VALUES = [b"", b"a", b"text/html, */*;q=0.8", b"~ \t!", "é".encode(), b"x" * 200]
LONG = b"0123456789" * 300
METHODS = [b"GET", b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"QUERY", b"CONNECT", b":protocol"]
SIZES = [1, 10, 1000, 16_384, 40_000, 70_000]


class Asked:
    """A request on its way: what of its body has not gone out yet."""

    def __init__(self, method: bytes, fields: Fields, target: bytes, body: bytes, trailers: Fields) -> None:
        self.method = method
        self.fields = fields
        self.target = target
        self.body = body
        self.left = body
        self.trailers = trailers
        self.over = not body and not trailers and method not in (b"CONNECT", b":protocol")
        self.reset = False


class Conversation:
    """A client and a server that do what comes into a generator's mind, and then bring it to an end."""

    def __init__(self, seed: int) -> None:
        random = self.random = Random(seed)
        self.given: dict[bytes, Given] = {}
        self.client = Client(random)
        self.server = Server(random, self.given)
        self.asked: dict[int, Asked] = {}
        self.pings = 0
        self.drained = False
        self._up = self._down = b""

    def run(self) -> None:
        """All of it."""
        self.exchange()
        for _ in range(self.random.randint(5, 25)):
            self.random.choice([self.ask, self.ask, self.ask, self.go_on, self.go_on, self.disturb])()
            self.server.act()
            self.exchange(partly=True)
            if self.random.random() < 0.5:
                self.client.acknowledge()
        self.exchange()
        self.client.open_windows()
        for _ in range(2000):
            if self.over:
                return
            self.go_on(everything=True)
            self.server.act(everything=True)
            self.exchange()
            self.client.acknowledge(everything=True)
        raise AssertionError("the conversation stands still")

    @property
    def over(self) -> bool:
        if self.client.machine.data_to_send(0) or not all(asked.over for asked in self.asked.values()):
            return False
        return not self._up and all(stream.done for stream in self.server.streams.values()) and not self._down

    def ask(self) -> None:
        """Another request."""
        random, client = self.random, self.client
        if not client.may_open or self.drained:
            return
        method = random.choice(METHODS)
        target = b"host:%d" % (len(self.asked) + 1) if method == b"CONNECT" else b"/%d?a=%%20b" % len(self.asked)
        fields = some_fields(random)
        body, trailers = b"", []
        if method in (b"POST", b"PUT", b"QUERY", b"CONNECT", b":protocol"):
            body = random.randbytes(random.choice([0, *SIZES]))
        if method in (b"POST", b"PUT") and random.random() < 0.3:
            trailers = [(b"x-sum", b"%d" % len(body)), (b"x-more", b"")]
        if method in (b"POST", b"PUT") and random.random() < 0.5:
            fields.append((b"content-length", b"%d" % len(body)))
        asked = Asked(method, fields, target, body, trailers)
        self.given[target] = some_answer(random, method, 1 << 17)
        self.asked[client.open([*pseudo_fields(method, target), *fields], asked.over)] = asked

    def go_on(self, everything: bool = False) -> None:
        """Some of the bodies, a part of each, with or without padding."""
        for number, asked in self.asked.items():
            if asked.over or not (everything or self.random.random() < 0.6):
                continue
            if self.client.answers[number].reset is not None:
                asked.over = True
                continue
            size = self.random.choice(SIZES)
            padding = self.random.choice([None, None, 0, 1, 255])
            asked.left = asked.left[self.client.send(number, asked.left[:size], padding) :]
            if not asked.left:
                asked.over = True
                if asked.trailers:
                    self.client.machine.send_headers(number, asked.trailers, end_stream=True)
                else:
                    self.client.machine.end_stream(number)

    def disturb(self) -> None:
        """Whatever else a client, or the server's end, may do at any time."""
        random, client = self.random, self.client
        kind = random.randrange(6)
        # h2 does not bear that 103 crosses its own RST_STREAM.
        open_ones = [
            number
            for number, asked in self.asked.items()
            if not client.answers[number].ended and not self.given[asked.target].interim
        ]
        if kind == 0:
            self.pings += 1
            client.machine.ping(b"ping%04d" % self.pings)
        elif kind == 1 and open_ones:
            number = random.choice(open_ones)
            if client.answers[number].reset is None and not self.asked[number].reset:
                client.machine.reset_stream(number, ErrorCodes.CANCEL)
                self.asked[number].over = self.asked[number].reset = True
        elif kind == 2 and not client.farewells:
            client.machine.prioritize(random.choice([1, 3, 99]), weight=random.randint(1, 256), depends_on=5)
        elif kind == 3:
            client.machine.increment_flow_control_window(random.choice([1, 70_000]))
        elif kind == 4 and random.random() < 0.1:
            self.server.engine.drain()
            self.drained = True
        elif kind == 5:
            client.change()

    def exchange(self, partly: bool = False) -> None:
        """Carry bytes both ways, cut anywhere; or a part of them, while the rest is under way."""
        random = self.random
        self.server.time += random.random()
        self._up += self.client.output()
        self._up = self._carry(self._up, self.server.receive, partly)
        self._down += self.server.output()
        self._down = self._carry(self._down, self.client.receive, partly)

    def _carry(self, data: bytes, receive: object, partly: bool) -> bytes:
        assert callable(receive)
        end = self.random.randint(0, len(data)) if partly else len(data)
        start = 0
        while start < end:
            size = self.random.choice([1, 8, 9, 10, 1000, 65_536])
            receive(data[start : min(start + size, end)])
            start += size
        return data[end:]


def pseudo_fields(method: bytes, target: bytes) -> Fields:
    """What stands before the fields (RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4)."""
    if method == b"CONNECT":
        return [(b":method", method), (b":authority", target)]
    ordinary = [(b":scheme", b"https"), (b":path", target), (b":authority", b"a.example")]
    if method == b":protocol":
        return [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *ordinary]
    return [(b":method", method), *ordinary]


def some_fields(random: Random) -> Fields:
    """Fields as they may come, cookies in crumbs among them."""
    fields = [(random.choice(NAMES), random.choice(VALUES)) for _ in range(random.randint(0, 8))]
    if random.random() < 0.05:
        fields += [(b"x-long", LONG)] * random.randint(1, 6)
    for _ in range(random.choice([0, 0, 1, 3])):
        fields.insert(random.randint(0, len(fields)), (b"cookie", b"crumb=%d" % random.randrange(100)))
    return fields


def some_answer(random: Random, method: bytes, most: int) -> Given:
    """An answer that is allowed to a method; those to CONNECT open a tunnel."""
    interim = [Response(103, Headers([(b"link", b"</style.css>; rel=preload")]))] * random.choice([0, 0, 0, 1, 2])
    fields = [(random.choice(NAMES), random.choice(VALUES)) for _ in range(random.choice([0, 1, 1, 2, 6]))]
    body = random.randbytes(min(random.choice([0, *SIZES]), most))
    if method in (b"CONNECT", b":protocol"):
        return Given(200, fields, body, interim=interim)
    status = random.choice([200, 200, 200, 204, 304, 404, 503])
    if status in (204, 304):
        return Given(status, fields, interim=interim)
    length = random.random() < 0.6
    trailers = [(b"x-sum", b"%d" % len(body))] if random.random() < 0.2 and method != b"HEAD" else []
    early, broken = random.random() < 0.1, random.random() < 0.05 and method != b"HEAD" and len(body) > 1
    return Given(status, fields, body, trailers, interim, length, early, broken)


def joined(fields: Fields) -> Fields:
    """The fields as an app is to see them: cookie crumbs are one field, where the first of them stood (8.2.3)."""
    crumbs = [value for name, value in fields if name == b"cookie"]
    told: Fields = []
    for name, value in fields:
        if name != b"cookie":
            told.append((name, value))
        elif crumbs:
            told.append((name, b"; ".join(crumbs)))
            crumbs = []
    return told


def check_request(asked: Asked, served: Served) -> None:
    """The server has seen what the client sent, or the beginning of it where the client gave up."""
    request = served.request
    connects = asked.method in (b"CONNECT", b":protocol")
    assert (request.method, request.target, request.version) == (
        "CONNECT" if connects else asked.method.decode(),
        asked.target,
        "2",
    )
    host = asked.target if asked.method == b"CONNECT" else b"a.example"
    assert request.authority == host
    assert list(request.headers) == [(b"host", host), *joined(asked.fields)]
    assert request.upgrade == (b"websocket" if asked.method == b":protocol" else b"")
    assert asked.body.startswith(served.body)
    if served.trailers is not None:
        assert served.body == asked.body
        assert list(served.trailers) == asked.trailers


def check_answer(asked: Asked, served: Served, client: Client, number: int) -> None:
    """The client has got what the server gave, or the beginning of it where either gave up."""
    answer, given = client.answers[number], served.given
    body = b"" if asked.method == b"HEAD" or given.status in (204, 304) else given.body
    if answer.status:
        assert answer.status == given.status
        own = {b"content-length", b"date"}
        assert [item for item in answer.fields if item[0] not in own] == given.fields
        assert answer.interim == [(each.status, list(each.headers)) for each in given.interim]
    assert body.startswith(answer.body)
    if answer.ended:
        assert answer.body == body
        assert answer.trailers == given.trailers
    if asked.reset:
        return
    if given.broken and not answer.ended:
        assert answer.reset is not None
        assert answer.reset != ErrorCodes.NO_ERROR
    else:
        # Whose answer is whole may be told that the rest of its body is of no use (RFC 9113 8.1).
        assert answer.ended
        assert answer.reset in (None, ErrorCodes.NO_ERROR)


@pytest.mark.parametrize("part", range(PARTS))
def test_each_understands_all_that_the_other_one_says(part: int) -> None:
    for seed in range(part, CONVERSATIONS, PARTS):
        conversation = Conversation(seed)
        try:
            conversation.run()
            settle(conversation)
        except Exception as error:
            raise AssertionError(f"conversation {seed}: {error!r}") from error


def settle(conversation: Conversation) -> None:
    """Nothing was lost, invented or left open."""
    client, server = conversation.client, conversation.server
    assert server.refused == []
    pings = [b"ping%04d" % number for number in range(1, conversation.pings + 1)]
    assert client.pings == (pings[: len(client.pings)] if conversation.drained else pings)
    for number, asked in conversation.asked.items():
        served = server.streams.get(number)
        if served is None:
            assert asked.reset or (conversation.drained and client.answers[number].status == 0)
        else:
            check_request(asked, served)
            check_answer(asked, served, client, number)
    if conversation.drained:
        last = client.farewells[-1]
        assert last.error_code == ErrorCodes.NO_ERROR
        assert last.last_stream_id >= max(server.streams, default=0)
        assert server.engine.finished
    else:
        assert client.farewells == []
        assert not server.engine.finished
