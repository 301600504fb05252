"""Every host of a test is closed at its end, whatever becomes of the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conversing import descriptors

from hosting import Host


@pytest.fixture
def host() -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def make(*details: Any, **settings: Any) -> Host:
        hosts.append(Host(*details, **settings))
        return hosts[-1]

    yield make
    for each in hosts:
        each.close()


@pytest.fixture
def open_files() -> Callable[[], set[str]]:
    return descriptors
