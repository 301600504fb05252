from __future__ import annotations

import sys
import threading
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
    raising,
    returning,
)


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
    assert error.startswith(f"{calling.exchange.request_id} GET /a/path: the app failed\nTraceback")
    assert "calling.py" in error  # where the app stands
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
