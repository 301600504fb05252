"""Tests of the app: tasks, their contexts, and what outlives an answer."""

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from conversing import statuses

from hosting import Host, answer, body, content, start
from pellucid.apps.asgi.app import Asgi
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.asgi.types import Receive, Scope, Send
from pellucid.watch import Watch

Make = Callable[..., Host]
COLOUR: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


def test_an_app_answers(host: Make) -> None:
    got = host(answer()).ask()
    assert statuses(got) == [200]
    assert content(got) == b"hello"
    assert b"content-type: text/plain\r\n" in got
    assert b"content-length: 5\r\n" in got


def test_pipelined_requests_are_answered_in_their_order(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(3 if scope["path"] == "/slow" else 0):
            await asyncio.sleep(0)
        await send(start())
        await send(body(scope["path"].encode()))

    asked = b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/slow", b"/quick", b"/slow"))
    got = host(app).ask(asked)
    assert [part.rpartition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200")[1:]] == [
        b"/slow",
        b"/quick",
        b"/slow",
    ]


def test_each_request_has_a_task_and_a_context_of_its_own(host: Make) -> None:
    seen: list[tuple[object, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        seen.append((task, COLOUR.get()))
        COLOUR.set("red")
        await asyncio.sleep(0)
        assert asyncio.current_task() is task
        await send(start())
        await send(body())

    stage = host(app)
    client = stage.client()
    client.talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    stage.ask()
    assert [colour for _, colour in seen] == ["none"] * 4
    assert len({task for task, _ in seen}) == 4


def test_what_was_set_before_the_app_was_made_is_seen_by_every_request(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(COLOUR.get().encode()))

    stage = contextvars.copy_context().run(lambda: [COLOUR.set("blue"), host(app)][1])
    assert isinstance(stage, Host)
    assert content(stage.ask()) == b"blue"


def test_a_context_that_the_exchange_brings_is_the_one_that_is_copied(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(COLOUR.get().encode()))
        COLOUR.set("grey")

    stage = host(app)
    brought = contextvars.copy_context()
    brought.run(COLOUR.set, "green")
    stage.watch.begun.append(lambda exchange: setattr(exchange, "context", brought))
    assert content(stage.ask()) == b"green"
    assert brought[COLOUR] == "green"


def test_work_behind_an_answer_does_not_hold_the_next_request(host: Make) -> None:
    done: list[str] = []
    hold: asyncio.Future[None] | None = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal hold
        await send(start())
        await send(body(scope["path"].encode()))
        if scope["path"] == "/first":
            hold = asyncio.get_running_loop().create_future()
            await hold
            done.append("background")

    stage = host(app)
    client = stage.client()
    assert content(client.talk(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n")) == b"/first"
    assert content(client.talk(b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")) == b"/second"
    assert done == []
    assert hold is not None
    gc.collect()  # a task that nobody held would be lost here
    hold.set_result(None)
    stage.settle()
    assert done == ["background"]


def test_what_a_request_leaves_behind_is_nothing_that_must_be_collected(host: Make) -> None:
    left: list[weakref.ref[Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        left.append(weakref.ref(scope["headers"][0].__class__ and asyncio.current_task()))
        await receive()
        await send(start())
        await send(body(b"a", more=True))
        await send(body(b"b"))

    stage = host(app)
    gc.collect()
    gc.disable()
    try:
        stage.ask()
        stage.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        assert [task() for task in left] == [None, None]
    finally:
        gc.enable()


def test_connect_is_refused_and_asks_no_app(host: Make) -> None:
    def app(scope: Scope, receive: Receive, send: Send) -> Any:
        raise AssertionError("it was asked")

    got = host(app).ask(b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n")
    assert statuses(got) == [501]


def test_a_request_to_upgrade_to_something_else_is_an_ordinary_one(host: Make) -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["type"], await receive()))
        await send(start())
        await send(body(b"no"))

    upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert content(host(app).ask(upgrade)) == b"no"
    assert seen == [("http", {"type": "http.request", "body": b"", "more_body": False})]


def test_what_runs_at_the_end_is_waited_for_and_then_cancelled(host: Make) -> None:
    ends: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise LookupError("none")
        await send(start())
        await send(body())
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    stage = host(app, AsgiSettings(background_time=0.0))
    stage.begin()
    stage.ask()
    assert stage.end() == ["begun", "ended"]
    assert ends == ["cancelled"]
    assert ("warning", "background-time: 1 request of the app cancelled at the end of it") in stage.notes
    assert stage.errors == []


def test_a_request_that_uses_up_the_time_for_the_end_leaves_the_lifespan_its_own(host: Make) -> None:
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                kind = (await receive())["type"]
                told.append(kind)
                await send({"type": f"{kind}.complete"})
        else:
            await asyncio.get_running_loop().create_future()

    stage = host(app, AsgiSettings(background_time=3600.0))
    stage.begin()
    stage.client().talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert stage.end(within=1.0) == ["begun", "ended"]
    assert told == ["lifespan.startup", "lifespan.shutdown"]


def test_what_is_no_app_is_refused_when_it_is_made() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(TypeError, match="no ASGI app"):
        Asgi(lambda one, two: None, loop, Watch())
    loop.close()
