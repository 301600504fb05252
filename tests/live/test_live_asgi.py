"""ASGI apps over real sockets, on each of the loops that can be the reactor's host."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import hosted
from running import PATIENCE, Running, ask

from hosting import content

pytestmark = pytest.mark.live

APP = """
import asyncio, os, sys

ends = []

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("the end of", *ends, file=sys.stderr, flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    kind = b"text/event-stream" if scope["path"] == "/events" else b"text/plain"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    body = await globals()[scope["path"][1:]](scope, receive, send)
    await send({"type": "http.response.body", "body": body})

async def loop(scope, receive, send):
    return type(asyncio.get_running_loop()).__module__.encode()

async def echo(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body

async def thread(scope, receive, send):
    return await asyncio.to_thread(lambda: b"from a thread")

async def child(scope, receive, send):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('a child')", stdout=pipe)
    output, _ = await process.communicate()
    return output + b"%d" % process.returncode

async def pause(scope, receive, send):
    await asyncio.sleep(0.01)
    return b"awake"

async def leave(scope, receive, send):
    async def leaving():
        raise SystemExit(3)
    await asyncio.gather(asyncio.create_task(leaving()), return_exceptions=True)
    return b"still here"

async def events(scope, receive, send):
    await send({"type": "http.response.body", "body": b"data: first\\n\\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    ends.append("events")
    return b"data: last\\n\\n"
"""


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apps")
    (folder / "living.py").write_text(APP)
    return folder


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def server(request: pytest.FixtureRequest, apps: Path) -> Iterator[Running]:
    with hosted("living:app", apps, "--loop", request.param) as running:
        running.loop = request.param  # type: ignore[attr-defined]  # for the test that looks
        yield running


def test_it_runs_on_the_loop_that_was_asked_for(server: Running) -> None:
    assert content(server.get("/loop")).partition(b".")[0].decode() == server.loop  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/thread", b"from a thread"),
        ("/child", b"a child\n0"),
        ("/pause", b"awake"),
        ("/leave", b"still here"),
    ],
)
def test_what_the_loop_has_to_offer_is_there(server: Running, path: str, body: bytes) -> None:
    assert content(server.get(path)) == body


def test_a_large_body_comes_back(server: Running) -> None:
    body = bytes(range(256)) * 8192
    with server.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
        client.sendall(body)
        answered = b""
        while data := client.recv(1 << 16):
            answered += data
    assert content(answered) == body


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_stream_of_events_and_the_lifespan_end_when_it_is_told_to(apps: Path, loop: str) -> None:
    with hosted("living:app", apps, "--loop", loop, "--grace", "60") as server:
        with server.connect() as client:
            client.settimeout(PATIENCE)
            client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while b"first" not in got:
                got += client.recv(4096)
            server.send(signal.SIGTERM)
            while data := client.recv(4096):
                got += data
        assert b"data: last" in got
        assert got.endswith(b"0\r\n\r\n")
        status, _, errors = server.ended()
    assert status == 0
    assert "the end of events" in errors


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_signal_ends_a_loop_that_rests(apps: Path, loop: str) -> None:
    with hosted("living:app", apps, "--loop", loop) as server:
        with server.connect() as client:
            assert content(ask(client, "/pause")) == b"awake"
        assert server.end(signal.SIGINT)[0] == 0


def test_an_unknown_loop_is_a_mistake_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pellucid", "serve", "living:app", "--loop", "trio"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"trio" in done.stderr
