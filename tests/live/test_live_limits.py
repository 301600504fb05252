"""Limits over real sockets: counted together by workers that share a Redis, and for each worker when that is away."""

import socket
import time
from pathlib import Path

import pytest
from curl import fetch
from remembering import Redis
from running import Running
from workers import Workers

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

APP = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x", "more_body": scope["path"] == "/slow"})
    while scope["path"] == "/slow":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
"""


def many(port: int, count: int) -> list[int]:
    """The statuses of so many requests, each by a connection of its own."""
    return [fetch(f"http://127.0.0.1:{port}/").status for _ in range(count)]


def test_workers_count_together_by_a_redis_and_each_for_itself_without_it(tmp_path: Path) -> None:
    options = ("--rate-limit", "6/h", "--workers", "2", "--rate-limit-store")
    with Redis(tmp_path) as redis, Workers(tmp_path, APP, *options, redis.url) as server:
        assert sorted(many(server.port, 9)) == [200] * 6 + [429] * 3
        redis.kill()
        statuses = many(server.port, 16)
        assert statuses[0] == 200
        assert 6 <= statuses.count(200) <= 12
        assert server.wait_for("each worker counts for itself").count("each worker counts for itself") <= 2
        redis.start()
        time.sleep(1.2)  # it is left alone for a second
        assert 200 in many(server.port, 6)  # the first at each worker finds out


def test_a_client_that_goes_gives_its_place_back(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(APP)
    options = ("--app-dir", str(tmp_path), "--concurrency-limit", "2", "--concurrency-limit-wait", "0")
    with Running("serve", "slow:app", "--bind", "127.0.0.1:0", "--access-log", "off", *options) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
        for client in slow:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        assert fetch(f"http://127.0.0.1:{server.port}/").status == 429
        slow[0].close()
        deadline = time.monotonic() + 10
        while fetch(f"http://127.0.0.1:{server.port}/").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        slow[1].close()
