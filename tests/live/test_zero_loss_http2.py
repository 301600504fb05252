"""What clients of HTTP/2 notice of reloads and of the end: what was taken up is answered, and the rest comes again."""

import asyncio
import signal
from functools import partial
from pathlib import Path

import pytest
from certifying import make_pair
from steady_http2 import Account, steady, until
from workers import Workers, named

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.mark.parametrize("secured", [False, True], ids=["clear", "tls"])
def test_rolling_reloads_and_the_end_lose_no_stream(tmp_path: Path, secured: bool) -> None:
    async def run(server: Workers) -> None:
        async with steady(server.port, secured) as account:
            for number in range(1, 6):
                before = set(account.served_by)
                server.send(signal.SIGHUP)
                await until(partial(reloaded, server, number))
                await until(partial(others, account, before))
            answers, account.ending = account.answers, True
            server.send(signal.SIGTERM)
            await until(lambda: server.process.poll() is not None)
        assert account.lost == []
        assert account.goaways >= 5
        assert account.answers >= answers > 100

    options = ("--tls", make_pair(tmp_path).option) if secured else ()
    with Workers(tmp_path, named(0.005), "--workers", "2", *options) as server:
        asyncio.run(run(server))
        assert server.process.returncode == 0


def reloaded(server: Workers, times: int) -> bool:
    """Whether so many reloads are over."""
    return server.told.count("the reload is over") >= times


def others(account: Account, before: set[bytes]) -> bool:
    """Whether somebody else answers by now."""
    return bool(account.served_by - before)
