"""A `pellucid serve` process for tests with real clients, which must end without a word of complaint."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from running import Running


class Serving(Running):
    """A server of a folder on a port of its own. `log` holds what its access log tells, once it has ended."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the with block
        self.log: list[dict[str, Any]] = []
        arguments = ("serve", str(folder), "--bind", "127.0.0.1:0", "--access-log", "json", *options)
        super().__init__(*arguments, stdout=self._output)

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self._output.close()

    @property
    def url(self) -> str:
        """The URL of the folder, without its last slash."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def finish(self, noted: str = "") -> None:
        """End it, and see that it has nothing to complain about, or nothing but lines with the text `noted`."""
        status, _, errors = self.end()
        self._output.seek(0)
        self.log = [json.loads(line) for line in self._output]
        assert status == 0
        assert [line for line in errors.splitlines() if not noted or noted not in line] == [], errors
        assert [line for line in self.log if line["status"] >= 500] == []


@contextmanager
def serving(folder: Path, *options: str, noted: str = "") -> Iterator[Serving]:
    """A server that runs while the block does, and is without fault at its end; see `Serving.finish`."""
    with Serving(folder, *options) as server:
        yield server
        server.finish(noted)
