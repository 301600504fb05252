"""The system's programs that live tests drive: found, or a reason to skip, or under CI a failure."""

import os
import shutil

import pytest


def program(*names: str) -> str:
    """The path of the first of these that is installed; without any, the test is skipped, and under CI it fails."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    reason = f"{' or '.join(names)} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
