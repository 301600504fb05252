"""How far an ASGI app has come with a WebSocket, and which messages may come next; it knows only their types."""

from __future__ import annotations

from enum import Enum

from pellucid.errors import WrongAnswer


class SocketStage(Enum):
    """What the app has done about the WebSocket."""

    OFFERED = "has neither accepted nor denied the WebSocket"
    DENYING = "has denied the WebSocket"
    OPEN = "has accepted the WebSocket"
    OVER = "has closed the WebSocket"


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
        raise WrongAnswer(f"{kind!r:.100} is no message of a WebSocket, which websocket.accept or .close answers")
    if stage not in stages:
        raise WrongAnswer(f"{kind} out of its order: the app {stage.value}")
