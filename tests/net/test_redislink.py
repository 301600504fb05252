"""A Redis that fails is told of once, left alone for a while, and told of once more when it is back."""

import sys
from typing import Any

import pytest

from pellucid.net import redislink
from pellucid.net.aside import Aside
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.net.redislink import PAUSE, RedisCalls, RedisDown, RedisLink, without_password

URL = "redis://me:secret@db.example:6379/0"


class Client:
    """A client that gives what it is told to."""

    def __init__(self) -> None:
        self.gives: object = b"value"
        self.asked = 0
        self.closed = False

    def get(self, name: str) -> object:
        self.asked += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives

    def close(self) -> None:
        self.closed = True


class InLoop(Aside):
    """What would be done in a thread is done at once."""

    full = False

    def call(self, work: Any, done: Any, failed: Any, wanted: Any = lambda: True) -> bool:
        if self.full:
            return False
        try:
            result = work()
        except Exception as error:
            failed(error)
        else:
            done(result)
        return True


class Stage:
    """A link to a client that is none, and what is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client, self.clock = Client(), HandClock()
        self.notes: list[tuple[str, str]] = []
        self.told: list[object] = []
        monkeypatch.setattr(redislink, "_client", lambda url: (self.client, (OSError,)))
        self.aside = InLoop(Reactor(MemoryPoller(), self.clock), 1, 1)
        self.link = RedisLink(URL, self.clock)
        self.calls = RedisCalls(self.link, self.aside, lambda level, text: self.notes.append((level, text)))

    def ask(self) -> object:
        """What comes of a call."""
        self.calls.call(lambda client: client.get("name"), self.told.append, self.told.append)
        return self.told[-1]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_what_it_gives_comes_back(stage: Stage) -> None:
    assert stage.ask() == b"value"
    assert stage.link.run(lambda client: client.get("name")) == b"value"
    assert stage.notes == []


def test_when_it_fails_that_is_told_once_and_again_when_it_is_back(stage: Stage) -> None:
    stage.client.gives = OSError("connection\nrefused.")
    for _ in range(3):
        down = stage.ask()
        assert isinstance(down, RedisDown)
        stage.clock.advance(PAUSE)
    stage.client.gives = b"value"
    assert [stage.ask(), stage.ask()] == [b"value"] * 2
    assert stage.notes == [
        ("error", "redis://db.example:6379/0 fails: connection refused"),
        ("info", "redis://db.example:6379/0 answers again"),
    ]


def test_it_is_left_alone_for_a_while(stage: Stage) -> None:
    stage.client.gives = OSError()
    assert str(stage.ask()) == "redis://db.example:6379/0 fails: OSError"
    assert str(stage.ask()) == "redis://db.example:6379/0 does not answer"
    assert stage.client.asked == 1
    stage.clock.advance(PAUSE)
    stage.ask()
    assert stage.client.asked == 2


def test_within_a_thread_it_is_raised(stage: Stage) -> None:
    stage.client.gives = OSError("refused")
    with pytest.raises(RedisDown, match="fails: refused"):
        stage.link.run(lambda client: client.get("name"))
    assert stage.notes == []


def test_what_is_no_fault_of_the_server_is_its_author_s(stage: Stage) -> None:
    with pytest.raises(ZeroDivisionError):
        stage.calls.call(lambda client: 1 // 0, stage.told.append, stage.told.append)
    assert stage.told == []


def test_where_too_much_waits_that_is_said(stage: Stage) -> None:
    stage.aside.full = True
    assert not stage.calls.call(lambda client: None, stage.told.append, stage.told.append)


def test_its_connections_are_let_go_of(stage: Stage) -> None:
    stage.link.close()
    assert stage.client.closed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "redis://db.example:6379/0"),
        ("rediss://:secret@[::1]:6379/1?x=secret", "rediss://[::1]:6379/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://a:b@c@host/0", "redis://host/0"),
        ("redis://:secret/secret@host/0", "redis://…"),
        ("redis://:secret?secret@host/0", "redis://…"),
        ("redis://host/0?password=a@secret", "redis://…"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize(
    "url", ["http://a/0", "redis://:secret@host:port/0", "redis://:secret/1@host/0", "localhost", ""]
)
def test_what_is_no_url_of_a_redis_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL of a Redis") as error:
        RedisLink(url)
    assert "secret" not in str(error.value)


def test_without_the_package_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ValueError, match=r'pip install "pellucid\[redis\]"'):
        RedisLink(URL)


def test_a_client_is_made_that_waits_for_nobody_long() -> None:
    link = RedisLink(URL)
    options = link._client.connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.0, 1.0)
    assert options["retry"].get_retries() == 1
    link.close()
