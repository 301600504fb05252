"""A `pellucid` process of a file pellucid.toml for the live tests, which is rewritten while it serves."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from running import BY_MODULE, PATIENCE, Running
from workers import Workers, named

FILE = "pellucid.toml"


class Planned(Workers):
    """A server of what the file in a folder says, beside which the module `site_of_test` has an app `app` that answers
    with the number of its process. Files are named from the folder on.
    """

    def __init__(self, folder: Path, text: str, *options: str, takes: float = 0.002, **others: Any) -> None:
        self.folder = folder
        self.source = folder / "site_of_test.py"
        self.source.write_text(named(takes))
        self.write(text)
        self._told = folder / "errors.txt"
        self._errors = open(self._told, "wb")  # noqa: SIM115 - closed at the end of the with block
        arguments = ("serve", "--bind", "127.0.0.1:0", "--access-log", "off", *options)
        Running.__init__(self, *arguments, command=BY_MODULE, stderr=self._errors, cwd=folder, **others)

    def write(self, text: str) -> None:
        """Another content of the file."""
        (self.folder / FILE).write_text(text)

    def reload(self, text: str, end: str = "the reload is over") -> str:
        """Another content of the file, taken up until this is told once more; what was told in the meantime."""
        before = self.told
        self.write(text)
        self.send(signal.SIGHUP)
        return self.wait_for(end, before.count(end) + 1)[len(before) :]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is so; it must be soon."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.told
            time.sleep(0.01)
