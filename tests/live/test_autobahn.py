"""Autobahn's cases, the WebSocket world's judge, in the clear, over TLS and through HTTP/2; kosoku drives them."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from bridging import bridge
from certifying import make_pair
from launching import hosted

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

ECHO = """
async def app(scope, receive, send):
    assert scope["type"] == "websocket", scope
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
"""

CORE = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 9, 10)]
COMPRESSION = [f"{group}.{data}.{size}" for group in (12, 13) for data in range(1, 6) for size in (1, 3, 6, 11)]
"""The other sizes and offers ask the same of more bytes, for minutes: by hand, `python autobahn.py URL`."""

GOOD = ("OK", "INFORMATIONAL")

WAYS = {
    "ws": ("http/1.1", False),
    "wss": ("http/1.1", True),
    "HTTP/2": ("h2", False),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_case_is_met_to_the_letter(way: str, tmp_path: Path) -> None:
    protocol, secured = WAYS[way]
    results = judged(tmp_path, CORE, protocol, secured)
    assert len(results) == 301
    assert faults(results) == []


@pytest.mark.parametrize("way", WAYS)
def test_messages_are_compressed_as_was_agreed(way: str, tmp_path: Path) -> None:
    protocol, secured = WAYS[way]
    results = judged(tmp_path, COMPRESSION, protocol, secured)
    assert len(results) == len(COMPRESSION)
    assert faults(results) == []


def judged(folder: Path, cases: list[str], protocol: str, secured: bool) -> list[list[str]]:
    """What becomes of these cases: the number, how the messages and how the end were judged, and why."""
    (folder / "echo.py").write_text(ECHO)
    # kosoku cannot read messages that are not compressed once compression was agreed on.
    options = ["--websocket-threshold", "0", "--connections-per-address", "0", "--log-level", "error"]
    if secured:
        options += ["--tls", make_pair(folder).option]
    with hosted("echo:app", folder, *options) as server:
        return asyncio.run(_judge(server.port, cases, protocol, secured))


async def _judge(port: int, cases: list[str], protocol: str, secured: bool) -> list[list[str]]:
    async with AsyncExitStack() as stack:
        if secured or protocol == "h2":
            port = await stack.enter_async_context(bridge(port, protocol, secured))
        program = str(Path(__file__).parent / "autobahn.py")
        process = await asyncio.create_subprocess_exec(
            sys.executable, program, f"ws://127.0.0.1:{port}", *cases, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()]


def faults(results: list[list[str]]) -> list[list[str]]:
    """Those that are not as they should be."""
    return [each for each in results if each[1] not in GOOD or each[2] not in GOOD]
