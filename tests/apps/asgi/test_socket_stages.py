"""Tests of a WebSocket's stages: which message of an app may come when."""

import pytest

from pellucid.apps.asgi.socket_stages import (
    DENYING,
    OFFERED,
    OPEN,
    ORDER,
    OVER,
    SocketStage,
    check_socket_order,
)
from pellucid.errors import WrongAnswer

ACCEPT, SEND, CLOSE = "websocket.accept", "websocket.send", "websocket.close"
DENY, DENIAL = "websocket.http.response.start", "websocket.http.response.body"


@pytest.mark.parametrize(
    ("kind", "stage"),
    [(ACCEPT, OFFERED), (CLOSE, OFFERED), (DENY, OFFERED), (DENIAL, DENYING), (SEND, OPEN), (CLOSE, OPEN)],
)
def test_a_websocket_is_accepted_or_denied_and_closed(kind: str, stage: SocketStage) -> None:
    check_socket_order(kind, stage)


@pytest.mark.parametrize(
    ("kind", "stage", "told"),
    [
        (SEND, OFFERED, "the app has neither accepted nor denied the WebSocket"),
        (ACCEPT, OPEN, "the app has accepted the WebSocket"),
        (DENY, OPEN, "the app has accepted the WebSocket"),
        (ACCEPT, DENYING, "the app has denied the WebSocket"),
        (SEND, OVER, "the app has closed the WebSocket"),
        (CLOSE, OVER, "the app has closed the WebSocket"),
    ],
)
def test_what_is_out_of_its_order_is_told_with_what_came_before(kind: str, stage: SocketStage, told: str) -> None:
    with pytest.raises(WrongAnswer, match=f"{kind} out of its order: {told}"):
        check_socket_order(kind, stage)


def test_nothing_may_follow_the_end() -> None:
    assert not any(OVER in stages for stages in ORDER.values())


@pytest.mark.parametrize("kind", ["websocket.pong", "http.response.start", None, 7])
def test_a_type_that_is_unknown_is_told_with_those_that_answer(kind: object) -> None:
    with pytest.raises(WrongAnswer, match="no message of a WebSocket"):
        check_socket_order(kind, OFFERED)
