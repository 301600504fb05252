"""Floods of HTTP/2 against a real server: each comes to an end, costs no memory, and leaves others alone.

What the times prove: beside an attacker that comes again twice a second, 99 of 100 answers take no longer than three
times what they take in quiet, as measured right before. Other programs disturb that, so the best of some tries counts;
and nobody promises this beside one that comes again at once: there it is only that everybody has a turn.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import attacking
import pytest
from beside import GROWTH, Ordinary, descriptors, resident
from certifying import make_pair
from frames import ENHANCE_YOUR_CALM, PROTOCOL_ERROR
from running import PATIENCE
from workers import Workers

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

APP = """
PIECE = bytes(65536)

async def app(scope, receive, send):
    assert scope["type"] == "http"
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    large = scope["path"] == "/large"
    size = b"%d" % (len(PIECE) * 1000 if large else 5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
    if not large:
        await send({"type": "http.response.body", "body": b"hello"})
        return
    for _ in range(1000):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
"""

OPTIONS = ("--write-stall", "0.4", "--head-time", "1", "--body-grace", "1", "--linger", "0.3")
"""Patience is short, so that the tests are."""

QUIET = 0.3
ATTACK = 1.2
TRIES = 6
"""How long each part of a try takes, in seconds, and how many tries there are: other programs disturb them."""

REST = 0.5
"""When an attacker comes again that was cut, in seconds."""

SLOWER = 3.0
"""How many times as long as in quiet 99 of 100 answers may take beside an attack."""

SWING = 0.001
"""What waits swing by on a machine that has other things to do, in seconds: a quiet p99 below it counts as this."""

RELENTLESS = 0.1
"""What 99 of 100 answers may take, in seconds, beside an attacker that comes again at once, without end."""


class Attacked:
    """A server, and what it was like before."""

    def __init__(self, server: Workers, secured: bool) -> None:
        self.server = server
        self.secured = secured
        self.process = server.process.pid
        self.memory = self.files = 0

    def attack(self, name: str, rest: float) -> "subprocess.Popen[str]":
        """A process that attacks it, from now on."""
        numbers = (self.server.port, int(self.secured), ATTACK, rest)
        command = [sys.executable, attacking.__file__, name, *map(str, numbers)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process


@pytest.fixture(scope="module")
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    secured: bool = request.param
    folder = tmp_path_factory.mktemp("attacked")
    options = ("--tls", make_pair(folder).option) if secured else ()
    with Workers(folder, APP, *OPTIONS, *options) as server:
        attacked = Attacked(server, secured)
        with Ordinary(server.port, secured, attacked.process) as client:
            client.ask(0.5)
        attacked.memory, attacked.files = resident(attacked.process), descriptors(attacked.process)
        yield attacked
        assert "Traceback" not in server.told


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an ordinary client, in quiet and beside an attack, and what the attacker saw."""

    quiet: float
    beside: float
    seen: dict[str, Any]


# What is no flood in itself: a code of its own, or none as long as it keeps within limits.
CODES = {
    "made you reset: depends on itself": {PROTOCOL_ERROR},
    "zero window": {ENHANCE_YOUR_CALM},
}


# The same engine stands behind TLS: there it is tried with those that are large, slow or deaf.
SECURED = ["rapid reset", "continuation", "list bomb", "ping, unread", "data dribble", "internal data buffering"]


CASES = [(False, name) for name in attacking.FLOODS] + [(True, name) for name in SECURED]
RELENTLESSLY = [
    (secured, name)
    for secured in (False, True)
    for name in ("rapid reset", "made you reset: malformed", "list bomb", "cookie crumbs")
]


def called(case: object) -> str:
    """What a part of a case is called."""
    return case if isinstance(case, str) else "tls" if case else "clear"


@pytest.mark.parametrize(("attacked", "name"), CASES, ids=called, indirect=["attacked"])
def test_a_flood_is_cut_and_an_ordinary_client_does_not_notice(attacked: Attacked, name: str) -> None:
    said: list[str] = []
    while len(said) < TRIES and "" not in said:
        outcome = beside(attacked, name, REST)
        ratio = outcome.beside / max(outcome.quiet, SWING)
        said.append(wrong(name, outcome) or ("" if ratio <= SLOWER else f"{ratio:.1f} times as slow"))
    assert "" in said, said
    assert settled(attacked)


@pytest.mark.parametrize(("attacked", "name"), RELENTLESSLY, ids=called, indirect=["attacked"])
def test_an_attacker_that_comes_again_at_once_leaves_others_their_turn(attacked: Attacked, name: str) -> None:
    said: list[str] = []
    while len(said) < TRIES and "" not in said:
        outcome = beside(attacked, name, 0.0)
        said.append(wrong(name, outcome) or ("" if outcome.beside <= RELENTLESS else f"{outcome.beside:.3f} seconds"))
    assert "" in said, said
    assert settled(attacked)


def beside(attacked: Attacked, name: str, rest: float) -> Outcome:
    """Ask in quiet, and beside an attack."""
    with Ordinary(attacked.server.port, attacked.secured, attacked.process) as client:
        quiet = client.ask(QUIET)
        with attacked.attack(name, rest) as attacker:
            try:
                times = client.ask(ATTACK)
                seen: dict[str, Any] = json.loads(attacker.communicate(timeout=PATIENCE)[0])
            finally:
                attacker.kill()
    assert times.memory < attacked.memory + GROWTH
    return Outcome(quiet.p99, times.p99, seen)


def wrong(name: str, outcome: Outcome) -> str:
    """What shows that the attack was not seen for what it was, or not ended; nothing if it was."""
    codes = {int(code) for code in outcome.seen["goaways"]}
    expected = CODES.get(name, {ENHANCE_YOUR_CALM})
    if not outcome.seen["cut"]:
        return "it went on"
    right = codes <= expected if attacking.FLOODS[name].deaf else codes == expected
    return "" if right else f"it ended with {codes}"


def settled(attacked: Attacked) -> bool:
    """Whether nothing of it is left after a while."""
    deadline = time.monotonic() + PATIENCE
    while descriptors(attacked.process) > attacked.files and time.monotonic() < deadline:
        time.sleep(0.02)
    return descriptors(attacked.process) <= attacked.files
