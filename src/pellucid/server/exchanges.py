"""The exchanges of one connection: from its engine's events to apps, and from their answers back. It knows no link."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf

from pellucid.message import Data, End, Event, Refused, Request, Reset, Response
from pellucid.net.reactor import Timer
from pellucid.piece import Piece, Portions
from pellucid.server.exchange import Exchange
from pellucid.server.failing import answer_instead, guard, note_failure, unreadable
from pellucid.server.judgement import check_final, check_first, check_piece, release
from pellucid.server.owner import Owner
from pellucid.server.paces import Paces
from pellucid.server.shared import Shared


class Exchanges:
    """The exchanges under way by their streams, and their Carrier. `ready` are those that have something to be
    collected; how fast bodies move, `paces` knows. `ended` counts those that have ended, `gave` is when last a part of
    an answer was given out. `cut` is why the connection must be cut, empty while all is well: in some protocols nothing
    else can say that an answer is not complete.
    """

    __slots__ = (
        "_half_closed",
        "_owner",
        "_replaced",
        "_room",
        "_shared",
        "_woken",
        "cut",
        "ended",
        "gave",
        "local",
        "open",
        "paces",
        "peer",
        "peer_port",
        "ready",
        "secured",
        "stopping",
    )

    def __init__(self, shared: Shared, owner: Owner) -> None:
        self._shared = shared
        self._owner = owner
        link = owner.link
        self.peer, self.peer_port, self.local, self.secured = link.peer, link.peer_port, link.local, link.secured
        self.open: dict[int, Exchange] = {}
        self.ready: dict[int, Exchange] = {}
        self.paces = Paces(shared)
        self._room = 0
        self._woken = False
        self._half_closed = False
        self.stopping = False
        self.ended = 0
        self.gave = -inf
        self._replaced = False
        self.cut = ""

    # What exchanges may know and ask

    @property
    def now(self) -> float:
        """The loop's seconds."""
        return self._shared.reactor.now

    @property
    def late(self) -> bool:
        """Whether this round of the loop has lasted so long that what can wait should."""
        return self._shared.late

    def new_id(self) -> str:
        """A name for a request that no other one has."""
        return self._shared.new_id()

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call at a moment of the loop's clock."""
        return self._shared.reactor.at(when, callback)

    def wake(self, exchange: Exchange) -> None:
        """The exchange has something to be collected."""
        if exchange.stream in self.open:
            self.ready[exchange.stream] = exchange
            self._woken = True
            self._owner.ask_for_turn()

    def wake_soon(self, exchange: Exchange) -> None:
        """The same, with what follows."""
        if exchange.stream in self.open:
            self.ready[exchange.stream] = exchange
            self._woken = True
            self._owner.put_off_turn()

    def push(self, exchange: Exchange, piece: bytes) -> bool:
        """The short way of a piece, where no turn is needed: none runs, and nobody else has anything to say."""
        stream = exchange.stream
        if self.ready or stream not in self.open:
            return False
        owner = self._owner
        engine = owner.engine
        if not owner.clear or engine.room(stream) < len(piece):
            return False
        engine.send_data(stream, piece)
        self._collected(exchange, piece)
        owner.flush()
        return True

    def note(self, level: str, text: str) -> None:
        """Say something to the person who runs the server."""
        self._shared.watch.note(level, text)

    def complain(self, exchange: Exchange, why: str) -> None:
        """The peer broke a rule in its tunnel."""
        watch = self._shared.watch
        if watch.refused:
            watch.tell(watch.refused, self._owner, 0, why)
        exchange.note("info", why)

    def inform(self, exchange: Exchange, response: Response) -> None:
        """An informational answer."""
        self._owner.engine.send_response(exchange.stream, response, None)
        self._owner.ask_for_turn()

    def credit(self, exchange: Exchange, count: int) -> None:
        """The exchange takes more of its request's body."""
        stream = exchange.stream
        if stream in self.open:
            answered = exchange.answered
            if not (answered and exchange.tunnel):  # a tunnel has no pace
                self.paces.ask(stream, count)
            self._owner.engine.credit(stream, count, answered)
            self._owner.ask_for_turn()

    def abort(self, exchange: Exchange, why: str) -> None:
        """The exchange is given up, with the connection where that alone can tell the peer."""
        engine = self._owner.engine
        if exchange.stream in self.open:
            exchange.why = exchange.why or why
            engine.reset(exchange.stream)
            if engine.broken:
                self.cut = self.cut or why
            else:
                self._end(exchange, why)
            self._owner.ask_for_turn()

    def go_on(self, exchange: Exchange, call: Callable[[], None]) -> None:
        """What a feature has held goes on."""
        if self.open.get(exchange.stream) is exchange and exchange.response is None:
            try:
                call()
            except BaseException as error:
                self._fail(exchange, error)
                self._owner.ask_for_turn()

    # What the connection asks

    @property
    def oldest(self) -> float:
        """When the oldest of the exchanges began, in the loop's seconds; without end where there is none. Tunnels are
        none of those: they may last.
        """
        return next((exchange.begun for exchange in self.open.values() if not exchange.tunnel), inf)

    def half_close(self) -> None:
        """The client sends no more."""
        self._half_closed = True
        self._tell_leaving()

    def stop(self, replaced: bool) -> None:
        """The server was told to stop, or to give way to another."""
        self.stopping = True
        self._replaced = replaced
        self._tell_leaving()

    def expire(self, begun_by: float, why: str) -> None:
        """Answer for those that began by then and have no whole answer yet; one that has begun is cut."""
        for exchange in [each for each in self.open.values() if each.begun <= begun_by and not each.tunnel]:
            exchange.expired = True
            if exchange.started:
                self.abort(exchange, why)
            else:
                self._answer_for(exchange, 503, why)
                guard(self._shared.watch, partial(exchange.lose, why))

    def deliver(self) -> bool:
        """Give the engine's events to their exchanges; answers whether there were any."""
        moved = False
        engine = self._owner.engine
        while not self.cut and (item := engine.next_event()) is not None:
            moved = True
            stream, event = item
            watch = self._shared.watch
            if watch.delivered:
                watch.tell(watch.delivered, self._owner, stream, event)
            if type(event) is Request:
                self._begin(stream, event)
            else:
                self._hand_over(stream, event)
            if not engine.pending:
                break
        return moved

    def collect(self, room: int) -> bool:
        """Take one piece from each exchange while the link has room; answers whether another round is worth it."""
        moved = self._woken = False
        self._room = room
        ready, self.ready = self.ready, {}
        for stream in self._owner.engine.in_order(ready) if len(ready) > 1 else ready:
            exchange = ready[stream]
            if stream in self.open and exchange.response is not None and not self.cut:
                try:
                    moved |= self._collect_from(exchange, exchange.response)
                except BaseException as error:
                    moved = True
                    self._fail(exchange, error)
        return moved or self._woken

    def abort_stalled(self) -> None:
        """Give up the answers for which the peer has made no room in time."""
        for stream, limit in self.paces.overdue(self._owner.engine):
            exchange = self.open[stream]
            exchange.note("info", limit)
            self.abort(exchange, limit)

    def lose(self, why: str) -> None:
        """The connection has ended, and with it all exchanges that have not."""
        for exchange in list(self.open.values()):
            self._end(exchange, why)

    def let_go(self) -> None:
        """Forget the connection, which is closed: nothing is asked of it any more, and no collector needs to come."""
        self.ready.clear()
        del self._owner

    def _begin(self, stream: int, request: Request) -> None:
        shared = self._shared
        exchange = self.open[stream] = Exchange(request, self, stream, shared.reactor.now)
        if self._half_closed or self.stopping:
            self._mark(exchange)
        if shared.watch.begun:
            shared.watch.tell(shared.watch.begun, exchange)
        try:
            shared.app(exchange)
        except BaseException as error:
            self._fail(exchange, error)

    def _hand_over(self, stream: int, event: Event) -> None:
        exchange = self.open.get(stream)
        if type(event) is Data or type(event) is End:
            if exchange is None:
                return  # it was answered already and does not read on
            if self.paces.reading:
                self.paces.count(stream, event)
            try:
                exchange.take(event)
            except BaseException as error:
                self._fail(exchange, error)
        elif type(event) is Refused:
            self._refuse(stream, exchange, event)
        elif type(event) is Reset and exchange is not None:
            self._end(exchange, event.why)

    def _tell_leaving(self) -> None:
        for exchange in list(self.open.values()):
            self._mark(exchange)
            guard(self._shared.watch, exchange.leave)

    def _mark(self, exchange: Exchange) -> None:
        exchange.half_closed, exchange.stopping, exchange.replaced = self._half_closed, self.stopping, self._replaced

    def _collect_from(self, exchange: Exchange, response: Response) -> bool:
        body, stream = exchange.body, exchange.stream
        if self._room <= 0:  # whole answers wait too, or whoever asks and does not read fills the memory
            self.ready[stream] = exchange
            return False
        if not exchange.started and (response.status < 200 or exchange.request.method == "CONNECT"):
            check_final(exchange.request, response, body)
        engine = self._owner.engine
        if isinstance(body, bytes):
            wanted = engine.send_response(stream, response, body)
            if wanted is not None:
                exchange.started = True
                if wanted:
                    self._collected(exchange, body)
                self._end(exchange)
                return True
            body = exchange.body = Portions(body)
        window = engine.room(stream)
        if window <= 0 and exchange.started:
            return self._wait_for_room(exchange)
        room = min(self._room, window)
        # The first piece is pulled before the head goes out: a source that fails at once still becomes a 500. A head
        # by itself needs no room, and some peers make room for a body when they have been told of it.
        piece = body.pull(room) if room > 0 and exchange.request.method != "HEAD" else None
        try:
            if type(piece) is not bytes or not piece:
                check_piece(piece)
            return self._give(exchange, response, body.length, piece)
        except BaseException:
            release(piece)
            raise

    def _give(self, exchange: Exchange, response: Response, length: int | None, piece: Piece | End | None) -> bool:
        stream, engine = exchange.stream, self._owner.engine
        begins = not exchange.started
        if begins:
            check_first(response, length, piece)
            wanted = engine.send_response(stream, response, None, length)
            exchange.started = True
            if not wanted:
                release(piece)
                self._end(exchange)
                return True
            watch = self._shared.watch
            if watch.tunnelled and exchange.tunnel:
                watch.tell(watch.tunnelled, exchange)
        if piece is None:
            return begins if engine.room(stream) > 0 else self._wait_for_room(exchange) or begins
        if isinstance(piece, End):
            engine.send_end(stream, piece.trailers)
            self._end(exchange)
            return True
        engine.send_data(stream, piece)
        self._collected(exchange, piece)
        self.gave = self.now
        if engine.room(stream) <= 0:
            self.paces.find_shut(stream, len(piece))
        elif self.paces.shut:
            self.paces.shut.pop(stream, None)
        if getattr(exchange.body, "more", True):  # to pull in vain is a seventh of what a small message costs
            self.ready[stream] = exchange
        return True

    def _wait_for_room(self, exchange: Exchange) -> bool:
        self.paces.find_shut(exchange.stream, 0)
        self.ready[exchange.stream] = exchange
        return False

    def _collected(self, exchange: Exchange, piece: Piece) -> None:
        self._room -= len(piece)
        exchange.body_sent += len(piece)
        watch = self._shared.watch
        if watch.collected:
            watch.tell(watch.collected, self._owner, exchange.stream, piece)

    def _refuse(self, stream: int, exchange: Exchange | None, refused: Refused) -> None:
        watch = self._shared.watch
        if watch.refused:
            watch.tell(watch.refused, self._owner, refused.status, refused.why)
        if not refused.status:  # no request stands for it in the access log
            watch.note("info", f"{self.peer or self.local}: {refused.why}")
            return
        if exchange is not None and exchange.started:
            self.abort(exchange, refused.why)
            return
        if exchange is None:
            begun = self._owner.since if refused.status == 408 else self.now
            exchange = self.open[stream] = unreadable(refused, self, stream, begun)
            if watch.begun:
                watch.tell(watch.begun, exchange)
        self._answer_for(exchange, refused.status, refused.why)
        guard(watch, lambda: exchange.lose(refused.why))

    def _fail(self, exchange: Exchange, error: BaseException) -> None:
        status, why = note_failure(exchange, error, self._shared.watch)
        if exchange.stream not in self.open:
            return
        if exchange.started:
            self.abort(exchange, why)
        else:
            self._answer_for(exchange, status, "")
            exchange.why = why

    def _answer_for(self, exchange: Exchange, status: int, why: str) -> None:
        answer_instead(exchange, status, why, self._shared.watch)
        self.ready[exchange.stream] = exchange

    def _end(self, exchange: Exchange, why: str = "") -> None:
        del self.open[exchange.stream]
        self.ended += 1
        paces = self.paces
        if paces.reading or paces.shut:
            paces.forget(exchange.stream)
        watch = self._shared.watch
        if why:
            guard(watch, lambda: exchange.lose(why))
        if not isinstance(exchange.body, bytes):
            guard(watch, exchange.close_body)
        if watch.ended:
            exchange.finished = self._shared.reactor.clock()  # not the round's: durations are of interest here
            watch.tell(watch.ended, exchange)
