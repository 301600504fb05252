"""Sessions around a place: read when an app asks for them, and written before the head of its answer goes out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pellucid.features.feature import ChangedHeaders, Ground
from pellucid.features.sessions.cookies import Cookies, text_of
from pellucid.features.sessions.keeping import Keeping
from pellucid.features.sessions.records import Change, Unkept, settle
from pellucid.features.sessions.settings import SessionSettings
from pellucid.features.sessions.signing import Signing
from pellucid.features.sessions.turns import Turns
from pellucid.features.sessions.visit import Span, Visit
from pellucid.message import Field, Headers, Response
from pellucid.piece import Body, close
from pellucid.semantics.negotiation import varying
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held
from pellucid.server.refusal import refusal
from pellucid.session import Session

RETRY = b"5"
"""After how many seconds a client may ask again."""


class Sessions:
    """The sessions of all places that have these settings. ValueError says what is wrong with one of them.

    `turns` tells who has their turn, where requests of one session wait for each other.
    """

    __slots__ = ("_clock", "_cookies", "_keeping", "_reactor", "_span", "_vary", "turns")

    def __init__(
        self, settings: SessionSettings, keeping: Keeping, signing: Signing, ground: Ground, clock: Callable[[], float]
    ) -> None:
        self._reactor = ground.reactor
        self._clock = clock
        self._span = Span.of(settings)
        self._keeping = keeping
        self._cookies = Cookies(settings, signing, int(self._span.age))
        self._vary = ChangedHeaders(lambda headers: varying(headers, b"Cookie"))
        self.turns: Turns | None = None
        if settings.session_exclusive:
            if keeping.desk is None:
                raise ValueError(
                    "--session-exclusive: in a cookie requests cannot wait for each other; choose another store"
                )
            self.turns = Turns(ground.reactor, clock, keeping.desk)
            ground.watch.ended.append(self.ended)

    def ask(self, exchange: Exchange) -> Held | None:
        """Give the exchange its session, which is read when somebody asks for it."""
        visit = Visit(self._cookies.shown(exchange.request), self._keeping.read, self._span, self._clock)
        exchange.session = Session.of(visit)
        if not visit.shown or self._keeping.desk is None:
            return None
        if self.turns is not None:
            held = Held(exchange)
            self.turns.enter(exchange, visit.name, partial(self._at_turn, exchange, visit, held))
            return held
        standing = self._keeping.desk.standing
        if standing.just_down:
            exchange.respond(*unavailable())
        elif self._keeping.readers is not None:
            held = Held(exchange)
            self._read_ahead(exchange, visit, held)
            return held
        elif standing.down:  # it is tried here, where nobody's app has to see it fail
            try:
                visit.fetch()
            except Unkept:
                exchange.respond(*unavailable())
        return None

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body] | Held:
        """Keep what the session holds now."""
        session = exchange.session
        if session is None or type(session.source) is not Visit:
            return response, body
        visit = session.source
        if visit.down is not None or (session.read and visit.shown):
            self._found(visit.down)
        if visit.down is not None:
            close(body)
            response, body = unavailable()
        elif session.read:
            response = Response(response.status, self._vary.of(response.headers))
            try:
                change = visit.change(session)
                if change is not None:
                    return self._keep(exchange, visit, change, response, body)
            except (TypeError, ValueError) as error:
                exchange.note("error", f"the session cannot be kept: {error}")
                close(body)
                response, body = refusal(500)
        self._leave(exchange, visit)
        return response, body

    def ended(self, exchange: Exchange) -> None:
        """Whatever has become of an exchange, others may have their turn, behind what it writes just now."""
        session = exchange.session
        if session is not None and type(session.source) is Visit and not exchange.held:
            self._leave(exchange, session.source)

    # Before the app

    def _at_turn(self, exchange: Exchange, visit: Visit, held: Held, why: str) -> None:
        if why:
            held.release(*unavailable(why))
        elif self._keeping.readers is not None:
            self._read_ahead(exchange, visit, held)
        else:
            held.release()

    def _read_ahead(self, exchange: Exchange, visit: Visit, held: Held) -> None:
        readers = self._keeping.readers
        assert readers is not None

        def done(nothing: None) -> None:
            self._found(None)
            held.release()

        def failed(error: Exception) -> None:
            self._leave(exchange, visit)
            held.release(*unavailable())
            if not isinstance(error, Unkept):
                raise error  # a fault of ours, which the log is to have whole
            self._found(error)

        def give_up() -> None:
            self._leave(exchange, visit)
            held.release(*unavailable("too many requests wait for their sessions"))

        if not readers.call(visit.fetch, done, failed, lambda: not exchange.gone):
            self._reactor.soon(give_up)

    # After it

    def _keep(
        self, exchange: Exchange, visit: Visit, change: Change, response: Response, body: Body
    ) -> tuple[Response, Body] | Held:
        desk = self._keeping.desk
        field = self._told(exchange, visit, change)
        if field is not None:
            response.headers = with_cookie(response.headers, field)
        if desk is None:
            return response, body
        held = Held(exchange)

        def done(kept: bool) -> None:
            self._leave(exchange, visit)
            if not (exchange.gone or exchange.response is not None):  # then its body is closed
                held.release(response, body)

        def failed(down: Unkept) -> None:
            self._leave(exchange, visit)
            held.release(*unavailable())

        desk.hand_in(change, done, failed)
        return held

    def _told(self, exchange: Exchange, visit: Visit, change: Change) -> Field | None:
        # What the client has to be told of a change, if anything.
        request, cookies = exchange.request, self._cookies
        if not change.data:
            return cookies.ended(request)
        if self._keeping.desk is None:
            record = settle(change, change.base)
            assert record is not None
            return cookies.given(request, text_of(record))
        return cookies.given(request, visit.id) if visit.id != visit.shown else None

    def _leave(self, exchange: Exchange, visit: Visit) -> None:
        if self.turns is not None and visit.shown:
            self.turns.leave(exchange, visit.name)

    def _found(self, down: Unkept | None) -> None:
        if self._keeping.desk is not None:
            self._keeping.desk.standing.found(down)


def unavailable(why: str = "sessions cannot be had just now") -> tuple[Response, Body]:
    """The answer to whoever needs a session when there are none."""
    return refusal(503, why, (b"retry-after", RETRY))


def with_cookie(headers: Headers, field: Field) -> Headers:
    """The fields of an answer that sets a cookie: no cache that others use may keep it, unless the app has its own
    mind about that (RFC 9111 section 7.3).
    """
    private = () if b"cache-control" in headers else ((b"cache-control", b"private"),)
    return headers.plus(field, *private)
