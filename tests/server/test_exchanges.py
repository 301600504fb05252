"""The exchanges of a connection: whoever cuts it, at any moment, leaves nothing open."""

from pathlib import Path

import pytest
from conversing import HELLO, FileBody, Later, Stage, answering, descriptors, hello, request, statuses, watching

from pellucid.message import Response
from pellucid.server.exchange import Exchange
from pellucid.watch import Watch


@pytest.mark.parametrize("moment", ["at the beginning", "in a pull", "in a body", "late"])
def test_an_app_can_cut_the_connection_at_any_moment(moment: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cut") / "file"
    path.write_bytes(bytes(1000))

    class Cutting(FileBody):
        def pull(self, limit: int):  # type: ignore[no-untyped-def]  # it is its base's
            piece = super().pull(limit)
            exchanges[0].abort("in a pull")
            return piece

    exchanges: list[Exchange] = []

    def app(exchange: Exchange) -> None:
        exchanges.append(exchange)
        if moment == "at the beginning":
            exchange.abort(moment)
            hello(exchange)
        elif moment == "in a pull":
            exchange.respond(Response(200), Cutting(path, 1000))
        elif moment == "in a body":
            exchange.on_body = lambda: exchange.abort(moment)
            exchange.read()

    before = descriptors()
    watch, seen = watching()
    stage = Stage(app, watch=watch)
    client = stage.client()
    client.send(request("POST", body=b"body"))
    stage.settle()
    if moment == "late":
        exchanges[0].abort(moment)
    stage.settle()
    assert client.broken
    assert stage.open_connections == 0
    assert exchanges[0].gone
    assert exchanges[0].why == moment
    assert stage.errors == []
    assert seen[-2:] == ["ended", "closed"]
    assert descriptors() == before


@pytest.mark.parametrize("kind", ["bytes", "file"])
@pytest.mark.parametrize("hook", ["filled", "delivered", "begun", "collected", "flushed", "rearmed", "ended"])
def test_a_watcher_can_cut_the_connection_at_any_step(kind: str, hook: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1000))
    before = descriptors()

    def app(exchange: Exchange) -> None:
        exchange.respond(Response(200), b"hello" if kind == "bytes" else FileBody(tmp_path / "file", 1000))

    watch, seen = watching()
    stage = Stage(app, watch=watch)
    client = stage.client()

    def cut(*facts: object) -> None:
        for each in list(stage.server.connections):
            each.abort("watched")

    getattr(watch, hook).append(cut)
    client.send(HELLO)
    stage.settle()
    assert client.broken
    assert stage.open_connections == 0
    assert stage.errors == []
    assert stage.timers == 0
    assert seen.count("closed") == 1
    assert descriptors() == before


@pytest.mark.parametrize("length", ["3", "9000"])
def test_a_file_of_another_length_than_said_is_let_go(length: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(4000))
    before = descriptors()
    body = FileBody(tmp_path / "file", 4000)
    body.length = None
    stage = Stage(answering(body, content_length=length))
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    assert client.broken or statuses(bytes(client.link.arrived)) == [500]
    assert len(stage.errors) == 1
    assert descriptors() == before


def cut_and_fail(exchange: Exchange) -> None:
    exchange.abort("first")
    exchange.abort("second")
    raise ZeroDivisionError("on purpose")


def test_an_app_that_cuts_and_then_fails_is_told_once_and_cut_once() -> None:
    watch = Watch()
    closed: list[str] = []
    watch.closed.append(lambda connection, why: closed.append(why))
    stage = Stage(cut_and_fail, watch=watch)
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    assert client.broken
    assert closed == ["first"]
    assert len(stage.errors) == 1


def test_an_app_that_cut_the_connection_is_told_nothing_more() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request("POST", content_length="4"))
    told: list[bool] = []

    def cut() -> None:
        told.append(True)
        app.last.abort("enough")

    app.last.on_body = cut
    app.last.read()
    client.send(b"body")  # some bytes, and the end of the body with them
    client.stage.settle()
    assert told == [True]
