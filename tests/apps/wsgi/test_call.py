from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest
from conversing import request, statuses

from calling import (
    BOTH_WAYS,
    PATIENCE,
    PLAIN,
    App,
    Calling,
    Closed,
    hello,
)


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
def test_what_an_app_says_to_wsgi_errors_is_noted(threads: int) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        print("a line", file=environ["wsgi.errors"])
        environ["wsgi.errors"].write("no end")
        return hello(environ, start_response)

    calling = Calling(app, threads)
    calling.ask()
    calling.until(lambda: len(calling.stage.errors) == 2)
    assert calling.errors == ["a line", "no end"]
