from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest
from calling import PATIENCE, Calling, _threads_are_let_go  # noqa: F401  # a fixture
from conversing import request, statuses

from pellucid.apps.wsgi import Wsgi, WsgiSettings
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch

BOTH_WAYS = pytest.mark.parametrize("threads", [0, 2], ids=["inline", "threads"])
PLAIN = [("Content-Type", "text/plain")]

App = Callable[[dict[str, Any], Any], Any]


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)
    return [b"hello"]


@BOTH_WAYS
def test_a_whole_answer_has_its_length(threads: int) -> None:
    calling = Calling(hello, threads)
    answer = calling.ask()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-type: text/plain\r\n" in answer
    assert b"\r\ncontent-length: 5\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhello")
    assert statuses(calling.ask()) == [200]  # on the same connection
    assert calling.errors == []


@BOTH_WAYS
@pytest.mark.parametrize(
    "data",
    [
        request(),
        request("HEAD"),
        request("OPTIONS", "*"),
        request("POST", body=b"abc"),
        request("POST", "/a%20b?c=d", body=b"x" * 200_000),
        request("POST", Transfer_Encoding="chunked") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        request(version="1.0", Connection="keep-alive"),
    ],
    ids=["GET", "HEAD", "OPTIONS *", "POST", "large POST", "chunked POST", "HTTP/1.0"],
)
def test_the_validator_of_pep_3333_finds_nothing(threads: int, data: bytes) -> None:
    @validator
    def echo(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.errors"].write("")
        environ["wsgi.errors"].flush()
        start_response("200 OK", [*PLAIN, ("Content-Length", str(len(body)))])
        return iter([body, b""]) if environ["REQUEST_METHOD"] != "HEAD" else iter([])

    calling = Calling(echo, threads)
    assert statuses(calling.ask(data)) == [200]
    calling.ask(data)
    assert calling.errors == []


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


@BOTH_WAYS
@pytest.mark.parametrize(
    "framed",
    [
        lambda body: request("POST", body=body),
        lambda body: request("POST", Transfer_Encoding="chunked") + chunked(body[:7], body[7:]),
    ],
    ids=["with its length", "chunked"],
)
@pytest.mark.parametrize("size", [8, 1000, 1001, 300_000])
def test_a_body_is_read_as_a_file_is(threads: int, framed: Callable[[bytes], bytes], size: int) -> None:
    body = (b"0123456\n" * (size // 8 + 1))[:size]
    seen: list[object] = []

    def read(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        source = environ["wsgi.input"]
        seen.extend([environ["CONTENT_LENGTH"], environ.get("HTTP_TRANSFER_ENCODING"), source.read(0), source.read(3)])
        seen.extend([source.readline(), source.readline(2), source.readlines(1)[:1], len(list(source))])
        seen.extend([source.read(), source.read(5), source.readline()])
        start_response("200 OK", PLAIN)
        return [b"ok"]

    def expected() -> list[object]:
        lines = body[10:].splitlines(keepends=True) if size > 8 else []
        return [lines[:1], max(0, len(lines) - 1)]

    calling = Calling(read, threads, body_memory=1000)
    assert calling.get(framed(body)) == b"ok"
    assert seen[:4] == [str(size), None, b"", b"012"]
    assert seen[4:6] == [b"3456\n", body[8:10]]
    assert seen[6:8] == expected()
    assert seen[8:] == [b"", b"", b""]


def test_a_long_body_is_in_an_unnamed_file_and_a_short_one_in_memory() -> None:
    kinds: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        kinds.append(type(environ["wsgi.input"]).__name__)
        start_response("200 OK", PLAIN)
        return [b""]

    calling = Calling(app, body_memory=100)
    calling.ask(request("POST", body=b"x" * 100))
    calling.ask(request("POST", body=b"x" * 101))
    assert kinds == ["BytesIO", "BufferedRandom"]


@BOTH_WAYS
def test_no_app_is_asked_before_its_body_is_there_nor_when_the_client_leaves_before(threads: int) -> None:
    asked = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read())
        return hello(environ, start_response)

    calling = Calling(app, threads, body_memory=10)
    calling.client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + b"a" * 39)
    assert asked == []
    assert calling.ask(b"a").endswith(b"hello")
    assert asked == [b"a" * 40]
    calling.client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + b"a" * 39)
    calling.client.link.abort()
    calling.drain()
    assert asked == [b"a" * 40]
    assert calling.stage.open_connections == 0
    assert calling.errors == []


def generator(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b""
    yield b"one "
    yield b""
    yield b"two"


def late_start(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    yield b""
    start_response("200 OK", PLAIN)
    yield b"one two"


def writing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    write = start_response("200 OK", PLAIN)
    write(b"one")
    write(b"")
    write(b" ")
    return [b"two"]


def only_writing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)(b"one two")
    return []


def writing_and_generating(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)(b"one ")
    return iter([b"two"])


def tuple_of_parts(environ: dict[str, Any], start_response: Any) -> tuple[bytes, ...]:
    start_response("200 OK", PLAIN)
    return b"one", b" ", b"two"


def with_length(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [*PLAIN, ("Content-Length", "7")])
    return iter([b"one two", b""])


class OldIteration:
    """An iterable of the kind that Python had first."""

    def __init__(self, environ: dict[str, Any], start_response: Any) -> None:
        start_response("200 OK", PLAIN)

    def __getitem__(self, index: int) -> bytes:
        return [b"one ", b"two"][index]


@BOTH_WAYS
@pytest.mark.parametrize(
    "app",
    [
        generator,
        late_start,
        writing,
        only_writing,
        writing_and_generating,
        tuple_of_parts,
        with_length,
        OldIteration,
    ],
)
def test_a_body_comes_in_every_way_that_pep_3333_has(threads: int, app: App) -> None:
    calling = Calling(app, threads)
    assert calling.get() == b"one two"
    assert calling.get(request("HEAD")) == b""
    assert calling.get() == b"one two"
    assert calling.errors == []


@BOTH_WAYS
@pytest.mark.parametrize("parts", [[], [b""], iter([]), [b"", b""]], ids=["none", "one", "iterator", "two"])
def test_a_body_of_nothing_is_an_answer_of_no_length(threads: int, parts: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return parts

    assert b"\r\ncontent-length: 0\r\n" in Calling(app, threads).ask()


class Closed:
    """An iterable that counts how often it is closed."""

    def __init__(self, *items: Any) -> None:
        self.items = list(items)
        self.closed = 0
        self.done = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Closed:
        start_response("200 OK", PLAIN)
        return self

    def __iter__(self) -> Iterator[Any]:
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        self.closed += 1
        self.done.set()


@BOTH_WAYS
@pytest.mark.parametrize(
    ("items", "status"),
    [((b"a", b"b"), 200), ((), 200), ((ZeroDivisionError(),), 500), (("text",), 500), ((b"a", b""), 200)],
    ids=["two parts", "no part", "an exception", "no bytes", "an empty part"],
)
def test_what_an_app_returned_is_closed_once(threads: int, items: Any, status: int) -> None:
    app = Closed(*items)
    calling = Calling(app, threads)
    assert statuses(calling.ask()) == [status]
    assert app.done.wait(PATIENCE)
    calling.ask()  # when this is answered, the one before is over
    assert app.closed == 2 or (threads and app.closed == 1)


@BOTH_WAYS
def test_what_an_app_returned_is_closed_when_the_client_leaves(threads: int) -> None:
    app = Closed(*[b"x" * 65536] * 1000)
    calling = Calling(app, threads, holds=1000)
    calling.client.send(request())
    calling.until_server(lambda: len(calling.client.link.arrived) > 0)
    assert app.closed == 0
    calling.client.link.abort()
    calling.drain()
    assert app.done.wait(PATIENCE)
    calling.drain()
    assert app.closed == 1
    assert calling.errors == []


@BOTH_WAYS
def test_a_client_that_does_not_read_costs_one_buffer(threads: int) -> None:
    made: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        for number in range(1000):
            made.append(number)
            yield b"x" * 16384

    calling = Calling(app, threads, holds=1000)
    calling.client.send(request())
    calling.until_server(lambda: len(calling.client.link.arrived) > 0)
    calling.drain()
    assert len(made) < 64  # a megabyte, for the link and for what waits before it
    calling.client.link.abort()
    calling.drain()


def test_a_client_that_never_reads_is_cut_and_its_thread_let_go() -> None:
    app = Closed(*[b"x" * 65536] * 1000)
    calling = Calling(app, 1, holds=1000, patience=Patience(write_stall=5.0))
    calling.client.send(request())
    calling.until_server(lambda: len(calling.client.link.arrived) > 0)
    other = calling.another()
    other.send(request("GET", "/other"))
    calling.drain()
    assert not app.done.is_set()  # the only thread waits for the first client
    calling.stage.wait(5.0)
    assert calling.client.broken
    assert app.done.wait(PATIENCE)
    calling.until_server(lambda: b"HTTP/1.1 200" in bytes(other.link.arrived))
    other.link.abort()
    calling.drain()


class Twice:
    """An app that gives one head after the other."""

    def __init__(self, exc_info: bool, after: bytes) -> None:
        self.exc_info = exc_info
        self.after = after

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", PLAIN)
        try:
            if self.after:
                write(self.after)
            raise ZeroDivisionError("on purpose")
        except ZeroDivisionError:
            start_response("500 Oh", PLAIN, sys.exc_info() if self.exc_info else None)
        return [b"sorry"]


@BOTH_WAYS
def test_a_head_is_replaced_by_exc_info_before_it_is_sent(threads: int) -> None:
    calling = Calling(Twice(True, b""), threads)
    assert calling.ask().endswith(b"sorry")
    assert b"HTTP/1.1 500" in calling.client.got
    assert calling.errors == []


@BOTH_WAYS
def test_a_head_that_is_sent_is_not_replaced_and_the_exception_comes_back(threads: int) -> None:
    calling = Calling(Twice(True, b"begun"), threads)
    answer = calling.ask()
    assert b"sorry" not in answer
    assert b"ZeroDivisionError: on purpose" in calling.errors[0].encode()
    assert calling.client.broken or statuses(answer) == [500]  # what was given to write() may not have left yet


def returning(result: Any, status: Any = "200 OK", headers: Any = PLAIN) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return result

    return app


def raising(error: BaseException) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        raise error

    return app


def failing_generator(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield b""
    raise ZeroDivisionError("on purpose")


def twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)
    start_response("200 OK", PLAIN)
    return [b""]


def of_one_argument(*environ: Any) -> Any:
    return (lambda environ: [b""])(*environ)


# What a misbehaving app does, and what is logged of it; the client gets 500.
MISTAKES: dict[str, tuple[App, str]] = {
    "an exception": (raising(ZeroDivisionError("on purpose")), "ZeroDivisionError: on purpose"),
    "SystemExit": (raising(SystemExit(3)), "SystemExit: 3"),
    "KeyboardInterrupt": (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
    "GeneratorExit": (raising(GeneratorExit()), "GeneratorExit"),
    "an exception in the iterable": (failing_generator, "ZeroDivisionError: on purpose"),
    "no call of start_response": (lambda environ, start_response: [b"x"], "did not call start_response"),
    "the same, in a generator": (lambda environ, start_response: iter([b"x"]), "did not call start_response"),
    "nothing at all": (lambda environ, start_response: None, "the app returned NoneType"),
    "None": (returning(None), "the app returned NoneType"),
    "a str": (returning("text"), "the app returned str, not a list"),
    "bytes": (returning(b"bytes"), "the app returned bytes, not a list"),
    "a list of str": (returning(["text"]), "of type str, not bytes"),
    "a list of two str": (returning(["text", "more"]), "of type str, not bytes"),
    "an iterable of str": (returning({"text": 1}), "of type str, not bytes"),
    "an app of one argument": (of_one_argument, "takes 1 positional argument"),
    "a status that is a number": (returning([b""], 200), "the status is of type int"),
    "a status without a number": (returning([b""], "OK"), "not of the form '200 OK'"),
    "a status of too many digits": (returning([b""], "2000 OK"), "not of the form '200 OK'"),
    "a status that is informational": (returning([b""], "103 Early Hints"), "no final one"),
    "a status that is none": (returning([b""], "999 What"), "no final one"),
    "a line break in the status": (returning([b""], "200 OK\r\nX-A: b"), "a control character in the status"),
    "headers that are None": (returning([b""], headers=None), "the headers are None"),
    "headers that are a dict": (returning([b""], headers={"A": "b"}), "the headers are of type dict"),
    "headers of bytes": (returning([b""], headers=[(b"A", b"b")]), "is not a tuple of two str"),
    "headers of numbers": (returning([b""], headers=[("Content-Length", 5)]), "is not a tuple of two str"),
    "headers that are lists": (returning([b""], headers=[["A", "b"]]), "is not a tuple of two str"),
    "a line break in a value": (returning([b""], headers=[("A", "b\r\nC: d")]), "a control character in its value"),
    "a line break in a name": (returning([b""], headers=[("A\r\nC", "d")]), "is no lower-case token"),
    "a colon in a name": (returning([b""], headers=[("A:", "d")]), "is no lower-case token"),
    "a value beyond latin-1": (returning([b""], headers=[("A", "\u20ac")]), "characters beyond latin-1"),
    "Transfer-Encoding": (returning([b""], headers=[("Transfer-Encoding", "chunked")]), "it is hop-by-hop"),
    "Upgrade": (returning([b""], headers=[("Upgrade", "h2c")]), "it is hop-by-hop"),
    "Connection: Upgrade": (returning([b""], headers=[("Connection", "Upgrade")]), "it is hop-by-hop"),
    "a length that is none": (returning([b"x"], headers=[("Content-Length", "many")]), "is not one row of digits"),
    "a length that is too small": (returning([b"xx"], headers=[("Content-Length", "1")]), "Content-Length of 1"),
    "a length that is too large": (returning([b"xx"], headers=[("Content-Length", "3")]), "Content-Length of 3"),
    "two heads": (twice, "a second time without exc_info"),
}


@BOTH_WAYS
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_app_is_a_500_and_logged_and_the_next_request_is_served(threads: int, mistake: str) -> None:
    app, words = MISTAKES[mistake]

    def choose(environ: dict[str, Any], start_response: Any) -> Any:
        return hello(environ, start_response) if environ["PATH_INFO"] == "/fine" else app(environ, start_response)

    calling = Calling(app if mistake == "an app of one argument" else choose, threads)
    assert statuses(calling.ask()) == [500]
    assert words in "\n".join(calling.errors)
    assert len(calling.errors) == 1
    if mistake != "an app of one argument":
        assert calling.get(request("GET", "/fine")) == b"hello"


@BOTH_WAYS
def test_an_exception_is_logged_with_its_request_and_without_our_frames(threads: int) -> None:
    calling = Calling(raising(ZeroDivisionError("on purpose")), threads)
    calling.ask(request("GET", "/a/path"))
    [error] = calling.errors
    assert error.startswith(f"the app failed: GET /a/path ({calling.exchange.request_id})\nTraceback")
    assert "test_wsgi_app.py" in error
    assert "pellucid/" not in error


@BOTH_WAYS
def test_an_answer_that_fails_in_its_middle_is_cut(threads: int) -> None:
    going_on = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"begun"
        if threads:
            assert going_on.wait(PATIENCE)
        raise ZeroDivisionError("on purpose")

    calling = Calling(app, threads)
    calling.client.send(request())
    calling.until_tick(lambda: b"begun" in calling.client.got or calling.client.ended)
    going_on.set()
    calling.until(lambda: calling.client.ended)
    assert calling.client.broken
    assert "ZeroDivisionError: on purpose" in calling.errors[0]


@BOTH_WAYS
def test_what_comes_behind_the_length_is_dropped_and_logged(threads: int) -> None:
    calling = Calling(returning(iter([b"five!", b"more"]), headers=[("Content-Length", "5")]), threads)
    assert calling.ask().endswith(b"\r\n\r\nfive!")
    assert "the body goes on after" in "\n".join(calling.errors)
    assert not calling.client.ended


@BOTH_WAYS
def test_a_mistake_at_the_end_is_logged_and_leaves_the_answer_alone(threads: int) -> None:
    class Failing(Closed):
        def close(self) -> None:
            raise ZeroDivisionError("at the end")

    calling = Calling(Failing(b"a"), threads)
    assert calling.get() == b"a"
    calling.until(lambda: bool(calling.stage.errors))
    assert "ZeroDivisionError: at the end" in calling.errors[0]
    assert not calling.client.ended


@BOTH_WAYS
def test_an_exception_behind_the_whole_body_is_logged_and_leaves_the_answer_alone(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [*PLAIN, ("Content-Length", "5")])
        yield b"hello"
        raise ZeroDivisionError("behind")

    calling = Calling(app, threads)
    assert calling.get() == b"hello"
    calling.until(lambda: bool(calling.stage.errors))
    assert "ZeroDivisionError: behind" in calling.errors[0]
    assert not calling.client.ended


@BOTH_WAYS
@pytest.mark.parametrize(("times", "answer"), [(1, [500]), (2, [])], ids=["once", "for the 500 too"])
def test_a_feature_that_fails_is_answered_for(threads: int, times: int, answer: list[int]) -> None:
    left = [times]

    def failing(request: Any, response: Any, body: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise ZeroDivisionError("a feature")
        return response, body

    calling = Calling(hello, threads)
    calling.prepare = lambda exchange: setattr(exchange, "answers", (failing,))
    assert statuses(calling.ask()) == answer
    assert calling.client.broken == (not answer)
    assert "ZeroDivisionError: a feature" in calling.errors[0]


def test_an_app_that_writes_to_nobody_is_ended_without_a_word() -> None:
    ended = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", PLAIN)
        try:
            while True:
                write(b"x" * 65536)
        finally:
            ended.set()

    calling = Calling(app, 1, holds=1000)
    calling.client.send(request())
    calling.until_server(lambda: len(calling.client.link.arrived) > 0)
    calling.client.link.abort()
    calling.drain()
    assert ended.wait(PATIENCE)
    other = calling.another()
    other.send(request())
    calling.until_server(lambda: len(other.link.arrived) > 0)  # the thread is free again
    other.link.abort()
    calling.drain()
    assert calling.errors == []


@BOTH_WAYS
@pytest.mark.parametrize("value", ["close", "keep-alive", "Keep-Alive"])
def test_what_streaming_apps_say_of_the_connection_does_no_harm(threads: int, value: str) -> None:
    calling = Calling(returning([b"x"], headers=[("Connection", value)]), threads)
    assert statuses(calling.ask()) == [200]
    assert calling.client.ended == (value == "close")
    assert calling.errors == []


@BOTH_WAYS
def test_early_hints_go_ahead(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
        return hello(environ, start_response)

    answer = Calling(app, threads).ask()
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n")


@BOTH_WAYS
@pytest.mark.parametrize("hints", [[("Link", "a\r\nb")], [("Link", 5)], ["Link"], 5])
def test_wrong_early_hints_are_a_mistake_of_the_app(threads: int, hints: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.early_hints"](hints)
        return hello(environ, start_response)

    calling = Calling(app, threads)
    assert statuses(calling.ask()) == [500]


@BOTH_WAYS
def test_early_hints_behind_the_head_are_dropped(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)(b"x")
        environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
        return iter([])

    assert statuses(Calling(app, threads).ask()) == [200]


@BOTH_WAYS
def test_each_request_has_a_context_of_its_own(threads: int) -> None:
    name = contextvars.ContextVar("name", default="nobody")

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        before = name.get()
        name.set(environ["PATH_INFO"])
        start_response("200 OK", PLAIN)
        yield before.encode()
        yield name.get().encode()

    calling = Calling(app, threads)
    assert calling.get(request("GET", "/one")) == b"nobody/one"
    assert calling.get(request("GET", "/two")) == b"nobody/two"
    assert name.get() == "nobody"


@BOTH_WAYS
def test_an_app_runs_in_the_context_that_its_exchange_has(threads: int) -> None:
    name = contextvars.ContextVar("name", default="nobody")

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        return [name.get().encode()]

    calling = Calling(app, threads)
    calling.prepare = lambda exchange: setattr(exchange, "context", contextvars.Context())
    assert calling.get() == b"nobody"

    def named(exchange: Any) -> None:
        exchange.context = contextvars.copy_context()
        exchange.context.run(name.set, "somebody")

    calling.prepare = named
    assert calling.get() == b"somebody"


@BOTH_WAYS
def test_connect_is_refused(threads: int) -> None:
    calling = Calling(hello, threads)
    assert statuses(calling.ask(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")) == [501]


@BOTH_WAYS
def test_an_offered_upgrade_is_an_ordinary_request(threads: int) -> None:
    calling = Calling(hello, threads)
    assert calling.get(request(Connection="Upgrade", Upgrade="websocket")) == b"hello"
    assert calling.get() == b"hello"


@BOTH_WAYS
def test_what_an_app_says_to_wsgi_errors_is_noted(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        print("a line", file=environ["wsgi.errors"])
        environ["wsgi.errors"].write("no end")
        return hello(environ, start_response)

    calling = Calling(app, threads)
    calling.ask()
    calling.until(lambda: len(calling.stage.errors) == 2)
    assert calling.errors == ["a line", "no end"]


@BOTH_WAYS
def test_an_app_under_a_mount_sees_its_name_and_the_rest(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode("latin-1")]

    calling = Calling(app, threads, mount=b"/caf%C3%A9")
    assert calling.get(request("GET", "/caf%C3%A9/a%2Fb")) == "/café|/a/b".encode()
    assert calling.get(request("GET", "/caf%C3%A9")) == "/café|".encode()


# The pool


class Gate:
    """An app whose requests to /slow wait until they are let through."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked.append(environ["PATH_INFO"])
        if environ["PATH_INFO"].startswith("/slow"):
            self.entered.release()
            assert self.open.wait(PATIENCE)
        return hello(environ, start_response)


def test_a_queue_that_is_full_answers_503_with_its_reason() -> None:
    app = Gate()
    calling = Calling(app, 1, request_queue=2)
    calling.client.send(request("GET", "/slow"))
    calling.stage.settle()
    assert app.entered.acquire(timeout=PATIENCE)
    waiting = [calling.another() for _ in range(2)]
    for client in waiting:
        client.talk(request())
    other = calling.another()
    assert b"request-queue: 2 requests wait for a thread already" in other.talk(request())
    assert statuses(other.got) == [503]
    assert [level for level, text in calling.stage.notes if "request-queue" in text] == ["warning"]
    waiting[0].link.abort()  # nobody wants its answer any more, so its place is free
    calling.stage.settle()
    assert other.talk(request()) == b""
    app.open.set()
    calling.until(lambda: bool(other.talk()) or len(other.got) > 300)
    assert statuses(other.got) == [503, 200]


def test_a_queue_that_became_full_while_a_body_came_in_answers_503() -> None:
    app = Gate()
    calling = Calling(app, 1, request_queue=1)
    calling.client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
    slow, waiting = calling.another(), calling.another()
    slow.talk(request("GET", "/slow"))
    assert app.entered.acquire(timeout=PATIENCE)
    waiting.talk(request())
    assert statuses(calling.client.talk(b"b")) == [503]
    app.open.set()
    calling.until(lambda: bool(waiting.talk()) or bool(waiting.got))


def test_a_request_whose_client_has_left_is_not_run() -> None:
    app = Gate()
    calling = Calling(app, 1)
    calling.client.send(request("GET", "/slow"))
    calling.stage.settle()
    assert app.entered.acquire(timeout=PATIENCE)
    leaving, staying = calling.another(), calling.another()
    leaving.talk(request("GET", "/left"))
    staying.talk(request("GET", "/stayed"))
    leaving.link.abort()
    calling.stage.settle()
    app.open.set()
    calling.until(lambda: bool(staying.talk()))
    assert app.asked == ["/slow", "/stayed"]


def test_an_answer_behind_the_request_timeout_is_dropped() -> None:
    app = Gate()
    calling = Calling(app, 1, patience=Patience(request_timeout=3.0))
    calling.client.send(request("GET", "/slow"))
    calling.stage.settle()
    assert app.entered.acquire(timeout=PATIENCE)
    calling.stage.wait(3.0)
    calling.read()
    assert statuses(calling.client.got) == [503]
    app.open.set()
    other = calling.another()
    other.talk(request())
    calling.until(lambda: bool(other.talk()) or bool(other.got))
    assert statuses(calling.client.got) == [503]
    assert calling.errors == []


def test_the_end_waits_for_what_runs() -> None:
    app = Gate()
    calling = Calling(app, 2)
    begun: list[str] = []
    calling.wsgi.begin(begun.append)
    assert begun == [""]
    calling.client.send(request("GET", "/slow"))
    calling.stage.settle()
    assert app.entered.acquire(timeout=PATIENCE)
    ended: list[bool] = []
    calling.wsgi.end(lambda: ended.append(True))
    calling.drain()
    assert ended == []
    app.open.set()
    calling.until(lambda: bool(ended))
    assert ended == [True]


def test_the_end_of_an_app_in_the_loop_is_at_once() -> None:
    ended: list[bool] = []
    reactor = Reactor(MemoryPoller(), HandClock())
    wsgi = Wsgi(hello, reactor, Watch(), WsgiSettings(threads=0), True)
    wsgi.end(lambda: ended.append(True))
    assert ended == [True]


@pytest.mark.parametrize(("threads", "multithread"), [(0, False), (1, True)])
def test_an_app_is_told_whether_it_runs_beside_itself(threads: int, multithread: bool) -> None:
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ["wsgi.multithread"], environ["wsgi.multiprocess"], environ["wsgi.run_once"]))
        return hello(environ, start_response)

    Calling(app, threads).ask()
    assert seen == [(multithread, False, False)]
