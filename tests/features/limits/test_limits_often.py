"""Who asks too often is refused, and all are told how much is left; by a Redis too, and without it when it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nowhere import Nowhere
from pellucid.features.feature import Ground
from pellucid.features.limits import RateSettings, rate_feature
from pellucid.features.limits.often import AGAIN
from pellucid.features.limits.rates import Rate
from pellucid.features.limits.redisrates import debt_in_redis
from pellucid.message import Field, Headers, Request, Response
from pellucid.net import redislink
from pellucid.net.aside import Aside
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held

URL = "redis://:secret@db.example:6379/0"


class Later(Aside):
    """What would be done in a thread is done when it is asked for."""

    def __init__(self) -> None:
        super().__init__(Reactor(MemoryPoller(), HandClock()), 1, 1)
        self.calls: list[Callable[[], None]] = []
        self.full = False

    def call(self, work: Any, done: Any, failed: Any, wanted: Any = lambda: True) -> bool:
        def run() -> None:
            if not wanted():
                return
            try:
                result = work()
            except Exception as error:
                failed(error)
            else:
                done(result)

        self.calls.append(run)
        return not self.full


class Client:
    """A Redis that says what it is told to."""

    def __init__(self) -> None:
        self.says: int | Exception = 0
        self.asked: list[tuple[Any, ...]] = []
        self.closed = False

    def eval(self, *what: Any) -> int:
        self.asked.append(what)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def close(self) -> None:
        self.closed = True


class AtNoon(Nowhere):
    """A carrier whose clock is set by hand."""

    now = 1000.0


class Scene:
    """A place with a limit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **chosen: Any) -> None:
        self.client, self.aside = Client(), Later()
        self.notes: list[tuple[str, str]] = []
        monkeypatch.setattr(redislink, "_client", lambda url: (self.client, (OSError,)))
        self.carrier = AtNoon()
        self.ground = Ground(self.aside._reactor, lambda level, text: self.notes.append((level, text)))
        self.ground.shared(("aside", "rates"), lambda: self.aside)
        feature = rate_feature(RateSettings(**chosen), self.ground, of_users=False)
        assert feature is not None
        assert feature.ask is not None
        assert feature.answer is None
        self.feature_ask = feature.ask

    def begin(self, *fields: Field) -> tuple[Exchange, Held | None]:
        exchange = Exchange(Request("GET", b"/", b"/", b"", b"example.com", Headers(fields)), self.carrier, 1, 0.0)
        held = self.feature_ask(exchange)
        if held is not None:
            held.then(lambda response, body: exchange.respond(response or Response(200), body))
        elif not exchange.answered:
            exchange.respond(Response(200))
        return exchange, held

    def ask(self) -> tuple[int, str, str]:
        """Status, RateLimit and Retry-After of an answer."""
        exchange, _ = self.begin()
        for call in self.aside.calls:
            call()
        self.aside.calls.clear()
        assert exchange.response is not None
        fields = exchange.response.headers.index
        return exchange.status, fields[b"ratelimit"].decode(), fields.get(b"retry-after", b"").decode()


def test_without_the_setting_or_at_the_other_place_there_is_no_feature() -> None:
    ground = Ground(Reactor(MemoryPoller(), HandClock()), lambda level, text: None)
    assert rate_feature(RateSettings(), ground, of_users=False) is None
    for who in ("address", "user"):
        chosen = RateSettings(rate_limit="1/s", rate_limit_key=who)
        assert rate_feature(chosen, ground, of_users=who != "user") is None
        assert rate_feature(chosen, ground, of_users=who == "user") is not None


def test_what_is_left_is_told_and_who_asks_too_often_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="2/m")
    assert scene.ask() == (200, '"default";r=1;t=30', "")
    assert scene.ask() == (200, '"default";r=0;t=30', "")
    assert scene.ask() == (429, '"default";r=0;t=30', "30")
    scene.carrier.now += 10.5
    assert scene.ask() == (429, '"default";r=0;t=20', "20")
    scene.carrier.now += 19.5
    assert scene.ask() == (200, '"default";r=0;t=30', "")


