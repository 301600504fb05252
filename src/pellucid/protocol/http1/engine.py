"""HTTP/1.0 and 1.1 as a pure machine (RFC 1945, 9112): one exchange at a time, pipelined requests wait in the inbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pellucid.errors import WrongAnswer
from pellucid.message import Data, End, Event, Headers, Refused, Response
from pellucid.piece import Piece
from pellucid.protocol.content import FRAMED_ALIKE
from pellucid.protocol.engine import Phase
from pellucid.protocol.fields import Broken
from pellucid.protocol.http1.answer import (
    BodyWriter,
    Spelled,
    connection_line,
    frame,
    spell_informational,
    spelled,
    status_line,
)
from pellucid.protocol.http1.body import ChunkedDecoder, Incoming, LengthDecoder, Tunnel
from pellucid.protocol.http1.head import TLS_RECORD, ParsedHead, check_partial_head, parse_head
from pellucid.protocol.inbox import Inbox
from pellucid.protocol.limits import REFUSED_LINE, UNBOUNDED, Limits

READ_AHEAD = 16384
"""How many bytes may wait in the inbox for the app before the peer is held back."""

DRAIN = 65536
"""How many bytes of a body that the app did not read are read and dropped to keep the connection."""

JOINED = 65536
"""The largest body that is copied behind its head, in bytes: one piece, one system call."""


class Http1:
    """One connection's HTTP/1 on the server's side. `date` gives the Date line with its CRLF: the clock is outside.

    Two sides move on their own: what comes in (`_incoming`, None once the request is whole) and what goes out
    (`_owed` until the answer's head is given, then `_writer` while its body follows). The next request is read when
    both have ended. A `_tunnel` takes the place of what comes in.
    """

    __slots__ = (
        "_date",
        "_draining",
        "_eof",
        "_failure",
        "_inbox",
        "_incoming",
        "_keep_alive",
        "_limits",
        "_line",
        "_method",
        "_owed",
        "_scheme",
        "_tunnel",
        "_version",
        "_writer",
        "broken",
        "finished",
        "output",
        "served",
        "unread",
    )

    multiplexed = False

    def __init__(self, limits: Limits, date: Callable[[], bytes], scheme: bytes = b"http") -> None:
        self._limits = limits
        self._date = date
        self._scheme = scheme
        self._inbox = Inbox()
        self.output: list[Piece] = []
        self._incoming: Incoming | None = None
        self._writer: BodyWriter | None = None
        self._failure: Refused | None = None
        self._line = b""
        self._method = ""
        self._version = "1.1"
        self._owed = False
        self._tunnel: Tunnel | None = None
        self._keep_alive = True
        self._draining = False
        self._eof = False
        self.served = 0
        self.finished = False
        self.unread = False
        self.broken = False

    # Questions

    @property
    def phase(self) -> Phase:
        """What the peer is to do next."""
        if self.finished:
            return Phase.OVER
        if self._tunnel is not None:
            return Phase.TUNNEL
        incoming = self._incoming
        left = incoming is not None and not incoming.whole
        if self._owed or self._writer is not None:
            return Phase.BODY if left and incoming is not None and incoming.credit > 0 else Phase.ANSWER
        return Phase.HEAD if left or not self._resting else Phase.IDLE

    @property
    def pending(self) -> bool:
        """Whether `next_event` may have something to tell."""
        if self._inbox.held or self._eof:
            return True
        return self._incoming is not None or self._failure is not None

    @property
    def hungry(self) -> bool:
        """Whether more bytes are of use: while the app has the word and does not read, only READ_AHEAD of them."""
        if self.finished or self._eof or self.unread:
            return False
        if not self._inbox.held or not self._answering or len(self._inbox) < READ_AHEAD:
            return True
        reader = self._tunnel or self._incoming
        return reader is not None and reader.credit > 0  # a line of chunked coding is not whole yet

    @property
    def _answering(self) -> bool:
        return self._owed or self._writer is not None

    @property
    def _resting(self) -> bool:
        # RFC 9112 2.2: one empty line before a request is overlooked, so it is not the beginning of one either.
        inbox = self._inbox
        return not inbox.held or (len(inbox) == 2 and inbox.starts_with(b"\r\n"))

    def room(self, stream: int) -> int:
        """HTTP/1 has no windows: the link's room is what counts."""
        return UNBOUNDED

    def in_order(self, streams: Iterable[int]) -> Iterable[int]:
        """There is one at a time."""
        return streams

    # From the peer

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._inbox.add(data)

    def receive_eof(self) -> None:
        """The peer sends no more; what it asked for is still answered."""
        self._eof = True

    def refuse(self, status: int, why: str, stream: int = 0) -> None:
        """Refuse what the peer is at, there is but one thing. Once something was refused, nothing more is."""
        if not (self.finished or self.unread):
            self._guess_refused(self._inbox.peek())
            self._fail(status, why)

    def next_event(self) -> tuple[int, Event] | None:
        """The next event, each of them once."""
        try:
            if self._failure is None and not self.finished:
                if self._tunnel is not None:
                    event = self._tunnel.next(self._inbox, self._eof)
                    return (self.served, event) if event is not None else None
                if self._incoming is not None:
                    return self._next_of_body(self._incoming)
                return None if self._owed or self._writer is not None else self._next_request()
        except Broken as broken:
            self._fail(broken.status, broken.why)
        failure, self._failure = self._failure, None
        return (self.served, failure) if failure is not None else None

    def _next_request(self) -> tuple[int, Event] | None:
        inbox = self._inbox
        start = 2 if inbox.starts_with(b"\r\n") else 0
        if not inbox.held or (start and len(inbox) == start):
            if self._eof:
                inbox.clear()
                self._finish()
            return None
        head = inbox.take_until(b"\r\n\r\n", start)
        if head is None:
            self._check_partial(start)
            return None
        head = head[start:]
        try:
            return self._begin(parse_head(head, self._limits))
        except Broken:
            self._guess_refused(head)
            raise

    def _check_partial(self, start: int) -> None:
        inbox, limits, held = self._inbox, self._limits, len(self._inbox) - start
        line = limits.request_line + 2
        too_long = line > 2 and held >= line and b"\r\n" not in inbox.peek(start + line)[start:]
        too_large = limits.head_size and held > limits.head_size + 3
        foreign = inbox.starts_with(TLS_RECORD)
        if inbox.shows(b"\n\n", b"\n\r\n") or too_long or too_large or foreign or self._eof:
            head = inbox.peek()[start:]
            self._guess_refused(head)
            check_partial_head(head, limits)
            if self._eof:
                raise Broken(400, "the connection ended inside a request's head (RFC 9112 8)")

    def _guess_refused(self, head: bytes) -> None:
        # The answer to a refused head must not be framed by the request before it: its line, for the log, and whether
        # it is HEAD, are taken from its first bytes.
        if not self._answering:
            limits = self._limits
            most = min(REFUSED_LINE, limits.request_line or REFUSED_LINE, limits.head_size or REFUSED_LINE)
            line = head.removeprefix(b"\r\n")[:most].replace(b"\r", b"\n").partition(b"\n")[0]
            self._line = b"" if line.startswith(TLS_RECORD) else line
            self._method = "HEAD" if self._line.startswith(b"HEAD ") else ""
            self._version = "1.1"

    def _begin(self, head: ParsedHead) -> tuple[int, Event]:
        request = head.request
        request.scheme = self._scheme
        self.served += 1
        self._method = request.method
        self._version = request.version
        self._owed = True
        if not head.keep_alive or self.served == self._limits.requests:
            self._keep_alive = False
        tunnel_offered = request.upgrade or request.method == "CONNECT"
        if tunnel_offered or not request.complete:
            decoder = ChunkedDecoder(self._limits) if head.chunked else LengthDecoder(request.length or 0)
            continue_owed = head.expects_continue and not request.complete
            self._incoming = Incoming(decoder, continue_owed, held=bool(tunnel_offered))
            request.complete = False
        return self.served, request

    def _next_of_body(self, incoming: Incoming) -> tuple[int, Event] | None:
        if not self._answering:
            return self._drop_body(incoming)
        event = incoming.next(self._inbox)
        if event is None:
            return self._eof_in_body(incoming) if self._eof else None
        if type(event) is End:
            self._incoming = None
        return self.served, event

    def _eof_in_body(self, incoming: Incoming) -> tuple[int, Event] | None:
        if incoming.whole or (self._inbox.held and incoming.credit <= 0):
            return None  # what has come is given out first, as the app asks for it
        raise Broken(400, "the connection ended inside a request's body (RFC 9112 8)")

    def _drop_body(self, incoming: Incoming) -> tuple[int, Event] | None:
        # The answer is complete and the request is not: its rest is read and dropped, within bounds.
        incoming.held = False
        incoming.credit = DRAIN + 1 - incoming.dropped
        while incoming.credit > 0:
            event = incoming.next(self._inbox)
            if event is None:
                self.finished = self._eof
                return None
            if type(event) is not Data:
                self._incoming = None
                return self._next_request()
            incoming.dropped += len(event.data)
        self._finish()
        return None

    def _fail(self, status: int, why: str) -> None:
        if self._incoming is not None and not self._answering:
            self._finish()  # the request has its answer, and what is wrong with its rest gets none of its own
            return
        self._failure = Refused(status, why, b"" if self._answering else self._line)
        self._keep_alive = False
        self._incoming = self._tunnel = None
        self._inbox.clear()
        self.unread = True
        if not self._answering:
            self.served += 1
            self._owed = True

    # From the app

    def credit(self, stream: int, count: int, answered: bool = False) -> None:
        """The app asks for the body: the moment for 100 Continue (RFC 9110 section 10.1.1)."""
        if self._tunnel is not None:
            self._tunnel.credit += count
            return
        incoming = self._incoming
        if incoming is None or stream != self.served:
            return
        incoming.credit += count
        if self._owed and not answered:
            if incoming.continue_owed and not self._inbox.held:
                self.output.append(b"HTTP/1.1 100 Continue\r\n\r\n")
            incoming.continue_owed = False
            incoming.held = False  # who reads before the answer waits for the end, not for a tunnel

    def send_response(self, stream: int, response: Response, body: bytes | None, length: int | None = None) -> bool:
        """Give the answer's head, and with `body` all of it."""
        if not self._owed:
            raise WrongAnswer("an answer where none is due: the request has its own already")
        status = response.status
        if 100 <= status < 200 and status != 101:
            return self._inform(response)
        fields = spelled(response.headers)
        if body and (head := fields.heads.get((status, len(body)))) is not None and self._usual:
            self._owed = False
            self.output.append(b"%b%b\r\n%b" % (head, self._date(), body))
            return True
        framing = frame(self._method, self._version, status, fields.length, length if body is None else len(body))
        opens_tunnel = status == 101 or (self._method == "CONNECT" and 200 <= status < 300)
        keeps = self._keep_alive and not opens_tunnel and self._keeps_alive(fields, framing.unending)
        head = b"%b%b%b%b%b\r\n" % (
            status_line(status),
            fields.lines,
            framing.line,
            b"" if fields.dated else self._date(),
            connection_line(self._method, self._version, status, keeps),
        )
        if body and len(body) <= JOINED and framing.wanted and keeps and self._usual:
            fields.keep_head(status, len(body), framing.line)
        if opens_tunnel:
            self._open_tunnel(response)
        self._owed = False
        self._keep_alive = keeps
        if self._incoming is not None:
            self._incoming.held = False
        if body is None and framing.wanted:
            self.output.append(head)
            self._writer = BodyWriter(framing)
            return True
        whole = body if body and framing.wanted else b""
        self.output += (head + whole,) if len(whole) <= JOINED else (head, whole)
        self._end_answer()
        return framing.wanted

    @property
    def _usual(self) -> bool:
        # Whether an answer's head is that of any other with the same fields, status and length.
        goes_on = self._keep_alive and not self._draining and self._incoming is None
        return goes_on and self._method in FRAMED_ALIKE and self._version == "1.1"

    def _inform(self, response: Response) -> bool:
        if self._version != "1.0":  # RFC 9110 15.2
            self.output.append(spell_informational(response))
        return True

    def _keeps_alive(self, fields: Spelled, unending: bool) -> bool:
        if self._draining or unending or fields.closes or self._method == "CONNECT":
            return False
        return self._incoming is None or self._incoming.droppable(DRAIN)

    def _open_tunnel(self, response: Response) -> None:
        if self._incoming is None or not self._incoming.held or (response.status == 101 and self._method == "CONNECT"):
            raise WrongAnswer("a tunnel that the client did not ask for (RFC 9110 7.8)")
        if response.status == 101 and b"upgrade" not in response.headers:
            raise WrongAnswer("101 without the protocol that follows, in Upgrade (RFC 9110 7.8)")
        if not self._incoming.whole:
            raise WrongAnswer("a tunnel before the end of the request's body (RFC 9110 7.8)")
        self._tunnel = Tunnel(self._incoming.credit)
        self._incoming = None

    def send_data(self, stream: int, piece: Piece) -> None:
        """Give the next piece of the answer's body."""
        if self._writer is None:
            raise WrongAnswer("a piece of a body outside of an answer")
        self.output += self._writer.data(piece)

    def send_end(self, stream: int, trailers: Headers) -> None:
        """Give the end of the answer."""
        if self._writer is None:
            raise WrongAnswer("the end of a body outside of an answer")
        self.output += self._writer.end(trailers)
        self._end_answer()

    def _end_answer(self) -> None:
        self._writer = None
        if not self._keep_alive:
            self._finish()

    def _finish(self) -> None:
        self.finished = True
        if self._inbox.held or self._tunnel is not None or (self._incoming is not None and not self._incoming.whole):
            self.unread = True
        self.unread = self.unread and not self._eof

    def reset(self, stream: int) -> None:
        """An answer cannot be taken back, and the peer would wait for its rest, or take its beginning for all of it."""
        self.broken = True
        self._finish()

    def end(self, why: str) -> None:
        """HTTP/1 has no word for it: whoever closes the link says it all."""
        self.finished = True

    def drain(self) -> None:
        """The next answer is the last and says so; one whose head has left said nothing, so one more may follow."""
        self._draining = True

    def take_output(self) -> list[Piece]:
        """What is to be sent."""
        output, self.output = self.output, []
        return output
