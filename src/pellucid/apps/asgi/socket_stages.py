"""How far an ASGI app has come with a WebSocket, and which messages may come next; it knows only their types."""

from __future__ import annotations

from enum import Enum

from pellucid.errors import WrongAnswer


class SocketStage(Enum):
    """What the app has done about the WebSocket."""

    OFFERED = "has neither accepted nor denied it"
    DENYING = "has denied it"
    OPEN = "has accepted it"
    OVER = "has closed it"


OFFERED, DENYING, OPEN, OVER = SocketStage

ORDER: dict[object, tuple[SocketStage, ...]] = {
    "websocket.accept": (OFFERED,),
    "websocket.send": (OPEN,),
    "websocket.close": (OFFERED, OPEN),
    "websocket.http.response.start": (OFFERED,),
    "websocket.http.response.body": (DENYING,),
}
"""At which stages a message of each type may come."""


def check_socket_order(kind: object, stage: SocketStage) -> None:
    """WrongAnswer for a type of message that is unknown, or may not come at this stage."""
    stages = ORDER.get(kind)
    if stages is None:
        raise WrongAnswer(f"a message of an unknown type for a WebSocket: {kind!r:.100}")
    if stage not in stages:
        raise WrongAnswer(f"{kind} out of its order: the app {stage.value}")
