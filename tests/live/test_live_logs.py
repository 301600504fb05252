"""What several workers tell: each line whole and in its format, with the names of worker, request and trace."""

import json
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from running import PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HELLO = f"GET / HTTP/1.1\r\nHost: x\r\nTraceparent: 00-{TRACE}-{SPAN}-01\r\nConnection: close\r\n\r\n".encode()

APP = """
import os

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter


def spell(span):
    return f"span {span.name} {span.context.trace_id:032x} {span.parent.span_id:016x} {span.context.span_id:016x}\\n"


if "TRACED" in os.environ:
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=spell)))
tracer = trace.get_tracer("app")


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    with tracer.start_as_current_span("query"):
        await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def wsgi(environ, start_response):
    with tracer.start_as_current_span("query"):
        start_response("200 OK", [])
    return [b"hello"]
"""


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Running]:
    """A server with two workers of one of the app's two kinds."""
    (tmp_path / "traced.py").write_text(APP)

    def start(kind: str, *options: str, **details: Any) -> Running:
        arguments = ("serve", f"traced:{kind}", "--app-dir", str(tmp_path), "--bind", "127.0.0.1:0", "--workers", "2")
        return Running(*arguments, *options, **details)

    return start


def say(server: Running, data: bytes) -> bytes:
    with server.connect() as client:
        client.sendall(data)
        got = b""
        while received := client.recv(65536):
            got += received
    return got


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_what_an_app_traces_is_beneath_the_span_that_the_log_names(started: Callable[..., Running], kind: str) -> None:
    with started(kind, "--otel", "--access-log", "line {trace_id} {span_id}", environment={"TRACED": "yes"}) as server:
        assert say(server, HELLO).startswith(b"HTTP/1.1 200 ")
        status, output, _ = server.end()
    assert status == 0
    line = re.search(rf"^line {TRACE} ([0-9a-f]{{16}})$", output, re.MULTILINE)
    assert line, output
    assert f"span GET {TRACE} {SPAN} {line[1]}\n" in output
    assert re.search(rf"^span query {TRACE} {line[1]} ", output, re.MULTILINE), output


def test_every_line_is_json_for_a_collector(started: Callable[..., Running]) -> None:
    with started("asgi", "--access-log", "json", "--log-format", "json", "--log-level", "debug") as server:
        threads = [threading.Thread(target=say, args=(server, HELLO)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        say(server, b"\x1b[31m\r\n\r\n")
        status, output, errors = server.end()
    assert status == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert sorted(line["status"] for line in lines) == [200] * 20 + [400]
    assert {line["worker"] for line in lines} <= {"1", "2"}
    assert len({line["request_id"] for line in lines}) == 21
    assert {line["trace_id"] for line in lines if line["status"] == 200} == {TRACE}
    for note in map(json.loads, (server.banner + errors).splitlines()):
        assert {"time", "level", "message"} <= set(note)


def test_long_lines_in_a_pipe_that_is_full_are_not_mixed(started: Callable[..., Running]) -> None:
    reading, writing = os.pipe()
    long = HELLO.replace(b" / ", b" /%b " % (b"x" * 6000))
    with started("asgi", "--access-log", "json", stdout=writing) as server:
        os.close(writing)

        def ask() -> None:
            for request in (HELLO, long) * 10:
                say(server, request)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        output = b""
        while output.count(b"\n") < 160:
            output += os.read(reading, 1000)
        assert server.end()[0] == 0
    os.close(reading)
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["worker"] for line in lines} == {"1", "2"}
    assert len({line["request_id"] for line in lines}) == 160


def test_a_pipe_that_nobody_reads_stops_no_worker(started: Callable[..., Running]) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    with started("asgi", stdout=writing) as server:
        for _ in range(10):
            assert say(server, HELLO).startswith(b"HTTP/1.1 200 ")
        assert server.end()[0] == 0
    os.close(reading)
    os.close(writing)
