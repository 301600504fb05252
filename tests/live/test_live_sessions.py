"""Sessions over real sockets, shared by workers that write at the same time, and by stores that go and come back."""

import asyncio
import re
import sqlite3
import time
from pathlib import Path

import pytest
from remembering import APP, KEY, Client, Redis, ask
from running import PATIENCE
from workers import Workers

pytestmark = pytest.mark.live

CLIENTS = 200
EACH = 3


async def count_up(port: int, shared: str) -> tuple[list[str], str]:
    """What each client has counted in a session of its own, and all of them in a shared one."""

    async def one() -> str:
        mine, ours = Client(port), Client(port, shared)
        try:
            for _ in range(EACH):
                told = await mine.get("/count")
                assert told[0] == 200, told
                told = await ours.get("/count")
                assert told[0] == 200, told
            return (await mine.get("/"))[1]
        finally:
            mine.close()
            ours.close()

    counted = await asyncio.gather(*(one() for _ in range(CLIENTS)))
    last = Client(port, shared)
    try:
        return counted, (await last.get("/"))[1]
    finally:
        last.close()


@pytest.mark.parametrize("store", ["sqlite", "redis"])
@pytest.mark.timeout(180)
def test_of_what_two_hundred_clients_count_by_four_workers_nothing_is_lost(store: str, tmp_path: Path) -> None:
    options = ("--workers", "4", "--session-exclusive", "--session-key", KEY, "--connections-per-address", "0")
    redis = Redis(tmp_path) if store == "redis" else None
    try:
        if redis is not None:
            redis.start()
        where = redis.url if redis is not None else f"sqlite:{tmp_path / 'sessions.db'}"
        with Workers(tmp_path, APP, "--session", where, *options) as server:
            shared = ask(server.port, "/count")[2]
            counted, together = asyncio.run(count_up(server.port, shared))
            assert counted == [repr({"count": EACH})] * CLIENTS
            assert together == repr({"count": 1 + EACH * CLIENTS})
            assert "error" not in server.told.lower()
    finally:
        if redis is not None:
            redis.kill()


async def set_keys(port: int, shared: str, many: int) -> None:
    """Each client sets a key of its own in the same session, all at once."""

    async def one(number: int) -> None:
        client = Client(port, shared)
        try:
            told = await client.get(f"/set/{number}")
            assert told[0] == 200, told
        finally:
            client.close()

    await asyncio.gather(*(one(number) for number in range(many)))


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_writes_to_different_keys_are_all_kept_though_nobody_waits(store: str, tmp_path: Path) -> None:
    redis = Redis(tmp_path) if store == "redis" else None
    try:
        if redis is not None:
            redis.start()
        where = redis.url if redis is not None else f"sqlite:{tmp_path / 'sessions.db'}"
        with Workers(tmp_path, APP, "--workers", "4", "--session", where, "--session-key", KEY) as server:
            shared = ask(server.port, "/set/first")[2]
            asyncio.run(set_keys(server.port, shared, 100))
            _, body, _ = ask(server.port, "/", shared)
            assert body.count("True") == 101
    finally:
        if redis is not None:
            redis.kill()


def test_a_redis_that_is_killed_gives_503_and_one_line_and_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    with (
        Redis(tmp_path) as redis,
        Workers(tmp_path, APP, "--session", redis.url, "--session-key", KEY) as server,
    ):
        cookie = ask(server.port, "/count")[2]
        assert ask(server.port, "/count", cookie)[:2] == (200, repr({"count": 2}))
        redis.kill()
        for path, shown in [("/count", cookie), ("/idle", cookie), ("/count", "")] * 3:
            began = time.monotonic()
            assert ask(server.port, path, shown)[0] == 503
            assert time.monotonic() - began < 5
        assert ask(server.port, "/idle")[0] == 200
        lines = [line for line in server.told.splitlines() if "redis://" in line]
        assert len(lines) == 1
        assert re.search(r"sessions: redis://127\.0\.0\.1:\d+/0 fails: .*refused.*answered with 503", lines[0])
        redis.start()
        deadline = time.monotonic() + PATIENCE
        while ask(server.port, "/count", cookie)[0] == 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.wait_for("sessions are kept again").count("sessions are kept again") == 1
        status, body, again = ask(server.port, "/count", cookie)
        assert (status, body) == (200, repr({"count": 1}))  # what it kept in memory is gone with it
        assert again != cookie


def test_a_file_that_is_locked_gives_503_and_one_line_and_the_loop_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "sessions.db"
    with Workers(tmp_path, APP, "--session", f"sqlite:{file}") as server:
        cookie = ask(server.port, "/count")[2]
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        asked = asyncio.run(_beside(server.port, cookie))
        assert asked == (503, {200}, True)
        other.execute("ROLLBACK")
        other.close()
        deadline = time.monotonic() + PATIENCE
        while ask(server.port, "/count", cookie)[0] == 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.wait_for("sessions are kept again").count("database is locked") == 1


async def _beside(port: int, cookie: str) -> tuple[int, set[int], bool]:
    # What a write is told while it waits, what reads are told beside it, and whether those were quick.
    writer, reader = Client(port, cookie), Client(port, cookie)
    write = asyncio.create_task(writer.get("/count"))
    quick, statuses = True, []
    while not write.done():
        began = time.monotonic()
        statuses.append((await reader.get("/"))[0])
        quick = quick and time.monotonic() - began < 1
        await asyncio.sleep(0.05)
    writer.close()
    reader.close()
    return (await write)[0], {*statuses[:-1]}, quick  # the last one may have come behind the write's end


def test_a_session_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    options = ("--session", f"sqlite:{tmp_path / 'sessions.db'}", "--workers", "2")
    with Workers(tmp_path, APP, *options) as server:
        cookie = ask(server.port, "/count")[2]
        assert server.end()[0] == 0
    with Workers(tmp_path, APP, *options) as server:
        assert ask(server.port, "/count", cookie)[:2] == (200, repr({"count": 2}))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--session", "sqlite:nowhere/sessions.db"), "there is no folder '"),
        (("--session", "postgres:x"), "--session: 'postgres:x' is no store: it is sqlite:FILE"),
        (("--session", "cookie"), "--session: cookie needs a session-key or a session-key-file: make one with"),
        (("--session", "memory", "--session-key", "short"), "a session-key has 5 characters and needs 32 or more"),
    ],
)
def test_what_cannot_be_kept_is_said_before_anything_is_served(
    options: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    server = Workers(tmp_path, APP, *options)
    with pytest.raises(AssertionError):
        server.__enter__()
    assert complaint in server.told
    assert server.process.returncode == 2
