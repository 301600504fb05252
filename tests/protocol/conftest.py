"""Lets the asserts of the shared machinery explain themselves."""

import sys

import pytest

for name in ("protocol.battery", "protocol.playbook"):
    if name not in sys.modules:  # tests elsewhere may have needed it before
        pytest.register_assert_rewrite(name)
