"""No thread of a test outlives it."""

from collections.abc import Iterator

import pytest

from calling import running


@pytest.fixture(autouse=True)
def _threads_are_let_go() -> Iterator[None]:
    """At the end of each test."""
    yield
    while running:
        running.pop().end(lambda: None, 1.0)