@pytest.mark.parametrize(
    ("chosen", "policy"),
    [
        ({"rate_limit": "100/m"}, b'"default";q=100;w=60'),
        ({"rate_limit": "100/m", "rate_limit_burst": 5}, b'"default";q=5;w=3'),
    ],
)
def test_the_policy_is_told(monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any], policy: bytes) -> None:
    exchange, _ = Scene(monkeypatch, **chosen).begin()
    assert exchange.response is not None
    assert exchange.response.headers.get(b"ratelimit-policy") == policy


def test_an_app_with_limits_of_its_own_has_its_own_word(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="2/m")
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"example.com", Headers()), scene.carrier, 1, 0.0)
    scene.feature_ask(exchange)
    exchange.respond(Response(200, Headers([(b"ratelimit", b'"mine";r=5')])))
    assert exchange.response is not None
    assert exchange.response.headers.fields == ((b"ratelimit", b'"mine";r=5'),)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ({"rate_limit": "often"}, "is no rate"),
        ({"rate_limit": "1/s", "rate_limit_key": "ip"}, "write address, user"),
        ({"rate_limit": "1/s", "rate_limit_store": "disk"}, "write memory or redis"),
    ],
)
def test_what_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch, chosen: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Scene(monkeypatch, **chosen)


def test_a_redis_is_asked_aside_and_its_word_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="2/m", rate_limit_store=URL)
    exchange, held = scene.begin()
    assert held is not None
    assert not exchange.answered
    scene.aside.calls.pop()()
    assert exchange.status == 200
    scene.client.says = 60_000_000
    assert scene.ask() == (429, '"default";r=0;t=30', "30")
    script, keys, bucket, interval, fill = scene.client.asked[0]
    assert "redis.call('TIME')" in script
    assert (keys, interval, fill) == (1, "30000000", "60000000")
    assert bucket.startswith("pellucid:rate:2/60:2:address:")
    assert "192.0.2.1" not in bucket


def test_while_a_redis_is_down_each_worker_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="2/m", rate_limit_store=URL)
    scene.client.says = OSError("refused")
    assert [scene.ask()[0] for _ in range(3)] == [200, 200, 429]
    assert scene.notes == [
        (
            "error",
            "rate-limit: redis://db.example:6379/0 fails: refused; until it answers, each worker counts for itself",
        )
    ]


def test_while_a_redis_is_down_one_request_in_a_second_tries_it_and_no_other_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redislink, "PAUSE", 0.0)
    scene = Scene(monkeypatch, rate_limit="100/m", rate_limit_store=URL)
    scene.client.says = OSError("refused")
    scene.ask()
    assert [scene.begin()[1] for _ in range(3)] == [None] * 3
    scene.carrier.now += AGAIN
    trying, *others = [scene.begin()[1] for _ in range(3)]
    assert trying is not None
    assert others == [None, None]
    scene.client.says = 0
    scene.aside.calls.pop()()
    assert scene.begin()[1] is not None
    assert [text for _, text in scene.notes][1:] == ["rate-limit: redis://db.example:6379/0 answers again"]


def test_when_too_many_wait_for_a_redis_they_are_counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="1/m", rate_limit_store=URL)
    scene.aside.full = True
    assert [scene.begin()[0].status for _ in range(2)] == [200, 429]


def test_nothing_comes_of_a_word_for_whom_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="1/m", rate_limit_store=URL)
    exchange, _ = scene.begin()
    exchange.lose("the client has gone")
    scene.aside.calls.pop()()
    assert scene.client.asked == []
    assert not exchange.answered


def test_the_link_is_closed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, rate_limit="1/m", rate_limit_store=URL)
    for life in scene.ground.lives:
        life.begin(lambda why: None)
        life.end(lambda: None, 0.0)
    assert scene.client.closed


def test_different_limits_do_not_count_together_in_a_redis() -> None:
    client: Any = Client()
    for rate, who, key in [
        (Rate(1, 1.0, 1), "address", "a"),
        (Rate(1, 1.0, 2), "address", "a"),
        (Rate(1, 2.0, 1), "address", "a"),
        (Rate(1, 1.0, 1), "user", "a"),
        (Rate(1, 1.0, 1), "address", "b"),
    ]:
        debt_in_redis(rate, who)(key)(client)
    assert len({asked[2] for asked in client.asked}) == 5
