"""Lets the asserts of the shared machinery explain themselves."""

import pytest

pytest.register_assert_rewrite("protocol.battery", "protocol.playbook")
