"""A link, an engine and the exchanges between them, moved by one method, `turn`. It knows no protocol by name.

A turn: fill the link into the engine; then, until nothing moves: deliver events to exchanges, collect one piece from
each exchange that has room, flush; then rearm interest and deadline from state. Whatever calls in from outside, a
wake-up or a timer, only asks for a turn.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from math import inf

from pellucid.errors import FileChanged, WrongAnswer
from pellucid.message import END, Data, End, Event, Headers, Refused, Request, Reset, Response
from pellucid.net.link import Link
from pellucid.net.pollers import READ, WRITE
from pellucid.net.reactor import Reactor, Timer
from pellucid.piece import FileSlice, Piece, discard
from pellucid.protocol.engine import Engine
from pellucid.server.exchange import Body, Exchange
from pellucid.server.refusal import refusal
from pellucid.server.timeouts import Deadline, Patience, deadline
from pellucid.watch import Watch

ROUNDS = 16
"""How often a turn goes round before the other connections have theirs."""

App = Callable[[Exchange], None]


class Shared:
    """What all connections of a server have in common."""

    __slots__ = ("app", "closed", "patience", "reactor", "watch")

    def __init__(
        self, reactor: Reactor, app: App, patience: Patience, watch: Watch, closed: Callable[[Connection], None]
    ) -> None:
        self.reactor = reactor
        self.app = app
        self.patience = patience
        self.watch = watch
        self.closed = closed


class Connection:
    """One peer. `lingering` holds since when the answer is out and the rest of a request is dropped unread."""

    __slots__ = (
        "_arrived",
        "_behind",
        "_exchanges",
        "_interest",
        "_phase",
        "_ready",
        "_served",
        "_shared",
        "_since",
        "_soon",
        "_stalled",
        "_timer",
        "_turning",
        "_woken",
        "closed",
        "engine",
        "lingering",
        "link",
    )

    def __init__(self, shared: Shared, link: Link, engine: Engine) -> None:
        self._shared = shared
        self.link = link
        self.engine = engine
        self.lingering: float | None = None
        self.closed = False
        self._exchanges: dict[int, Exchange] = {}
        self._ready: dict[int, Exchange] = {}
        self._turning = False
        self._soon = False
        self._behind = False
        self._woken = False
        self._interest = READ
        self._phase = engine.phase
        self._served = 0
        self._since = shared.reactor.now
        self._arrived = 0
        self._stalled: float | None = None
        self._timer: Timer | None = None

    def open(self) -> None:
        """Begin. Raises OSError where the reactor cannot watch one link more."""
        shared = self._shared
        shared.reactor.add(self.link.fd, READ, self.on_ready)
        if shared.watch.opened:
            shared.watch.tell(shared.watch.opened, self)
        if not self.closed:
            self._rearm()

    # What exchanges may know and ask: the Carrier of exchange.py

    @property
    def peer(self) -> str:
        """The client's address."""
        return self.link.peer

    @property
    def local(self) -> str:
        """The address that the client came to."""
        return self.link.local

    @property
    def now(self) -> float:
        """The loop's seconds."""
        return self._shared.reactor.now

    def wake(self, exchange: Exchange) -> None:
        """The exchange has something to be collected: in this turn if one runs, else in one of its own."""
        if exchange.stream in self._exchanges:
            self._ready[exchange.stream] = exchange
            self._woken = True
            self._ask_for_turn()

    def inform(self, exchange: Exchange, response: Response) -> None:
        """An informational answer."""
        self.engine.send_response(exchange.stream, response, None)
        self._ask_for_turn()

    def credit(self, exchange: Exchange, count: int) -> None:
        """The exchange takes more of its request's body."""
        if exchange.stream in self._exchanges:
            self.engine.credit(exchange.stream, count)
            self._ask_for_turn()

    def abort(self, why: str) -> None:
        """Cut the connection so that the peer cannot take what it got for the whole."""
        self._close(why, abort=True)

    # What the reactor and the server ask

    def on_ready(self, mask: int) -> None:
        """The link is ready. A mask with more than WRITE means that there is something to read, be it the end."""
        if self.lingering is not None:
            self._linger()
        else:
            # What came before is dealt with first, or pipelined requests pile up faster than they are answered.
            self.turn(fill=mask != WRITE and not self._behind)

    def drain(self) -> None:
        """Finish what runs and take nothing new."""
        self.engine.drain()
        self._ask_for_turn()

    # The turn

    def turn(self, fill: bool = False) -> None:
        """Move everything that can be moved. An app's exception ends its answer, one of ours this connection."""
        if self._turning or self.closed or self.lingering is not None:
            return
        self._turning = True
        try:
            if fill:
                self._fill()
            for _ in range(ROUNDS):
                delivered = moved = self._deliver()
                if self._ready:
                    moved |= self._collect()
                moved |= self._flush()
                if self.closed:
                    return
                if not (moved and (self._ready or self.engine.pending)):
                    self._behind = False
                    break
            else:
                self._behind = delivered
                self._put_off()
        except Exception:
            self._close("a fault in the server", abort=True)
            raise
        finally:
            self._turning = False
            if self.closed:
                discard(self.engine.take_output())  # what was given after the cut
        if not self.closed:
            self._rearm()

    def _fill(self) -> None:
        data = self.link.receive()
        if data:
            self.engine.receive(data)
        elif data is not None:
            if self.link.gone or not self._interest & READ:
                # Nobody asked: a hang-up, which the poller would tell for ever, and no answer can arrive any more.
                self._close(self.link.gone or "the client hung up")
                return
            self.engine.receive_eof()
        watch = self._shared.watch
        if watch.filled:
            watch.tell(watch.filled, self, len(data or b""))

    def _deliver(self) -> bool:
        moved = False
        engine = self.engine
        while engine.pending and not self.closed and (item := engine.next_event()) is not None:
            moved = True
            stream, event = item
            watch = self._shared.watch
            if watch.delivered:
                watch.tell(watch.delivered, self, stream, event)
            if type(event) is Request:
                self._begin(stream, event)
            else:
                self._hand_over(stream, event)
        return moved

    def _begin(self, stream: int, request: Request) -> None:
        shared = self._shared
        exchange = self._exchanges[stream] = Exchange(request, self, stream, shared.reactor.now)
        if shared.watch.begun:
            shared.watch.tell(shared.watch.begun, exchange)
        try:
            shared.app(exchange)
        except Exception as error:
            self._fail(exchange, error)

    def _hand_over(self, stream: int, event: Event) -> None:
        exchange = self._exchanges.get(stream)
        if type(event) is Refused:
            self._refuse(stream, exchange, event)
        elif exchange is None:
            return  # it was answered already and does not read on
        elif type(event) is Reset:
            self._end(exchange, event.why)
        else:
            assert type(event) is Data or type(event) is End
            try:
                exchange.take(event)
            except Exception as error:
                self._fail(exchange, error)

    def _collect(self) -> bool:
        moved = self._woken = False
        ready, self._ready = self._ready, {}
        for stream, exchange in ready.items():
            if stream in self._exchanges and exchange.response is not None:
                try:
                    moved |= self._collect_from(exchange, exchange.response)
                except Exception as error:
                    moved = True
                    self._fail(exchange, error)
        return moved or self._woken

    def _collect_from(self, exchange: Exchange, response: Response) -> bool:
        body, stream = exchange.body, exchange.stream
        if response.status < 200 or exchange.request.method == "CONNECT":
            check_final(exchange.request, response, body)
        if isinstance(body, bytes):
            wanted = self.engine.send_response(stream, response, body)
            exchange.started = True
            if wanted:
                exchange.body_sent = len(body)
                self._tell_collected(stream, body)
            self._end(exchange)
            return True
        room = min(self.link.room, self.engine.room(stream))
        if room <= 0:
            self._ready[stream] = exchange
            return False
        # The first piece is pulled before the head goes out: a source that fails at once still becomes a 500.
        piece = body.pull(room) if exchange.request.method != "HEAD" else END
        if self.closed:  # by the source
            release(piece)
            return False
        try:
            check_piece(piece)
            return self._give(exchange, response, body.length, piece)
        except Exception:
            release(piece)
            raise

    def _give(self, exchange: Exchange, response: Response, length: int | None, piece: Piece | End | None) -> bool:
        stream, engine = exchange.stream, self.engine
        begins = not exchange.started
        if begins:
            wanted = engine.send_response(stream, response, None, length)
            exchange.started = True
            if not wanted:
                release(piece)
                self._end(exchange)
                return True
        if piece is None:
            return begins
        if isinstance(piece, End):
            engine.send_end(stream, piece.trailers)
            self._end(exchange)
            return True
        count = len(piece)
        self._tell_collected(stream, piece)
        engine.send_data(stream, piece)
        exchange.body_sent += count
        self._ready[stream] = exchange
        return True

    def _flush(self) -> bool:
        link = self.link
        pieces = self.engine.take_output()
        if not pieces and not link.waiting:
            return False
        sent = link.send(pieces)
        watch = self._shared.watch
        if watch.flushed:
            watch.tell(watch.flushed, self, sent)
        if link.gone:
            self._close(link.gone, abort=True)
        if not link.waiting:
            self._stalled = None
        elif sent or self._stalled is None:
            self._stalled = self._shared.reactor.now
        return sent > 0

    def _tell_collected(self, stream: int, piece: Piece) -> None:
        watch = self._shared.watch
        if watch.collected:
            watch.tell(watch.collected, self, stream, piece)

    # Interest and deadline, from state

    def _rearm(self) -> None:
        engine, link, reactor = self.engine, self.link, self._shared.reactor
        waiting = link.waiting
        if engine.finished and not waiting:
            self._finish()
            return
        interest = (READ if engine.hungry else 0) | (WRITE if waiting else 0)
        timed = waiting or self._timer is None
        if interest != self._interest:
            timed = True  # if nothing waits any more, another patience applies
            reactor.change(link.fd, interest)
            self._interest = interest
        phase, served = engine.phase, engine.served
        if phase is not self._phase or served != self._served:
            # With the same phase again, for another request, the deadline moves on: the timer may fire too early.
            timed = timed or phase is not self._phase
            self._phase, self._served = phase, served
            self._since = reactor.now
            self._arrived = engine.body_arrived
        if timed:
            self._set_timer()
        watch = self._shared.watch
        if watch.rearmed:
            watch.tell(watch.rearmed, self)

    def _set_timer(self) -> None:
        # One timer, and a lazy one: set only if none is due earlier; if it fires too early it goes back to sleep.
        when = self._deadline().when
        timer = self._timer
        if timer is None or timer.when > when:
            if timer is not None:
                timer.cancel()
            self._timer = self._shared.reactor.at(when, self._on_time) if when != inf else None

    def _deadline(self) -> Deadline:
        patience = self._shared.patience
        if self.lingering is not None:
            return Deadline(self.lingering + patience.linger, "linger")
        engine = self.engine
        return deadline(patience, self._phase, self._since, engine.body_arrived - self._arrived, self._stalled)

    def _on_time(self) -> None:
        self._timer = None
        due = self._deadline()
        if due.when > self._shared.reactor.now:
            self._set_timer()
        elif due.limit in ("head-time", "body-rate"):
            self.engine.refuse(408, f"the request came too slowly: {due.limit} (RFC 9110 15.5.9)")
            self.turn()
        else:
            stalled = due.limit == "write-stall"
            self._shared.watch.note("info" if stalled else "debug", f"{self.peer or self.local} closed: {due.limit}")
            self._close(due.limit, abort=stalled)

    # The ends

    def _ask_for_turn(self) -> None:
        if not (self._turning or self.closed):
            self._put_off()

    def _put_off(self) -> None:
        if not self._soon:
            self._soon = True
            self._shared.reactor.soon(self._turn_late)

    def _turn_late(self) -> None:
        self._soon = False
        self.turn()

    def _refuse(self, stream: int, exchange: Exchange | None, refused: Refused) -> None:
        watch = self._shared.watch
        if not watch.ended:  # else the exchange tells it: one line is enough
            watch.note("info", f"{self.peer or self.local} refused with {refused.status}: {refused.why}")
        if exchange is not None and exchange.started:
            self._close(refused.why, abort=True)
            return
        if exchange is None:
            request = Request("", b"", b"", b"", b"", Headers())
            exchange = self._exchanges[stream] = Exchange(request, self, stream, self.now)
            if watch.begun:
                watch.tell(watch.begun, exchange)
        self._answer_for(exchange, refused.status, refused.why)
        self._guard(lambda: exchange.lose(refused.why))

    def _fail(self, exchange: Exchange, error: Exception) -> None:
        why = f"{type(error).__name__}: {error}"
        if isinstance(error, FileChanged):
            self._shared.watch.note("warning", f"{exchange.request.path.decode('latin-1')}: {error.strerror}")
        else:
            self._shared.watch.note("error", f"the app failed\n{''.join(traceback.format_exception(error))}")
        if self.closed or exchange.stream not in self._exchanges:
            return
        if exchange.started:
            exchange.why = why
            self._close(why, abort=True)
        else:
            self._answer_for(exchange, 500, "")
            exchange.why = why

    def _answer_for(self, exchange: Exchange, status: int, why: str) -> None:
        self._guard(exchange.close_body)
        exchange.response, exchange.body = refusal(status, why)
        exchange.why = why
        self._ready[exchange.stream] = exchange

    def _end(self, exchange: Exchange, why: str = "") -> None:
        if self._exchanges.pop(exchange.stream, None) is None:
            return  # the connection was cut meanwhile
        if why:
            self._guard(lambda: exchange.lose(why))
        if not isinstance(exchange.body, bytes):
            self._guard(exchange.close_body)
        watch = self._shared.watch
        if watch.ended:
            exchange.finished = self._shared.reactor.clock()  # not the round's: durations are of interest here
            watch.tell(watch.ended, exchange)

    def _guard(self, call: Callable[[], None]) -> None:
        # What an app does at an end of its exchange is not to be answered any more.
        try:
            call()
        except Exception:
            self._shared.watch.note("error", f"the app failed at its end\n{traceback.format_exc()}")

    def _finish(self) -> None:
        # RFC 9112 9.6: closing at once, with bytes unread, resets the connection, and the reset can overtake the answer
        # on its way; so the end is told first, and what still comes is read and dropped for a while.
        if not self.engine.unread:
            self._close("")
            return
        self.lingering = self._shared.reactor.now
        self.link.finish()
        if self._interest != READ:
            self._shared.reactor.change(self.link.fd, READ)
            self._interest = READ
        self._set_timer()

    def _linger(self) -> None:
        if self.link.receive() == b"":
            self._close("")

    def _close(self, why: str, abort: bool = False) -> None:
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._shared.reactor.remove(self.link.fd)
        discard(self.engine.take_output())
        if abort:
            self.link.abort()
        else:
            self.link.close()
        for exchange in list(self._exchanges.values()):
            self._end(exchange, why or "the connection ended")
        self._shared.closed(self)
        watch = self._shared.watch
        if watch.closed:
            watch.tell(watch.closed, self, why)


def check_final(request: Request, response: Response, body: Body) -> None:
    """Raise WrongAnswer for an answer after which the exchange would never end."""
    status = response.status
    if status < 200 and status != 101:
        raise WrongAnswer(f"{status} is no final answer: it goes out by inform (RFC 9110 15.2)")
    if isinstance(body, bytes) and (status == 101 or (request.method == "CONNECT" and status < 300)):
        raise WrongAnswer("an answer that opens a tunnel needs a source of what goes back (RFC 9110 7.8, 9.3.6)")


def check_piece(piece: object) -> None:
    """Raise WrongAnswer for what is no piece. An empty one would be taken for the end by chunked coding."""
    if not (isinstance(piece, bytes | FileSlice) and piece) and piece is not None and type(piece) is not End:
        raise WrongAnswer(
            f"a source gave {piece!r} for a piece: None says that there is nothing yet, End that it is over"
        )


def release(piece: Piece | End | None) -> None:
    """Let go of a piece that was pulled and will not be sent."""
    if isinstance(piece, FileSlice):
        piece.release()
