"""A server of the tests' own apps: our command, or uvicorn to compare it with."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from running import BY_MODULE, Running

UVICORN = (sys.executable, "-m", "uvicorn")
UVICORN_SAYS = "(Press CTRL+C to quit)"
# Sets have one order everywhere, since some become fields of an answer; and the tree stays as it is.
SURROUNDINGS = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


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
def hosted(
    target: str, apps: Path, *options: str, command: tuple[str, ...] = BY_MODULE, **environment: str
) -> Iterator[Running]:
    """Our server of an app from this folder of apps."""
    arguments = ("serve", target, "--app-dir", str(apps), "--bind", "127.0.0.1:0", "--access-log", "off", *options)
    with Running(*arguments, command=command, environment=SURROUNDINGS | environment) as server:
        yield server


@contextmanager
def hosted_by_uvicorn(target: str, apps: Path, *options: str, **environment: str) -> Iterator[Running]:
    """Uvicorn's server of an app from this folder of apps."""
    arguments = (target, "--app-dir", str(apps), "--host", "127.0.0.1", "--port", "0", "--no-access-log", *options)
    with Uvicorn(*arguments, command=UVICORN, environment=SURROUNDINGS | environment) as server:
        yield server
