"""curl as people run it: what it got, what it said, and how it ended."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from programs import program
from running import PATIENCE

# How curl ends when an answer breaks off: too short, or the connection reset.
BROKEN = (18, 56)

# What of each transfer is told: how many connections it opened, and how many bytes of the request's body went out.
_WRITTEN = "\n%{http_code} %{num_connects} %{size_upload}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer to a request, its head apart; `interim` holds the informational ones before it, and `version` is
    that of HTTP, as "1.1" or "2".
    """

    status: int
    fields: dict[str, str]
    body: bytes
    interim: tuple[int, ...]
    connects: int
    uploaded: int
    version: str

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


def fetch(url: str, *options: str) -> Answer:
    """The answer to one request."""
    return fetch_all((url, *options))[0]


def fetch_all(*requests: tuple[str, ...]) -> list[Answer]:
    """The answers to one curl's requests, each a URL and its options. AssertionError if curl is not content."""
    with tempfile.TemporaryDirectory() as folder:
        arguments: list[str] = []
        for number, request in enumerate(requests):
            path = f"{folder}/{number}"
            arguments += ["--next"] * bool(number)
            arguments += ["--silent", "--show-error", "--path-as-is", "--write-out", _WRITTEN]
            arguments += ["--dump-header", f"{path}.heads", "--output", f"{path}.body", *request]
        status, output, errors = run(*arguments)
        assert status == 0, errors
        told = [[int(figure) for figure in line.split()] for line in output.decode().splitlines() if line]
        return [_answer(Path(folder, str(number)), *figures) for number, figures in enumerate(told)]


def run(*arguments: str) -> tuple[int, bytes, str]:
    """curl's exit status, output and complaints."""
    done = subprocess.run(_command(*arguments), capture_output=True, env=_environment(), timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr.decode()


def digest(content: bytes) -> str:
    """What stands for a content too large to be shown where two differ."""
    return hashlib.sha256(content).hexdigest()


class Download:
    """A download whose reader takes nothing but what it is told to, so that the server waits for it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout

    def take(self, count: int) -> bytes:
        """So many bytes of the body, or fewer at its end."""
        return self._output.read(count)

    def rest(self) -> tuple[int, bytes]:
        """curl's exit status, and all that it still gave."""
        body = self._output.read()
        return self._process.wait(PATIENCE), body


@contextmanager
def downloading(url: str, *options: str) -> Iterator[Download]:
    """A download that begins now."""
    command = _command("--silent", *options, url)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment()) as process:
        try:
            yield Download(process)
        finally:
            process.kill()


def _command(*arguments: str) -> list[str]:
    return [program("curl"), "--disable", "--max-time", str(PATIENCE), *arguments]


def _environment() -> dict[str, str]:
    # No proxy stands between a test and its server.
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _answer(path: Path, status: int, connects: int, uploaded: int) -> Answer:
    heads = path.with_suffix(".heads").read_bytes().decode("latin-1").strip().split("\r\n\r\n")
    lines = [head.split("\r\n") for head in heads]
    statuses = [int(head[0].split()[1]) for head in lines]
    assert statuses[-1] == status
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[-1][1:])}
    version = lines[-1][0].split()[0].removeprefix("HTTP/")
    body = path.with_suffix(".body")
    content = body.read_bytes() if body.exists() else b""
    return Answer(status, fields, content, tuple(statuses[:-1]), connects, uploaded, version)
