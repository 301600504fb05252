"""Our engine and an app in memory, which reads bodies in portions and gives its answers as it has been told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from pellucid.message import Data, End, Headers, Refused, Request, Reset, Response
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits


@dataclass
class Given:
    """An answer to give. `length` says whether it is told beforehand, `early` that the request's end is not awaited."""

    status: int = 200
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    interim: list[Response] = field(default_factory=list)
    length: bool = True
    early: bool = False
    broken: bool = False


@dataclass
class Served:
    """What an app sees of a stream, and how far its answer has come: `left` is None before its head."""

    request: Request
    given: Given
    body: bytes = b""
    trailers: Headers | None = None
    reset: bool = False
    left: bytes | None = None
    done: bool = False

    @property
    def tunnel(self) -> bool:
        return self.request.method == "CONNECT"


class Server:
    """One connection's worth of it. `given` tells what each request is to be answered with, by its target."""

    def __init__(self, random: Random, given: dict[bytes, Given]) -> None:
        self.time = 0.0
        limits = Limits(body_size=0, requests=0)
        self.engine = Http2(limits, Http2Limits(), lambda: b"", lambda: self.time, b"https")
        self.streams: dict[int, Served] = {}
        self.refused: list[tuple[int, Refused]] = []
        self._random = random
        self._given = given

    def receive(self, data: bytes) -> None:
        """Take bytes of the client and what they tell."""
        engine = self.engine
        if engine.finished:
            return
        assert engine.hungry
        engine.receive(data)
        while engine.pending and (item := engine.next_event()) is not None:
            self._note(*item)

    def output(self) -> bytes:
        """What goes to the client."""
        words = b""
        for piece in self.engine.take_output():
            assert isinstance(piece, bytes)
            words += piece
        return words

    def act(self, everything: bool = False) -> None:
        """Go on with some of the streams, or with all of them, in the order that the engine wants."""
        ready = [number for number, stream in self.streams.items() if not stream.done]
        for number in list(self.engine.in_order(ready)):
            if everything or self._random.random() < 0.7:
                self._go_on(number, self.streams[number])

    def _note(self, number: int, event: object) -> None:
        if isinstance(event, Request):
            assert number not in self.streams
            stream = self.streams[number] = Served(event, self._given[event.target])
            if event.complete:
                stream.trailers = Headers()
        elif isinstance(event, Data):
            assert event.data
            assert self.streams[number].trailers is None
            self.streams[number].body += event.data
        elif isinstance(event, End):
            assert self.streams[number].trailers is None
            self.streams[number].trailers = event.trailers
        elif isinstance(event, Reset):
            self.streams[number].reset = self.streams[number].done = True
        else:
            assert isinstance(event, Refused)
            self.refused.append((number, event))

    def _go_on(self, number: int, stream: Served) -> None:
        engine, given = self.engine, stream.given
        if stream.left is not None:
            self._send(number, stream, stream.left)
        elif stream.tunnel or given.early or stream.trailers is not None:
            self._begin(number, stream)
        if stream.trailers is None and not (stream.tunnel and stream.left is None):
            engine.credit(number, self._random.choice([1, 1000, 70_000]), stream.left is not None)
        while engine.pending and (item := engine.next_event()) is not None:
            self._note(*item)

    def _begin(self, number: int, stream: Served) -> None:
        engine, given = self.engine, stream.given
        for interim in given.interim:
            engine.send_response(number, interim, b"")
        response = Response(given.status, Headers(given.fields))
        whole = given.length and not given.trailers and not given.broken and not stream.tunnel
        if whole and len(given.body) <= engine.room(number):
            engine.send_response(number, response, given.body)
            stream.done = True
        else:
            length = len(given.body) if given.length and not stream.tunnel else None
            has_body = engine.send_response(number, response, None, length)
            stream.left = given.body
            stream.done = not has_body and not stream.tunnel

    def _send(self, number: int, stream: Served, left: bytes) -> None:
        engine = self.engine
        room = min(engine.room(number), self._random.choice([1, 5000, 1 << 20]))
        if left and room > 0:
            engine.send_data(number, left[:room])
            stream.left = left = left[room:]
        if stream.given.broken and len(left) <= len(stream.given.body) // 2:
            engine.reset(number)
            stream.done = True
        elif not left and (not stream.tunnel or stream.trailers is not None):
            engine.send_end(number, Headers(stream.given.trailers))
            stream.done = True
