"""A place that knows its users, and its clients, all in memory: what threads would do is done in the loop."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
from sessioning import InLoop, LoopGround

from nowhere import Nowhere
from pellucid.features.auth import auth_feature
from pellucid.features.auth.htpasswd import digest_of
from pellucid.features.feature import Feature
from pellucid.features.sessions import SessionSettings, sessions_feature
from pellucid.message import END, Data, Field, Headers, Request, Response
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor, Timer
from pellucid.server.exchange import Exchange
from pellucid.settings import Settings
from pellucid.site import Site

KEY = "a-key-that-is-long-enough-for-a-session"
HOST = b"example.com"


def fast(password: str) -> str:
    """A hash that is made in a millisecond."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


ALICE, BOB = fast("secret"), fast("hunter2")


def basic(name: str, password: str) -> Field:
    """The field of a client that says its password."""
    return b"authorization", b"Basic " + base64.b64encode(f"{name}:{password}".encode())


class Timed(Nowhere):
    """Carries nothing, in the time of a loop."""

    def __init__(self, reactor: Reactor, peer: str) -> None:
        super().__init__(peer)
        self._reactor = reactor

    @property
    def now(self) -> float:  # type: ignore[override]  # a constant there
        return self._reactor.now

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        return self._reactor.at(when, callback)


@dataclass(frozen=True)
class Told:
    """What a client is told, and after how long."""

    status: int
    body: bytes
    headers: Headers
    after: float
    exchange: Exchange

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cookie(self) -> bytes:
        """The cookies that it sets, as a client sends them back."""
        fields = self.headers.all(b"set-cookie")
        return b"; ".join(field.partition(b";")[0] for field in fields if b"Max-Age=0" not in field)

    @property
    def token(self) -> str:
        """That of the form in it."""
        found = re.search(r'name="token" value="([^"]+)"', self.text)
        assert found is not None
        return found[1]


class Place:
    """A place with users in a folder of its own; `notes` is what the log was told, `served` who came as far as the app,
    `fields` what that says with each answer.

    alice has the password secret and is of admins, bob hunter2.
    """

    def __init__(self, folder: Path, *auth: str, **chosen: Any) -> None:
        self.folder = folder
        self.write("users", f"alice:{ALICE}\nbob:{BOB}\n")
        self.write("digests", f"alice:this site:{digest_of('alice', 'this site', 'secret')}\n")
        self.write("groups", "admins: alice\n")
        self.notes: list[tuple[str, str]] = []
        self.served: list[str] = []
        self.fields: list[Field] = []
        self.hand = HandClock()
        self.reactor = Reactor(MemoryPoller(), self.hand)
        self.ground = LoopGround(self.reactor, lambda level, text: self.notes.append((level, text)), str(folder))
        files = {"auth_users": "users", "auth_digests": "digests", "auth_groups": "groups"}
        session = {"session": "cookie", "session_key": (KEY,)} if "form" in auth else {}
        settings = Settings({"auth": auth, **files, **session, **chosen})
        made = [
            sessions_feature(settings[SessionSettings], self.ground),
            auth_feature(settings, self.ground, sessions=bool(session)),
        ]
        self.features: list[Feature] = [feature for feature in made if feature is not None]
        self.hashing = self.ground.aside("hashing", 2, 32)
        assert isinstance(self.hashing, InLoop)
        self.site = Site(
            self.app,
            tuple(each.ask for each in self.features if each.ask is not None),
            tuple(each.answer for each in self.features if each.answer is not None),
        )

    def write(self, name: str, text: str) -> None:
        """A file, as if it were changed by somebody."""
        (self.folder / name).write_text(text)

    def app(self, exchange: Exchange) -> None:
        """Tells who asks."""
        user = exchange.user
        self.served.append(user.name if user is not None else "")
        exchange.respond(Response(200, Headers(self.fields)), self.served[-1].encode())

    def settle(self) -> None:
        """Rounds until nothing moves."""
        for _ in range(1000):
            self.reactor.step(0)
            if not self.reactor._soon:
                return
        raise AssertionError("the loop spins")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.hand.advance(seconds)
        self.settle()

    def begin(
        self, *fields: Field, method: str = "GET", target: bytes = b"/", peer: str = "192.0.2.1", body: bytes = b""
    ) -> Exchange:
        """A request that has got as far as it gets at once."""
        path, _, query = target.partition(b"?")
        request = Request(method, target, path, query, HOST, Headers(fields), complete=not body)
        exchange = Exchange(request, Timed(self.reactor, peer), 1, self.reactor.now)
        self.site(exchange)
        if body:
            exchange.take(Data(body))
            exchange.take(END)
        return exchange

    def ask(self, *fields: Field, **more: Any) -> Told:
        """The answer to a request."""
        begun = self.reactor.now
        exchange = self.begin(*fields, **more)
        self.settle()
        for _ in range(100):
            if exchange.answered:
                break
            self.wait(0.05)
        return self.told(exchange, begun)

    def told(self, exchange: Exchange, begun: float = 0.0) -> Told:
        """What it was answered."""
        assert exchange.response is not None
        assert isinstance(exchange.body, bytes)
        response = exchange.response
        return Told(response.status, exchange.body, response.headers, self.reactor.now - begun, exchange)
