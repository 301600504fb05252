"""What the server answers to requests that break a rule or a limit: it is asked, in memory, and not looked up."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.message import Headers, Response
from pellucid.net.memory import HandClock, MemoryPoller, memory_pair
from pellucid.net.reactor import Reactor
from pellucid.net.secured import Secured
from pellucid.net.tlssettings import TlsSettings
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from pellucid.server.exchange import Exchange
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.setting import manual_of

GET = b"GET / HTTP/1.1\r\nHost: example.com\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example.com\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

_CALM = "GOAWAY with ENHANCE_YOUR_CALM, which names the limit"

# What is wrong, and a request with just that: the table of the manual, in the order in which a reader looks for it.
REFUSALS: dict[str, bytes] = {
    "A request line that is not three words": b"GET  / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "A method that is no token": b"G(T / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "A version that is none": b"GET / HTTP/one\r\nHost: example.com\r\n\r\n",
    "Lines that end with a bare LF": b"GET / HTTP/1.1\nHost: example.com\n\n",
    "A fragment in the target": b"GET /#top HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "A backslash, a control or a foreign character in the path": b"GET /a\\b HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "A target of none of the four forms": b"GET index.html HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "`*` with a method other than OPTIONS": b"GET * HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "CONNECT without a port": b"CONNECT example.com HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "HTTP/1.1 without Host": b"GET / HTTP/1.1\r\n\r\n",
    "Two Host fields, or a list in one": GET + b"Host: example.org\r\n\r\n",
    "Host with userinfo": b"GET / HTTP/1.1\r\nHost: me@example.com\r\n\r\n",
    "Host with a path, or anything else that is no host": b"GET / HTTP/1.1\r\nHost: example.com/a\r\n\r\n",
    "An empty Host beside a target with an authority": b"GET http://example.com/ HTTP/1.1\r\nHost:\r\n\r\n",
    "A field without a colon": GET + b"Accept\r\n\r\n",
    "White space before the colon": GET + b"Accept : */*\r\n\r\n",
    "A folded field (obs-fold)": GET + b"Accept: text/html,\r\n  */*\r\n\r\n",
    "A field name that is no token": GET + b"Acc(pt: */*\r\n\r\n",
    "A control character in a field value": GET + b"Accept: a\0b\r\n\r\n",
    "Both Transfer-Encoding and Content-Length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
    "Transfer-Encoding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "Transfer-Encoding that is no list, such as `,chunked`": POST + b"Transfer-Encoding: ,chunked\r\n\r\n",
    "`chunked` that is not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    "Content-Length that is a list, signed, or no number": POST + b"Content-Length: 5, 5\r\n\r\n",
    "CONNECT with content": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nContent-Length: 1\r\n\r\n",
    "A chunk without its size in hexadecimal": CHUNKED + b"0x5\r\nhello\r\n",
    "A chunk that is longer than its size": CHUNKED + b"2\r\nhello\r\n",
    "A trailer that belongs into the head": CHUNKED + b"0\r\nHost: example.org\r\n\r\n",
    "HTTP/1.0 POST or PUT without Content-Length": b"POST / HTTP/1.0\r\n\r\n",
    "An expectation other than 100-continue": POST + b"Content-Length: 1\r\nExpect: miracles\r\n\r\n",
    "A transfer coding other than chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/2 or later in a request line": b"GET / HTTP/2.0\r\nHost: example.com\r\n\r\n",
}


class Talk:
    """A client's conversation with a server, both in memory, and what came of it."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        before: int = 0,
        holds: int = 1 << 20,
        size: int = 2,
        takes: float = 0.0,
    ) -> None:
        self._clock = HandClock()
        self._reactor = Reactor(MemoryPoller(), self._clock)
        self._server = Server(self._app, limits=limits, reactor=self._reactor)
        self._answers_with = b"." * size
        self._takes = takes
        self._why = ""
        self.ended: list[Exchange] = []
        self._server.watch.closed.append(self._closed)
        self._server.watch.ended.append(self.ended.append)
        for _ in range(before):
            self._server.adopt(memory_pair()[0])
        ours, self._link = memory_pair(holds)
        self._server.adopt(ours)
        self._answer = b""
        self._receive()

    def say(self, request: bytes) -> Talk:
        """Send these bytes, and take what comes back."""
        self._link.send([request])
        return self.rest(0.0)

    def rest(self, seconds: float = 3600.0, *, receive: bool = True) -> Talk:
        """Do nothing for so long."""
        for _ in range(8):
            self._reactor.step(0)
        self._clock.advance(seconds)
        for _ in range(8):
            self._reactor.step(0)
        if receive:
            self._receive()
        return self

    @property
    def status(self) -> int:
        """The status of the answer, 0 where there is none."""
        return int(self._answer[9:12] or 0)

    @property
    def reason(self) -> str:
        """The reason in the answer."""
        return self._answer.partition(b"\r\n\r\n")[2].decode().partition("\n")[2].strip()

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.status >= 400 and self._why != "linger":
            return f"{self.status}, “{self.reason}”"
        if self._link.receive() == b"" and self._link.gone:
            return "cuts the connection with a reset"
        if self._why:
            return "closes the connection"
        return "the last answer says `connection: close`" if b"connection: close" in self._answer else ""

    def _app(self, exchange: Exchange) -> None:
        """Read the whole request, then answer."""

        def read_on() -> None:
            while data := exchange.read():
                pass
            if data is not None and not exchange.answered:
                self._clock.advance(self._takes)
                exchange.respond(Response(200, Headers([(b"content-type", b"text/plain")])), self._answers_with)

        exchange.on_body = read_on
        read_on()

    def _receive(self) -> None:
        self._answer += self._link.receive() or b""

    def _closed(self, connection: object, why: str) -> None:
        self._why = why


