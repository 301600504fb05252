"""Tests of the settings of WebSockets: which values there are."""

import pytest

from pellucid.protocol.websocket.limits import WebSocketLimits


@pytest.mark.parametrize(
    "wrong", [{"websocket_window": 8}, {"websocket_window": 16}, {"websocket_level": 0}, {"websocket_level": 10}]
)
def test_what_zlib_does_not_know_is_refused(wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=name.replace("_", "-")):
        WebSocketLimits(**wrong)  # type: ignore[arg-type]  # they are numbers, all of them


@pytest.mark.parametrize("window", range(9, 16))
def test_windows_of_9_to_15_bits_are_known(window: int) -> None:
    assert WebSocketLimits(websocket_window=window).websocket_window == window
