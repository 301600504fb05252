"""Both ways to take a mask off, for the tests of what is read behind it."""

import pytest

from pellucid.protocol.websocket import engine, masks

WAYS = (masks.unmask_plainly, masks.unmask)


@pytest.fixture(params=WAYS, ids=["plainly", "by-websockets"])
def either_mask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that takes masks off in this way."""
    monkeypatch.setattr(engine, "unmask", request.param)
