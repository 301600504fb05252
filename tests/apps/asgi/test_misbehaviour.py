"""The table of what apps do wrong: each has a defined outcome that is logged, and the loop goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from conversing import request, statuses

from hosting import Host, answer, body, content, start, telling
from pellucid.apps.asgi.heads import MOST_BYTES, MOST_FIELDS
from pellucid.apps.asgi.types import Receive, Scope, Send
from pellucid.server.timeouts import Patience

Make = Callable[..., Host]
GET = request(path="/place")
LENGTH_5 = [(b"content-length", b"5")]
RESPONSE = "http.response."


def headers(*pairs: Any) -> Any:
    return start(headers=list(pairs))


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    pass


def plain_function(scope: Scope, receive: Receive, send: Send) -> None:
    pass


def fails_when_called(scope: Scope, receive: Receive, send: Send) -> Any:
    raise ZeroDivisionError("at once")


# What goes wrong before anything went out: the app, and the words that the log has for it.
ANSWERED_500 = {
    "no answer": (nothing, "before the end of its answer: it had told nothing"),
    "a head and no body": (telling(start()), "before the end of its answer: it had told its head"),
    "no coroutine": (plain_function, "TypeError: object NoneType can't be used in 'await' expression"),
    "an exception when called": (fails_when_called, "ZeroDivisionError: at once"),
    "an exception before the start": (telling(ZeroDivisionError("early")), "ZeroDivisionError: early"),
    "an exception behind the start": (telling(start(), ZeroDivisionError("late")), "ZeroDivisionError: late"),
    "CancelledError": (telling(asyncio.CancelledError()), "CancelledError"),
    "SystemExit": (telling(SystemExit(3)), "SystemExit: 3"),
    "KeyboardInterrupt": (telling(KeyboardInterrupt()), "KeyboardInterrupt"),
    "GeneratorExit": (telling(GeneratorExit()), "GeneratorExit"),
    "a start again": (telling(start(), start()), "http.response.start twice"),
    "a body first": (telling(body(b"x")), "http.response.body out of its order: the app has told nothing"),
    "trailers first": (telling({"type": RESPONSE + "trailers"}), "out of its order: the app has told nothing"),
    "a path first": (telling({"type": RESPONSE + "pathsend", "path": "/"}), "out of its order"),
    "no dict": (telling([1]), "a message is a dict with a type, not [1]"),
    "None": (telling(None), "a message is a dict with a type, not None"),
    "no type": (telling({"status": 200}), "a message is a dict with a type, not {'status': 200}"),
    "an unknown type": (telling({"type": "http.answer"}), "a message of an unknown type: 'http.answer'"),
    "a type that is none": (telling({"type": 7}), "a message of an unknown type: 7"),
    "push": (telling(start(), {"type": RESPONSE + "push"}), "a message of an unknown type: 'http.response.push'"),
    "no status": (telling({"type": RESPONSE + "start"}), "the status of an answer is an int, not None"),
    "a status of text": (telling(start("200")), "the status of an answer is an int, not '200'"),
    "a status of truth": (telling(start(True)), "the status of an answer is an int, not True"),
    "an informational status": (telling(start(101)), "101 is no status of an answer"),
    "a status out of bounds": (telling(start(600)), "600 is no status of an answer"),
    "headers of None": (telling(start(headers=None)), "headers are an iterable of pairs of bytes, not NoneType"),
    "headers of text": (telling(headers(("a", "b"))), "a header is a pair of bytes, not str and str"),
    "a value of text": (telling(headers((b"a", "b"))), "a header is a pair of bytes, not bytes and str"),
    "a value of None": (telling(headers((b"a", None))), "a header is a pair of bytes, not bytes and NoneType"),
    "three in a header": (telling(headers((b"a", b"b", b"c"))), "a header is a pair of bytes, not (b'a', b'b', b'c')"),
    "a header of None": (telling(headers(None)), "a header is a pair of bytes, not None"),
    "headers of a dict": (telling(start(headers={"a": "b"})), "a header is a pair of bytes, not 'a'"),
    "a line break in a value": (telling(headers((b"a", b"b\r\nc: d"))), "the field a has a control character"),
    "a line break in a name": (telling(headers((b"a\r\nb", b"c"))), "is no lower-case token"),
    "no name": (telling(headers((b"", b"c"))), "is no lower-case token"),
    "a pseudo-header": (telling(headers((b":status", b"200"))), "is no lower-case token"),
    "too many headers": (telling(headers(*[(b"a", b"b")] * (MOST_FIELDS + 1))), "an answer has at most 1000"),
    "too large headers": (telling(headers(*[(b"a", bytes(b"b" * 1000))] * 300)), f"more than {MOST_BYTES} bytes"),
    "a length of words": (telling(headers((b"content-length", b"ten"))), "is not one row of digits"),
    "two lengths": (telling(start(headers=LENGTH_5 * 2)), "is not one row of digits"),
    "a body of text": (telling(start(), body("hello")), "the body of a message is bytes, not str"),
    "a body of None": (telling(start(), body(None)), "the body of a message is bytes, not NoneType"),
    "a body too short": (
        telling(start(headers=LENGTH_5), body(b"1234")),
        "a body of 4 bytes with a Content-Length of 5",
    ),
    "a body too long": (
        telling(start(headers=LENGTH_5), body(b"123456")),
        "a body of 6 bytes with a Content-Length of 5",
    ),
    "a first part too long": (
        telling(start(headers=LENGTH_5), body(b"123456", more=True)),
        "a body of 6 bytes or more with a Content-Length of 5",
    ),
    "a relative path": (telling(start(), {"type": RESPONSE + "pathsend", "path": "x"}), "needs an absolute path"),
    "no path": (telling(start(), {"type": RESPONSE + "pathsend"}), "needs an absolute path, not None"),
    "a path to nothing": (telling(start(), {"type": RESPONSE + "pathsend", "path": "/no/such"}), "FileNotFoundError"),
    "a path to a folder": (telling(start(), {"type": RESPONSE + "pathsend", "path": "/"}), "'/' is no regular file"),
    "a file that is none": (
        telling(start(), {"type": RESPONSE + "zerocopysend", "file": b"x"}),
        "needs an open file with a descriptor, not b'x'",
    ),
    "hints that are no list": (
        telling({"type": RESPONSE + "early_hint", "links": b"</a>"}),
        "the links of http.response.early_hint are several",
    ),
}

# What goes wrong when a part has gone out: the connection is cut, so that nobody takes the part for the whole.
CUT = {
    "an exception": (telling(start(), body(b"a", True), ZeroDivisionError("amid")), "ZeroDivisionError: amid"),
    "SystemExit": (telling(start(), body(b"a", True), SystemExit()), "SystemExit"),
    "no end": (telling(start(), body(b"a", True)), "before the end of its answer: it had told some of its body"),
    "a body of text": (telling(start(), body(b"a", True), body("b")), "the body of a message is bytes, not str"),
    "a start": (telling(start(), body(b"a", True), start()), "http.response.start twice"),
    "a path": (telling(start(), body(b"a", True), {"type": RESPONSE + "pathsend", "path": "/x"}), "out of its order"),
    "debug": (telling(start(), body(b"a", True), {"type": RESPONSE + "debug", "info": {}}), "out of its order"),
    "too much": (
        telling(start(headers=LENGTH_5), body(b"abc", True), body(b"def", True)),
        "a body of 6 bytes or more with a Content-Length of 5",
    ),
    "too little": (
        telling(start(headers=LENGTH_5), body(b"abc", True), body(b"d")),
        "a body of 4 bytes with a Content-Length of 5",
    ),
    "no trailers": (telling(start(trailers=True), body(b"a")), "told all but the trailers that it announced"),
    "a trailer that is none": (
        telling(start(trailers=True), body(b"a"), {"type": RESPONSE + "trailers", "headers": [(b"host", b"x")]}),
        "host is not allowed in the trailers",
    ),
}

# What goes wrong when all has gone out: the answer stands, and the connection goes on.
ONLY_LOGGED = {
    "an answer again": (telling(start(), body(b"a"), start()), "http.response.start twice"),
    "a body behind the end": (telling(start(), body(b"a"), body(b"b")), "out of its order: the app has told all"),
    "an exception": (telling(start(), body(b"a"), ZeroDivisionError("behind")), "ZeroDivisionError: behind"),
    "SystemExit": (telling(start(), body(b"a"), SystemExit()), "SystemExit"),
}


def goes_on(stage: Host, app: Any) -> bool:
    """Whether the next client gets an answer."""
    stage.asgi._app = answer(b"still here")
    return content(stage.ask()) == b"still here"


@pytest.mark.parametrize(("app", "words"), ANSWERED_500.values(), ids=ANSWERED_500)
def test_what_is_wrong_before_anything_went_out_is_a_500(host: Make, app: Any, words: str) -> None:
    stage = host(app)
    client = stage.client()
    got = client.talk(GET)
    assert statuses(got) == [500]
    assert content(got) == b"500 Internal Server Error\n"
    assert len(stage.errors) == 1
    assert words in stage.errors[0]
    assert not client.ended
    assert goes_on(stage, app)


@pytest.mark.parametrize(("app", "words"), CUT.values(), ids=CUT)
def test_what_is_wrong_amid_the_body_cuts_the_connection(host: Make, app: Any, words: str) -> None:
    stage = host(app)
    client = stage.client()
    got = client.talk(request(TE="trailers"))
    assert 500 not in statuses(got)
    assert not got.endswith(b"0\r\n\r\n")
    assert client.broken
    assert len(stage.errors) == 1
    assert words in stage.errors[0]
    assert goes_on(stage, app)


@pytest.mark.parametrize(("app", "words"), ONLY_LOGGED.values(), ids=ONLY_LOGGED)
def test_what_is_wrong_behind_the_answer_is_only_told(host: Make, app: Any, words: str) -> None:
    stage = host(app)
    client = stage.client()
    got = client.talk(GET)
    assert (statuses(got), content(got)) == ([200], b"a")
    assert len(stage.errors) == 1
    assert words in stage.errors[0]
    assert statuses(client.talk(GET)) == [200]


def test_an_app_that_hangs_for_ever_is_ended_by_the_request_timeout(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.get_running_loop().create_future()

    stage = host(app, patience=Patience(request_timeout=1))
    client = stage.client()
    client.talk(GET)
    stage.wait(1.1)
    assert statuses(client.talk()) == [503]
    assert goes_on(stage, app)


def test_a_task_that_the_app_began_may_raise_what_it_likes(host: Make) -> None:
    told: list[dict[str, Any]] = []

    async def failing() -> None:
        raise ZeroDivisionError("in a task of the app")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.create_task(failing())  # noqa: RUF006 - that nobody holds it, or awaits it, is what is tried
        await answer()(scope, receive, send)

    stage = host(app)
    stage.loop.set_exception_handler(lambda loop, context: told.append(context))
    assert statuses(stage.ask(GET)) == [200]
    assert [str(each["exception"]) for each in told] == ["in a task of the app"]


def test_a_mistake_that_the_app_catches_is_its_own_affair(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        with pytest.raises(ValueError, match="not str"):
            await send(body("text"))
        await send(body(b"bytes"))

    stage = host(app)
    assert content(stage.ask(GET)) == b"bytes"
    assert stage.errors == []


def test_an_exception_is_told_with_the_request_and_the_apps_own_frames(host: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(start(headers=[(b"a", 1)]))
        except ValueError:
            raise KeyError("own") from None

    stage = host(app)
    names: list[str] = []
    stage.watch.ended.append(lambda exchange: names.append(exchange.request_id))
    stage.ask(GET)
    (told,) = stage.errors
    assert told.startswith(f"{names[0]} GET /place: the app failed\nTraceback")
    assert told.endswith("KeyError: 'own'")
    assert told.count('  File "') == 1
    assert "in app\n" in told


def test_a_feature_that_fails_takes_the_apps_answer_with_it(host: Make) -> None:
    def feature(asked: Any, response: Any, given: Any) -> Any:
        raise ZeroDivisionError("a feature")

    stage = host(answer())
    stage.watch.begun.append(lambda exchange: setattr(exchange, "answers", (feature,)))
    client = stage.client()
    assert client.talk(GET) == b""
    assert client.broken
    assert "ZeroDivisionError: a feature" in stage.errors[0]


@pytest.mark.parametrize("again", [[body(b"abc")], [body(b"a", more=True), body(b"bc")]])
def test_an_app_may_try_again_where_a_feature_has_failed(host: Make, again: list[Any]) -> None:
    def feature(asked: Any, response: Any, given: Any) -> Any:
        if not failed:
            failed.append(True)
            raise ZeroDivisionError("a feature")
        return response, given

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        with pytest.raises(ZeroDivisionError):
            await send(body(b"lost", more=True))
        for message in again:
            await send(message)

    failed: list[bool] = []
    stage = host(app)
    stage.watch.begun.append(lambda exchange: setattr(exchange, "answers", (feature,)))
    got = stage.ask(GET)
    assert (statuses(got), content(got), stage.errors) == ([200], b"abc", [])
