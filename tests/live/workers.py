"""A `pellucid` process with workers for the live tests, whose standard error goes to a file."""

import os
import time
from pathlib import Path
from typing import Any

from running import BY_MODULE, PATIENCE, Running

NAMED = """
import asyncio, os

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await asyncio.sleep({takes})
    name = b"%d" % os.getpid()
    await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(name))]}})
    await send({{"type": "http.response.body", "body": name}})
"""


def named(takes: float) -> str:
    """An app that takes so many seconds and answers with the number of its process."""
    return NAMED.format(takes=takes)


class Workers(Running):
    """A server of an app, of which the source is given, with workers."""

    def __init__(
        self, folder: Path, source: str, *options: str, command: tuple[str, ...] = BY_MODULE, **others: Any
    ) -> None:
        self.source = folder / "site_of_test.py"
        self.source.write_text(source)
        self._told = folder / "errors.txt"
        self._errors = open(self._told, "wb")  # noqa: SIM115 - closed at the end of the with block
        arguments = ("serve", "site_of_test:app", "--app-dir", str(folder), "--bind", "127.0.0.1:0")
        super().__init__(*arguments, "--access-log", "off", *options, command=command, stderr=self._errors, **others)

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self._errors.close()

    def read_until(self, stream: object, end: str) -> str:
        """What standard error has told once this text has come."""
        return self.wait_for(end)

    def wait_for(self, text: str, times: int = 1) -> str:
        """What standard error has told once this text stands in it so many times."""
        deadline = time.monotonic() + PATIENCE
        while (told := self.told).count(text) < times:
            assert self.process.poll() is None, told
            assert time.monotonic() < deadline, f"waited in vain for {text!r} in {told!r}"
            time.sleep(0.01)
        return told

    @property
    def told(self) -> str:
        """What standard error has told."""
        return self._told.read_text()

    @property
    def children(self) -> set[int]:
        """The process numbers of the workers."""
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return {number for number in numbers if stat_of(number)[1:2] == [str(self.process.pid)]}


def stat_of(number: int) -> list[str]:
    """The state of a process, its parent and the rest of its stat (proc_pid_stat(5)); empty where there is none."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
