"""How far an ASGI app has told its answer, and which messages may come next; it knows only their types."""

from __future__ import annotations

from enum import Enum

from pellucid.errors import WrongAnswer


class Stage(Enum):
    """What the app has told of its answer."""

    DUE = "nothing"
    HELD = "its head"
    BODY = "some of its body"
    TRAILERS = "all but the trailers that it announced"
    OVER = "all"


DUE, HELD, BODY, TRAILERS, OVER = Stage

ORDER: dict[object, tuple[Stage, ...]] = {
    "http.response.start": (DUE,),
    "http.response.early_hint": (DUE, HELD, BODY),
    "http.response.debug": (DUE,),
    "http.response.body": (HELD, BODY),
    "http.response.zerocopysend": (HELD, BODY),
    "http.response.pathsend": (HELD,),
    "http.response.trailers": (TRAILERS,),
}
"""At which stages a message of each type may come."""


def check_order(kind: object, stage: Stage) -> None:
    """WrongAnswer for a type of message that is unknown, or may not come at this stage."""
    stages = ORDER.get(kind)
    if stages is None:
        raise WrongAnswer(f"a message of an unknown type: {kind!r:.100}")
    if stage not in stages:
        raise WrongAnswer(f"{kind} out of its order: the app has told {stage.value} of its answer")
