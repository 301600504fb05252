"""A link and an engine, and the exchanges between them, moved by one method, `turn`. It knows no protocol by name.

A turn: fill the link into the engine; then, until nothing moves: deliver events to exchanges, collect one piece from
each exchange that has room, flush; then rearm interest and deadline from state. Whatever calls in from outside, a
wake-up or a timer, only asks for a turn.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from pellucid.net.link import RECEIVE, Link
from pellucid.net.pollers import READ, WRITE
from pellucid.net.reactor import Timer
from pellucid.piece import discard
from pellucid.protocol.choose import Opening
from pellucid.protocol.engine import Engine, Phase
from pellucid.server.exchanges import Exchanges
from pellucid.server.patience import due, run_out
from pellucid.server.shared import Shared
from pellucid.server.timeouts import Stall, stalled

ROUNDS = 16
"""How often a turn goes round before the other connections have theirs."""


class Connection:
    """One peer. `ended` is called once, when all is over.

    `opening` tells of the first bytes whether they are for another engine, and is dropped when that is known.
    `since` is when its peer began what it is at now, `lingering` when the last answer was out and the rest of a request
    began to be dropped unread, `stall` how long patience lasts with a link that does not take all. `_turning` guards a
    turn against another within it, `_soon` says that one is asked for, `_behind` that the last one ran out of rounds or
    of time before it had dealt with what came, and `_calm` that after the last one all was set as it is between whole
    requests. `_ahead` counts what was read while the link was full, in bytes, less what it has sent since.
    """

    __slots__ = (
        "_ahead",
        "_answered",
        "_behind",
        "_calm",
        "_ended",
        "_exchanges",
        "_interest",
        "_opening",
        "_phase",
        "_served",
        "_shared",
        "_soon",
        "_timer",
        "_turning",
        "closed",
        "engine",
        "lingering",
        "link",
        "since",
        "stall",
    )

    def __init__(
        self,
        shared: Shared,
        link: Link,
        engine: Engine,
        ended: Callable[[Connection], None],
        opening: Opening | None = None,
    ) -> None:
        self._shared = shared
        self._ended = ended
        self._opening = opening
        self.link = link
        self.engine = engine
        self.lingering: float | None = None
        self.closed = False
        self._exchanges = Exchanges(shared, self)
        self._turning = False
        self._soon = False
        self._behind = False
        self._calm = False
        self._interest = READ
        self._phase: Phase | None = engine.phase
        self._served = 0
        self._answered = 0
        self._ahead = 0
        self.since = shared.reactor.now
        self.stall: Stall | None = None
        self._timer: Timer | None = None

    def open(self) -> None:
        """Begin. Raises OSError where the reactor cannot watch one link more."""
        shared = self._shared
        shared.reactor.add(self.link.fd, READ, self.on_ready)
        if shared.watch.opened:
            shared.watch.tell(shared.watch.opened, self)
        if self.engine.multiplexed:
            self.link.shorten()
        if not self.closed:
            self._rearm(self.engine.pending)
            if self.link.held:
                shared.reactor.promptly(self._fill_late)

    @property
    def peer(self) -> str:
        """The client's address."""
        return self.link.peer

    def on_ready(self, mask: int) -> None:
        """The link is ready. A mask with more than WRITE means that there is something to read, be it the end."""
        if self.lingering is not None:
            self._linger()
        else:
            # What came before is dealt with first, or pipelined requests pile up faster than they are answered.
            self.turn(fill=mask != WRITE and not self._behind)

    def ask_for_turn(self) -> None:
        """Something can be moved: in the turn that runs, if one does, else in one of its own."""
        if not (self._turning or self.closed or self._soon):
            self._soon = True
            if len(self._exchanges.open) > 1:  # one turn, and one send, for all that is answered by and by
                self._shared.reactor.soon(self._turn_late)
            else:
                self._shared.reactor.promptly(self._turn_late)

    def put_off_turn(self) -> None:
        """The same, together with what else the loop has to do next."""
        if not (self._turning or self.closed):
            self._put_off()

    def _put_off(self) -> None:
        if not self._soon:
            self._soon = True
            self._shared.reactor.soon(self._turn_late)

    @property
    def clear(self) -> bool:
        """Whether nothing moves now, and nothing waits to: what an app says outside of a round can go out as it is."""
        reactor, link = self._shared.reactor, self.link
        return not (reactor.in_round or self._soon or self._turning or link.waiting or link.gone or self.engine.output)

    def flush(self) -> None:
        """Give the engine's output to the link, outside of a turn; one follows if something is left to be done."""
        self._flush()
        if self.link.waiting or self.link.gone:
            self.ask_for_turn()

    def drain(self, replaced: bool = False) -> None:
        """The next answer is the last one, and what runs is told so; a connection that rests stays. `replaced`: clients
        that come again find another process at work.
        """
        self.engine.drain()
        self._exchanges.stop(replaced)
        self.ask_for_turn()

    def close_if_idle(self) -> None:
        """Close, unless a request runs or is on its way: what has come and was not looked at yet counts."""
        self.turn(fill=True)
        if self.idle:
            self.leave("")

    @property
    def idle(self) -> bool:
        """Whether it rests between two requests."""
        resting = self.engine.phase is Phase.IDLE and not self.link.waiting
        return resting and not self.closed and self.lingering is None

    def turn_away(self, status: int, why: str) -> None:
        """Refuse whatever the peer asks, and close without lingering: there is no place for it to wait in."""
        self.engine.refuse(status, why)
        self.turn()
        if not self.closed:
            self.link.receive()  # left unread, a request would make a reset of the end, which can overtake the answer
            self._close("")

    def leave(self, why: str, limit: str = "", abort: bool = False) -> None:
        """Close, with the protocol's last words where it has any; see `Engine.end` for the limit."""
        self.engine.end(limit)
        if self.engine.output:
            self.link.receive()  # left unread, it would make a reset of the end, which can overtake the last words
            self._flush()
        self._close(why, abort)

    def abort(self, why: str) -> None:
        """Cut the connection: at once, or at the end of the turn that runs. The peer cannot take what it got for the
        whole.
        """
        self._exchanges.cut = self._exchanges.cut or why
        if not self._turning:
            self._close(why, abort=True)

    # The turn

    def turn(self, fill: bool = False) -> None:
        """Move everything that can be moved. An app's exception ends its answer, one of ours this connection."""
        if self._turning or self.closed or self.lingering is not None:
            return
        self._turning = True
        came = True
        try:
            if fill:
                came = self._fill()
            pending = self._move(fill)
        except BaseException:
            self._close("a fault in the server", abort=True)
            raise
        finally:
            self._turning = False
        if why := self._exchanges.cut or self.link.gone:
            self._close(why, abort=True)
        else:
            self._rearm(pending or not came)  # what brings nothing is no sign of life: patience goes on

    def _move(self, filled: bool) -> bool:
        # Answers whether the engine is in the middle of something.
        exchanges, engine, link = self._exchanges, self.engine, self.link
        pending = filled or engine.pending
        for _ in range(ROUNDS):
            delivered = moved = pending and exchanges.deliver()
            if exchanges.ready:
                moved |= exchanges.collect(link.room)
            if engine.output or link.waiting:
                moved |= self._flush()
            pending = engine.pending
            if not (moved and (exchanges.ready or pending)):
                self._behind = False
                return pending
            if exchanges.cut or link.gone:
                return pending
            if self._shared.late:  # one request can cost much
                break
        self._behind = delivered
        self._put_off()
        return pending

    def _turn_late(self) -> None:
        self._soon = False
        self.turn()

    def _fill(self) -> bool:
        # Answers whether something came, be it the end.
        data = self.link.receive()
        if data:
            if self.link.waiting and not self.link.room:
                self._ahead += len(data)
            if self._opening is None:
                self.engine.receive(data)
            else:
                self._take_first(self._opening, data)
        elif data is not None and not self.link.gone:
            if self._interest & READ:
                self.engine.receive_eof()
                self._exchanges.half_close()
            else:
                # Nobody asked: a hang-up, which the poller would tell for ever, and no answer can arrive any more.
                self._exchanges.cut = "the client hung up"
        watch = self._shared.watch
        if watch.filled:
            watch.tell(watch.filled, self, len(data or b""))
        if self.link.held:
            self._shared.reactor.soon(self._fill_late)
        return data is not None

    def _fill_late(self) -> None:
        self.turn(fill=True)

    def _take_first(self, opening: Opening, data: bytes) -> None:
        other = opening.other(data)
        if other is not None:
            self.engine = other
            if other.multiplexed:
                self.link.shorten()
            if self._exchanges.stopping:  # what the one before was told of
                other.drain()
        else:
            self.engine.receive(data)
        if not opening.open:
            self._opening = None

    def _flush(self) -> bool:
        link = self.link
        sent = link.send(self.engine.take_output())
        if self._ahead:
            self._ahead = max(self._ahead - sent, 0)
        watch = self._shared.watch
        if watch.flushed:
            watch.tell(watch.flushed, self, sent)
        shared = self._shared
        self.stall = stalled(shared.patience, self.stall, shared.reactor.now, sent) if link.waiting else None
        return sent > 0

    # Interest and deadline, from state

    def _rearm(self, pending: bool) -> None:
        link, shared = self.link, self._shared
        if self.engine.finished and not link.waiting:
            self._finish()
            return
        exchanges = self._exchanges
        paces = exchanges.paces
        ended = exchanges.ended != self._answered
        if pending or link.waiting or not self._calm or paces.reading or paces.shut or (ended and not self._timer):
            self._rearm_in_full()
        else:
            # Between whole requests, as most turns end, or in a tunnel: the peer may send, and no timer comes nearer.
            self._phase = None
            if ended:  # to ask whether anybody is there puts nothing off
                self._answered = exchanges.ended
                self.since = shared.reactor.now
        if shared.watch.rearmed:
            shared.watch.tell(shared.watch.rearmed, self)

    def _rearm_in_full(self) -> None:
        engine, link, reactor = self.engine, self.link, self._shared.reactor
        paces = self._exchanges.paces
        timed = link.waiting or self._timer is None or bool(paces.reading or paces.shut)
        # What a peer asks for piles up if it does not read; but one that takes a large answer may have to say that it
        # wants it no more, or something else first.
        interest = link.interest(engine.hungry and (link.room > 0 or self._ahead < RECEIVE))
        if interest != self._interest:
            timed = True  # where nothing waits for the peer any more, another patience applies
            reactor.change(link.fd, interest)
            self._interest = interest
        phase, served = engine.phase, engine.served
        if phase is not self._phase or served != self._served:
            # In the same phase, for another request, the deadline only moves on, and a timer may fire too early.
            timed = timed or phase is not self._phase
            self._phase, self._served = phase, served
            self.since = reactor.now
        if timed:
            self._set_timer()
        patience = self._shared.patience
        self._calm = interest == READ and self._timer is not None and not patience.request_timeout
        if phase is Phase.TUNNEL and interest == READ:  # nobody is waited for, until an exchange ends
            self._calm = not patience.request_timeout
            self._answered = self._exchanges.ended

    def _set_timer(self) -> None:
        # One timer, and a lazy one: set only if none is due earlier; if it fires too early it goes back to sleep.
        when = due(self, self._exchanges, self._shared).when
        timer = self._timer
        if timer is None or timer.when > when:
            if timer is not None:
                timer.cancel()
            self._timer = self._shared.reactor.at(when, self._on_time) if when != inf else None

    def _on_time(self) -> None:
        self._timer = None
        self._calm = False
        when, limit = due(self, self._exchanges, self._shared)
        if when > self._shared.reactor.now:
            self._set_timer()
        else:
            run_out(limit, self, self._exchanges, self._shared)

    # The ends

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
        self._exchanges.lose(why or "the connection ended")
        self._exchanges.let_go()
        self._ended(self)
        watch = self._shared.watch
        if watch.closed:
            watch.tell(watch.closed, self, why)
