"""Behind each test with sessions, their files are let go of."""

from collections.abc import Iterator

import pytest
from sessioning import OPENED


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Close what the test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()
