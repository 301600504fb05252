"""One chat, carried by long polling, server-sent events and WebSocket side by side, so that they can be compared.

    pellucid serve chat:app --app-dir examples/chat

and, so that browsers speak HTTP/2 with it, over TLS: the same with `--tls dev`. It wants one worker, since what is said
to one is known there.
"""

from __future__ import annotations

import json
import time
from collections import deque
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from costs import CHUNK, Cost, frame

from pellucid import EventHub, EventStream, Exchange, Headers, Parking, Request, Response, WebSocket
from pellucid.apps.static.app import Static
from pellucid.semantics.eventstream import spell_event

KEPT = 100
"""How many messages are kept for those who come, or come back."""

PATIENCE = 25.0
"""How long a poll waits, in seconds."""

LONGEST = {"name": 40, "text": 500, "mark": 40}
"""What a message is made of, and how many characters each part may have. The mark is the page's own name for it."""

LARGEST = 4096
"""How large a message may be as it comes, in bytes."""

TEXT = Headers([(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")])
JSON = Headers([(b"content-type", b"application/json"), (b"cache-control", b"no-store")])


class Chat:
    """What is said, and who listens in which way."""

    def __init__(self) -> None:
        self.costs = {carrier: Cost() for carrier in ("poll", "events", "socket", "post")}
        self._said: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._last = time.time_ns() // 1_000_000  # so that numbers go on where the server before this one left off
        self._parking = Parking(self._answer_poll, PATIENCE)
        self._hub = EventHub()
        self._sockets: set[WebSocket] = set()
        self._page = Static(str(Path(__file__).parent / "page"))
        self._routes = {
            (b"/poll", "GET"): self._poll,
            (b"/events", "GET"): self._events,
            (b"/socket", "GET"): self._socket,
            (b"/socket", "CONNECT"): self._socket,  # as HTTP/2 asks for one
            (b"/say", "POST"): self._post,
            (b"/costs", "GET"): self._tell_costs,
        }

    def __call__(self, exchange: Exchange) -> None:
        """Answer."""
        request = exchange.request
        path = request.path[len(exchange.mount) :]
        self._routes.get((path, request.method), self._page)(exchange)

    def say(self, data: str | bytes) -> None:
        """Tell everybody. ValueError for what is no message."""
        said = read(data)
        self._last += 1
        text = json.dumps({"number": self._last} | said, ensure_ascii=False)
        self._said.append((self._last, text))
        self._parking.wake()
        event = spell_event(text, id=str(self._last))
        self._count("events", self._hub.put(event), len(event) + CHUNK)
        for socket in tuple(self._sockets):
            self._send(socket, text)

    def _after(self, number: int) -> list[tuple[int, str]]:
        return [each for each in self._said if each[0] > number]

    def _count(self, carrier: str, messages: int, size: int) -> None:
        cost = self.costs[carrier]
        cost.messages += messages
        cost.sent += messages * size

    # Long polling

    def _poll(self, exchange: Exchange) -> None:
        self.costs["poll"].ask(exchange.request)
        if self._after(number_of(exchange.request)):
            self._answer_poll(exchange)
        else:
            self._parking.park(exchange)

    def _answer_poll(self, exchange: Exchange) -> None:
        news = self._after(number_of(exchange.request))
        body = f"[{','.join(text for _, text in news)}]".encode() if news else b""
        response = Response(200 if news else 204, JSON)
        self.costs["poll"].messages += len(news)
        self.costs["poll"].answer(response, body)
        exchange.respond(response, body)

    # Server-sent events

    def _events(self, exchange: Exchange) -> None:
        cost = self.costs["events"]
        cost.ask(exchange.request)
        stream = EventStream(exchange, retry=1000)
        cost.answer(Response(200, JSON))
        news = [spell_event(text, id=str(number)) for number, text in self._after(int_of(stream.last_id))]
        if news:
            stream.put(b"".join(news))
            for event in news:
                self._count("events", 1, len(event) + CHUNK)
        self._hub.join(stream)

    # WebSocket

    def _socket(self, exchange: Exchange) -> None:
        self.costs["socket"].ask(exchange.request)
        if foreign(exchange.request):
            exchange.respond(Response(403, TEXT), b"not from here\n")
            return
        socket = WebSocket.accept(exchange)
        if socket is None:  # that was no handshake, and is answered
            return
        self.costs["socket"].answer(Response(101))
        self._sockets.add(socket)
        socket.on_message = partial(self._received, socket)
        socket.on_close = lambda code, reason: self._sockets.discard(socket)
        for _, text in self._after(number_of(exchange.request)):
            self._send(socket, text)

    def _received(self, socket: WebSocket, message: str | bytes) -> None:
        data = message.encode() if isinstance(message, str) else message
        self.costs["socket"].brought += frame(len(data), masked=True)
        try:
            self.say(data)
        except ValueError as error:
            socket.close(1008, str(error))

    def _send(self, socket: WebSocket, text: str) -> None:
        if socket.full:  # it has fallen behind: its page comes back, and says what it has seen
            socket.close(1013, "too slow")
        elif socket.send(text):
            self._count("socket", 1, frame(len(text.encode())))

    # Saying something by POST

    def _post(self, exchange: Exchange) -> None:
        request, cost = exchange.request, self.costs["post"]
        cost.ask(request)
        if foreign(request):
            exchange.respond(Response(403, TEXT), b"not from here\n")
            return
        if request.headers.get(b"content-type") != b"application/json":  # what no form of another site can say
            exchange.respond(Response(415, TEXT), b"a message is application/json\n")
            return
        parts: list[bytes] = []
        exchange.on_body = partial(self._read_on, exchange, parts)
        exchange.on_body()

    def _read_on(self, exchange: Exchange, parts: list[bytes]) -> None:
        while data := exchange.read():
            parts.append(data)
            if sum(map(len, parts)) > LARGEST:
                exchange.on_body = _nothing
                exchange.respond(Response(413, TEXT), b"that is too long\n")
                return
        if data is not None:
            self._end_post(exchange, b"".join(parts))

    def _end_post(self, exchange: Exchange, data: bytes) -> None:
        cost = self.costs["post"]
        cost.brought += len(data)
        try:
            self.say(data)
            response, body = Response(204), b""
            cost.messages += 1
        except ValueError as error:
            response, body = Response(400, TEXT), f"{error}\n".encode()
        cost.answer(response, body)
        exchange.respond(response, body)

    # Costs

    def _tell_costs(self, exchange: Exchange) -> None:
        self.costs["poll"].open = len(self._parking)
        self.costs["events"].open = len(self._hub)
        self.costs["socket"].open = len(self._sockets)
        shown = {carrier: cost.shown for carrier, cost in self.costs.items()}
        exchange.respond(Response(200, JSON), json.dumps(shown).encode())


def read(data: str | bytes) -> dict[str, str]:
    """A message as somebody sent it. ValueError says what is wrong with it."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("a message is JSON") from None
    if not isinstance(said, dict) or said.keys() != LONGEST.keys():
        raise ValueError(f"a message has {', '.join(LONGEST)}, and nothing else")
    for part, most in LONGEST.items():
        if not isinstance(said[part], str) or not 0 < len(said[part]) <= most:
            raise ValueError(f"the {part} has between 1 and {most} characters")
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no text") from None
    return said


def foreign(request: Request) -> bool:
    """Whether a page of another site asks: browsers say so, and nobody else needs to."""
    origin = request.headers.get(b"origin")
    return origin is not None and origin != b"%b://%b" % (request.scheme, request.authority)


def number_of(request: Request) -> int:
    """Which message the client has seen last, as the query says."""
    return int_of(parse_qs(request.query.decode("latin-1")).get("after", [""])[0])


def int_of(text: str) -> int:
    """A number of at most 15 digits; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _nothing() -> None:
    pass


app = Chat()
