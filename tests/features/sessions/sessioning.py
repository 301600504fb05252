"""A place with sessions, its clients and their clock, all in memory: what threads would do is done in the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import finalize

from nowhere import Nowhere
from pellucid.features.feature import Ground
from pellucid.features.sessions.around import Sessions
from pellucid.features.sessions.keeping import Keeping, keeping_of, kept_in
from pellucid.features.sessions.settings import SessionSettings
from pellucid.features.sessions.signing import Signing
from pellucid.features.sessions.store import Store
from pellucid.message import Field, Headers, Request, Response
from pellucid.net.aside import Aside
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.session import Session

KEY = "a-key-that-is-long-enough-for-a-session"
OTHER_KEY = "another-key-that-is-long-enough-as-well"
NOW = 1_800_000_000.0

Use = Callable[[Session], object]


class InLoop(Aside):
    """What would be done in a thread is done at the end of the round."""

    def __init__(self, reactor: Reactor) -> None:
        super().__init__(reactor, 1, 1)
        self.reactor = reactor
        self.full = False

    def call(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> bool:
        def run() -> None:
            try:
                result = work()
            except Exception as error:
                failed(error)
            else:
                done(result)

        if not self.full:
            self.reactor.soon(run)
        return not self.full


class Noting(Nowhere):
    """Carries nothing, and keeps what is noted."""

    def __init__(self, notes: list[tuple[str, str]]) -> None:
        super().__init__()
        self._notes = notes

    def note(self, level: str, text: str) -> None:
        self._notes.append((level, text))


class LoopGround(Ground):
    """Ground without threads."""

    def threads(self, most: int, waiting: int) -> Aside:
        return InLoop(self.reactor)


@dataclass
class Place:
    """A place with sessions. `wall` is the clock on the wall, which stands still; `notes` is what the log was told."""

    session: str = "memory"
    here: str = ""
    keys: tuple[str, ...] = (KEY,)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wall = NOW
        self.notes: list[tuple[str, str]] = []
        self.hand = HandClock()
        self.reactor = Reactor(MemoryPoller(), self.hand)
        self.ground = LoopGround(self.reactor, lambda level, text: self.notes.append((level, text)), self.here)
        self.chosen = SessionSettings(session=self.session, session_key=self.keys, **self.settings)
        keeping, signing = keeping_of(self.chosen, self.ground, lambda: self.wall)
        if keeping.desk is not None:
            finalize(self, keeping.desk.store.close)
        self.keep(keeping, signing)

    def keep(self, keeping: Keeping, signing: Signing) -> None:
        """Keep and sign sessions like this from now on."""
        self.keeping, self.signing, self.desk = keeping, signing, keeping.desk
        self.sessions = Sessions(self.chosen, keeping, signing, self.ground, lambda: self.wall)

    def put(self, store: Store) -> None:
        """Keep sessions in this store from now on."""
        self.keep(kept_in(store, self.ground, lambda: self.wall), self.signing)

    def settle(self) -> None:
        """Rounds until nothing moves."""
        for _ in range(1000):
            self.reactor.step(0)
            if not self.reactor._soon:
                return
        raise AssertionError("the loop spins")

    def wait(self, seconds: float) -> None:
        """Let time pass, on the wall and in the loop."""
        self.wall += seconds
        self.hand.advance(seconds)
        self.settle()

    def made(self, cookie: bytes = b"", scheme: bytes = b"http", host: bytes = b"example.com") -> Exchange:
        """A request of which nothing was asked yet."""
        fields: list[Field] = [(b"cookie", cookie)] if cookie else []
        request = Request("GET", b"/", b"/", b"", host, Headers(fields), scheme=scheme)
        exchange = Exchange(request, Noting(self.notes), 1, 0.0)
        exchange.answers = (self.sessions.answer,)
        return exchange

    def begin(self, cookie: bytes = b"", scheme: bytes = b"http", host: bytes = b"example.com") -> Exchange:
        """A request that has got as far as it gets: to its app, as a rule."""
        exchange = self.made(cookie, scheme, host)
        held = self.sessions.ask(exchange)
        if held is not None:
            held.then(lambda response, body: exchange.respond(response, body) if response is not None else None)
        return exchange

    def ask(self, use: Use, cookie: bytes = b"", scheme: bytes = b"http", host: bytes = b"example.com") -> Told:
        """The answer to a request whose app does this with its session."""
        exchange = self.begin(cookie, scheme, host)
        self.settle()
        return self.use(exchange, use, cookie)

    def use(self, exchange: Exchange, use: Use, cookie: bytes = b"") -> Told:
        """The answer, once the app has done this with the session."""
        if not exchange.answered:
            assert exchange.session is not None
            told: object = None
            try:
                told = use(exchange.session)
            except Exception:
                exchange.respond(*refusal(500))
            else:
                exchange.respond(Response(200), repr(told).encode())
        self.settle()
        return Told.of(exchange, cookie)


@dataclass(frozen=True)
class Told:
    """What an answer tells: the cookie that its client shows from now on, and the field that has set it."""

    status: int
    body: bytes
    headers: Headers
    cookie: bytes
    set_cookie: bytes | None

    @staticmethod
    def of(exchange: Exchange, shown: bytes) -> Told:
        assert exchange.response is not None
        assert isinstance(exchange.body, bytes)
        headers = exchange.response.headers
        set_cookie = headers.get(b"set-cookie")
        cookie = shown if set_cookie is None else set_cookie.partition(b";")[0]
        return Told(exchange.response.status, exchange.body, headers, cookie, set_cookie)


def count(session: Session) -> int:
    """Count one up."""
    session["count"] = session.get("count", 0) + 1
    return int(session["count"])


def everything(session: Session) -> dict[str, Any]:
    """All that is kept."""
    return dict(session)


def nothing(session: Session) -> None:
    """Leave it alone."""
