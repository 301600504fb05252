"""So many requests run at once and no more, and every place is given back, however a request ends."""

from __future__ import annotations

import pytest
from conversing import Client, Stage

from pellucid.features.feature import Ground
from pellucid.features.limits import ConcurrencySettings, concurrency_feature
from pellucid.features.limits.atonce import MOST_WAITING, AtOnce
from pellucid.message import END, End, Headers, Response
from pellucid.server.exchange import Exchange
from pellucid.site import Site

GET = b"GET /%d HTTP/1.1\r\nHost: example.com\r\n\r\n"


class Endless:
    """A body that goes on until it is told to end."""

    length: int | None = None

    def __init__(self) -> None:
        self.over = False

    def pull(self, limit: int) -> End | None:
        return END if self.over else None

    def close(self) -> None:
        self.over = True


class Scene:
    """A server whose app answers when it is told to."""

    def __init__(self, **chosen: object) -> None:
        self.settings = ConcurrencySettings(**chosen)  # type: ignore[arg-type]  # each case has its own
        self.running: dict[bytes, Exchange] = {}
        self.stage = Stage(lambda exchange: self.site(exchange))
        ground = Ground(self.stage.reactor, self.stage.watch.note, "", self.stage.watch)
        feature = concurrency_feature(self.settings, ground, of_users=False)
        assert feature is not None
        assert feature.ask is not None
        self.site = Site(self.app, (feature.ask,), ())
        self.at_once: AtOnce = ground.shared(("concurrency", self.settings), lambda: pytest.fail("it is there"))

    def app(self, exchange: Exchange) -> None:
        self.running[exchange.request.path] = exchange

    def ask(self, number: int, peer: str = "192.0.2.1") -> Client:
        client = self.stage.client(peer=peer)
        client.talk(GET % number)
        return client

    def answer(self, number: int) -> None:
        self.running.pop(b"/%d" % number).respond(Response(200), b"done")
        self.stage.settle()

    @property
    def paths(self) -> list[bytes]:
        return sorted(self.running)


def status(client: Client) -> int:
    client.talk()
    return int(bytes(client.got).split()[1]) if client.got else 0


def test_without_the_setting_there_is_no_feature() -> None:
    stage = Stage()
    assert concurrency_feature(ConcurrencySettings(), Ground(stage.reactor, stage.watch.note), of_users=False) is None


def test_more_than_the_limit_wait_and_follow_in_their_order() -> None:
    scene = Scene(concurrency_limit=2)
    clients = [scene.ask(number) for number in range(4)]
    assert scene.paths == [b"/0", b"/1"]
    scene.answer(1)
    assert scene.paths == [b"/0", b"/2"]
    scene.answer(0)
    assert scene.paths == [b"/2", b"/3"]
    scene.answer(2)
    scene.answer(3)
    assert [status(client) for client in clients] == [200] * 4
    assert len(scene.at_once) == 0


@pytest.mark.parametrize(("who", "refused"), [("address", 429), ("all", 503)])
def test_who_has_waited_long_enough_is_refused(who: str, refused: int) -> None:
    scene = Scene(concurrency_limit=1, concurrency_limit_key=who, concurrency_limit_wait=2.0)
    scene.ask(0)
    client = scene.ask(1)
    scene.stage.wait(1.9)
    assert status(client) == 0
    scene.stage.wait(0.2)
    assert status(client) == refused
    assert b"retry-after: 1" in bytes(client.got).lower()
    assert len(scene.at_once) == 1
    scene.answer(0)
    assert len(scene.at_once) == 0
    assert not scene.running


def test_nobody_waits_where_that_is_not_wished() -> None:
    scene = Scene(concurrency_limit=1, concurrency_limit_wait=0.0)
    scene.ask(0)
    assert status(scene.ask(1)) == 429


def test_each_has_a_limit_of_its_own() -> None:
    scene = Scene(concurrency_limit=1)
    scene.ask(0)
    scene.ask(1, peer="192.0.2.2")
    scene.ask(2, peer="2001:db8::1")
    scene.ask(3, peer="2001:db8::2")
    assert scene.paths == [b"/0", b"/1", b"/2"]


def test_not_too_many_wait() -> None:
    scene = Scene(concurrency_limit=1, concurrency_limit_wait=60.0)
    clients = [scene.ask(number) for number in range(MOST_WAITING + 1)]
    assert {status(client) for client in clients} == {0}
    assert status(scene.ask(9999)) == 429


def test_a_stream_runs_until_its_end() -> None:
    scene = Scene(concurrency_limit=1)
    body = Endless()
    scene.ask(0)
    scene.running[b"/0"].respond(Response(200), body)
    scene.stage.settle()
    scene.ask(1)
    assert b"/1" not in scene.running
    body.over = True
    scene.running[b"/0"].wake()
    scene.stage.settle()
    assert b"/1" in scene.running


def test_a_tunnel_such_as_a_websocket_runs_until_its_end() -> None:
    scene = Scene(concurrency_limit=1)
    client = scene.stage.client()
    upgrade = (
        b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA==\r\n\r\n"
    )
    client.talk((GET % 0)[:-2] + upgrade)
    scene.running[b"/0"].respond(Response(101, Headers([(b"upgrade", b"websocket")])), Endless())
    scene.stage.settle()
    assert b" 101 " in client.talk()
    scene.ask(1)
    assert b"/1" not in scene.running
    client.link.abort()
    scene.stage.settle()
    assert b"/1" in scene.running


def test_a_place_is_given_back_when_a_client_goes_with_its_request_unanswered() -> None:
    scene = Scene(concurrency_limit=1)
    client = scene.ask(0)
    scene.ask(1)
    client.link.abort()
    scene.stage.settle()
    scene.stage.wait(0.5)
    assert b"/1" in scene.running
    assert len(scene.at_once) == 1


def test_who_goes_while_waiting_leaves_the_line() -> None:
    scene = Scene(concurrency_limit=1)
    scene.ask(0)
    client = scene.ask(1)
    client.link.abort()
    scene.stage.settle()
    assert len(scene.at_once) == 1
    scene.answer(0)
    assert len(scene.at_once) == 0
    assert not scene.running


def test_a_place_is_given_back_by_an_app_that_fails() -> None:
    def app(exchange: Exchange) -> None:
        raise RuntimeError("of the app")

    scene = Scene(concurrency_limit=1)
    scene.site = Site(app, scene.site.asks, ())
    assert [status(scene.ask(number)) for number in range(3)] == [500] * 3
    assert len(scene.at_once) == 0
