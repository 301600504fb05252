from __future__ import annotations

import threading
from typing import Any

from conversing import request, statuses

from calling import (
    PATIENCE,
    PLAIN,
    Calling,
    Closed,
    Gate,
)
from pellucid.server.timeouts import Patience


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
