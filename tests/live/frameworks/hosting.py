"""A server of the apps in this folder: our command, or uvicorn to compare it with."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from running import Running

HERE = Path(__file__).parent
UVICORN = (sys.executable, "-m", "uvicorn")
UVICORN_SAYS = "(Press CTRL+C to quit)"


class Uvicorn(Running):
    """As Running, with uvicorn's banner."""

    def __enter__(self) -> Self:
        try:
            self.banner = self.read_until(self.process.stderr, UVICORN_SAYS)
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def port(self) -> int:
        found = re.search(r"running on http://127\.0\.0\.1:(\d+) ", self.banner)
        assert found, self.banner
        return int(found[1])


@contextmanager
def hosted(target: str, folder: Path, *options: str) -> Iterator[Running]:
    """Our server of an app, which keeps its things in this folder."""
    arguments = ("serve", target, "--app-dir", str(HERE), "--bind", "127.0.0.1:0", "--access-log", "off")
    with Running(*arguments, *options, environment=environment(folder)) as server:
        yield server


@contextmanager
def hosted_by_uvicorn(target: str, folder: Path, *options: str) -> Iterator[Running]:
    """Uvicorn's server of an app, which keeps its things in this folder."""
    arguments = (target, "--app-dir", str(HERE), "--host", "127.0.0.1", "--port", "0", "--no-access-log")
    with Uvicorn(*arguments, *options, command=UVICORN, environment=environment(folder)) as server:
        yield server


def environment(folder: Path) -> dict[str, str]:
    """What an app reads of its surroundings. Sets have one order everywhere, since some become fields of an answer."""
    return {"NOTEBOOK": str(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