def refusal_of(request: bytes) -> tuple[int, str]:
    """The status and the reason that this request gets."""
    talk = Talk()
    talk.say(request)
    return talk.status, talk.reason


def sample_exchange() -> Exchange:
    """An exchange that has ended well, for the examples of the access log."""
    talk = Talk(takes=0.0125)
    talk.say(
        b"GET /a%20page?q=1 HTTP/1.1\r\nHost: example.com\r\n"
        b"User-Agent: curl/8.14.1\r\nReferer: http://example.com/\r\n"
        b"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
    )
    exchange = talk.ended[0]
    exchange.request_id = "4f9d2c81b7e0-1f"  # else it would be another one each time
    return exchange


def secured_exchange() -> Exchange:
    """The same over TLS, with a client's certificate."""
    sample = sample_exchange()
    return _Secured(sample.request, sample.carrier, sample.stream, sample.begun)


class _Secured(Exchange):
    @property
    def secured(self) -> Secured:
        suite, chain = ("TLS_AES_256_GCM_SHA384", 0x1302, 256), ("a certificate in PEM",)
        client = ("CN=Ada,O=Engines", "CN=Root", "1F")
        return Secured("TLSv1.3", 0x0304, *suite, "http/1.1", "example.com", False, "", chain, *client)


def refused_exchange() -> Exchange:
    """One that was refused."""
    return Talk().say(GET + b"Host: example.org\r\n\r\n").ended[0]


def _long_line() -> Talk:
    return Talk().say(b"GET /" + b"a" * Limits().request_line + b" HTTP/1.1\r\nHost: example.com\r\n\r\n")


def _many_fields() -> Talk:
    return Talk().say(GET + b"X: y\r\n" * Limits().field_count + b"\r\n")


def _large_head() -> Talk:
    return Talk().say(GET + b"X: " + b"y" * Limits().head_size + b"\r\n\r\n")


def _large_body() -> Talk:
    return Talk().say(POST + b"Content-Length: %d\r\n\r\n" % (Limits().body_size + 1))


def _last_request() -> Talk:
    return Talk(Limits(requests=1)).say(GET + b"\r\n")


def _one_connection_more() -> Talk:
    return Talk(before=Capacity().connections_per_address)


def _slow_head() -> Talk:
    return Talk().say(b"GET").rest()


def _slow_body() -> Talk:
    return Talk().say(POST + b"Content-Length: 5000\r\n\r\n").rest()


def _idle() -> Talk:
    return Talk().rest()


def _stuck_reader() -> Talk:
    return Talk(holds=1000, size=100_000).say(GET + b"\r\n").rest(receive=False)


def _slow_reader() -> Talk:
    talk = Talk(holds=1000, size=100_000).say(GET + b"\r\n")
    for _ in range(4):
        talk.rest(Patience().write_stall / 2)
    return talk


def _lingering() -> Talk:
    return Talk().say(b"GET * HTTP/1.1\r\nHost: example.com\r\n\r\n").rest()


# The settings that are limits: all of these parts, but for what is only switched on and off; and some of another.
LIMITS = frozenset(
    name
    for part in (Limits, Http2Limits, Capacity, Patience)
    for name in manual_of(part)
    if not isinstance(getattr(part(), name), bool)
) | frozenset(name for name in manual_of(TlsSettings) if name.startswith("handshake"))
LIMITS |= {"websocket_message_size", "websocket_fragments", "websocket_ping_timeout", "websocket_close_time"}

# How each limit is struck; what cannot be struck in memory is told in words.
STRIKES: dict[str, Callable[[], Talk] | str] = {
    "request_line": _long_line,
    "field_count": _many_fields,
    "head_size": _large_head,
    "body_size": _large_body,
    "requests": _last_request,
    "connections": "accepts no more until one ends; who comes waits in the system's queue",
    "connections_per_address": _one_connection_more,
    "head_time": _slow_head,
    "body_rate": _slow_body,
    "body_grace": "see `--body-rate`",
    "idle": _idle,
    "write_stall": _stuck_reader,
    "write_rate": _slow_reader,
    "request_timeout": "503 in the app's place; an answer that has begun is cut",
    "linger": _lingering,
    "handshake_time": "closes the connection",
    "handshakes": "closes the connection whose handshake has lasted longest",
    "h2_streams": "REFUSED_STREAM, after which a client may ask again",
    "h2_resets": _CALM,
    "h2_pings": _CALM,
    "websocket_message_size": "closes the WebSocket with 1009",
    "websocket_fragments": "closes the WebSocket with 1009",
    "websocket_ping_timeout": "cuts the WebSocket",
    "websocket_close_time": "cuts the WebSocket",
}
