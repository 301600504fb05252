"""Tests of the settings of ASGI apps."""

import pytest

from pellucid.apps.asgi.settings import AsgiSettings


def test_a_lifespan_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="unknown lifespan 'yes': it is auto, on or off"):
        AsgiSettings(lifespan="yes")
