"""Tests of the lifespan: begun once, ended once, whatever the app does."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hosting import Host, answer, body, content, start
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.asgi.types import Receive, Scope, Send

Make = Callable[..., Host]
AUTO, ON, OFF = (AsgiSettings(lifespan=mode) for mode in ("auto", "on", "off"))
STARTED = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


class Living:
    """An app with a lifespan: `steps` tells what it was told, and `says` what it answers to each."""

    def __init__(self, *says: Any) -> None:
        self.says = list(says)
        self.steps: list[str] = []
        self.state: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await send(start())
            await send(body(repr(scope["state"]).encode()))
            return
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
        scope["state"].update(self.state)
        for say in self.says:
            self.steps.append((await receive())["type"])
            if isinstance(say, BaseException):
                raise say
            await send(say)


@pytest.mark.parametrize("settings", [AUTO, ON])
def test_an_app_is_told_of_its_beginning_and_its_end(host: Make, settings: AsgiSettings) -> None:
    app = Living(STARTED, STOPPED)
    stage = host(app, settings)
    assert stage.begin() == ["begun"]
    assert app.steps == ["lifespan.startup"]
    assert stage.end() == ["begun", "ended"]
    assert app.steps == ["lifespan.startup", "lifespan.shutdown"]
    assert stage.notes == []


def test_off_calls_nothing(host: Make) -> None:
    app = Living()
    stage = host(app, OFF)
    stage.begin()
    assert stage.end() == ["begun", "ended"]
    assert app.steps == []


def test_what_starts_late_has_begun_late(host: Make) -> None:
    gate: list[asyncio.Future[None]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        gate.append(asyncio.get_running_loop().create_future())
        await gate[0]
        await send(STARTED)
        await receive()
        await send(STOPPED)

    stage = host(app)
    assert stage.begin() == []
    stage.end()  # while it starts: it is told as soon as it has started
    gate[0].set_result(None)
    stage.settle()
    assert stage.lives == ["begun", "ended"]


def test_each_request_has_a_shallow_copy_of_the_state(host: Make) -> None:
    app = Living(STARTED, STOPPED)
    app.state = {"pool": 1}
    stage = host(app)
    stage.begin()
    assert content(stage.ask()) == b"{'pool': 1}"
    stage.end()


def test_what_the_app_sets_in_its_context_reaches_no_request(host: Make) -> None:
    seen: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send(STARTED)
            await receive()
            await send(STOPPED)
        else:
            seen.append(scope["state"])
            scope["state"]["own"] = 1
            await answer()(scope, receive, send)

    stage = host(app)
    stage.begin()
    stage.ask()
    stage.ask()
    assert seen == [{"own": 1}, {"own": 1}]
    assert seen[0] is not seen[1]
    stage.end()


@pytest.mark.parametrize("why", ["no database", ""])
@pytest.mark.parametrize("settings", [AUTO, ON])
def test_an_app_that_says_that_it_cannot_start_does_not(host: Make, settings: AsgiSettings, why: str) -> None:
    stage = host(Living({"type": "lifespan.startup.failed", "message": why}), settings)
    assert stage.begin() == [f"the app could not start: {why or 'it does not say why'}"]
    assert stage.end()[1:] == ["ended"]


@pytest.mark.parametrize(
    "error", [ValueError("only http"), SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()]
)
def test_an_app_that_raises_has_no_lifespan(host: Make, error: BaseException) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    stage = host(app)
    assert stage.begin() == ["begun"]
    assert stage.end() == ["begun", "ended"]
    assert [level for level, _ in stage.notes] == ["debug"]
    assert "the app has no lifespan" in stage.notes[0][1]


def test_where_it_must_have_one_an_exception_says_why_it_cannot_serve(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("only http")

    stage = host(app, ON)
    assert stage.begin() == ["the app's lifespan failed: ValueError: only http"]
    assert "ValueError: only http" in stage.errors[0]


def test_an_exception_in_a_startup_that_was_begun_is_told_aloud(host: Make) -> None:
    stage = host(Living(ZeroDivisionError("no database")))
    assert stage.begin() == ["begun"]
    assert "it was told to start; requests are served all the same, unless --lifespan on is said\n" in stage.errors[0]
    assert "ZeroDivisionError: no database" in stage.errors[0]


@pytest.mark.parametrize(("settings", "said"), [(AUTO, "begun"), (ON, "it returned before it had started")])
def test_an_app_that_returns_at_once_has_none(host: Make, settings: AsgiSettings, said: str) -> None:
    assert host(Living(), settings).begin()[0].endswith(said)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({"type": "lifespan.shutdown.failed", "message": "still busy"}, "could not stop in order: still busy"),
        ({"type": "lifespan.shutdown.failed"}, "could not stop in order: it does not say why"),
        (ZeroDivisionError("at the end"), "ZeroDivisionError: at the end"),
        (STARTED, "lifespan.startup.complete in the lifespan of an app: it was told to stop"),
        ({"type": "http.response.start"}, "http.response.start in the lifespan of an app"),
        ("words", "'words' in the lifespan of an app"),
    ],
)
def test_an_end_that_fails_is_told_and_is_an_end(host: Make, last: Any, told: str) -> None:
    stage = host(Living(STARTED, last))
    stage.begin()
    assert stage.end() == ["begun", "ended"]
    assert len(stage.errors) == 1
    assert told in stage.errors[0]


def test_an_app_that_ends_before_it_is_told_to_is_not_told(host: Make) -> None:
    stage = host(Living(STARTED))
    stage.begin()
    assert stage.end() == ["begun", "ended"]


def test_nothing_is_received_after_the_end(host: Make) -> None:
    stage = host(Living(STARTED, STOPPED, STOPPED))
    stage.begin()
    assert stage.end() == ["begun", "ended"]


def test_a_loop_that_ends_takes_the_lifespan_with_it_in_silence(host: Make) -> None:
    stage = host(Living(STARTED, STOPPED))
    stage.begin()
    for task in asyncio.all_tasks(stage.loop):
        task.cancel()
    stage.settle()
    assert stage.end() == ["begun", "ended"]
    assert [error for error in stage.errors if "CancelledError" not in error] == []
