"""Tests of stages: which message of an app may come when."""

import pytest

from pellucid.apps.asgi.stages import BODY, DUE, HELD, ORDER, OVER, TRAILERS, Stage, check_order
from pellucid.errors import WrongAnswer

START, PART, TAIL = "http.response.start", "http.response.body", "http.response.trailers"


@pytest.mark.parametrize(("kind", "stage"), [(START, DUE), (PART, HELD), (PART, BODY), (TAIL, TRAILERS)])
def test_an_answer_is_told_from_its_head_to_its_trailers(kind: str, stage: Stage) -> None:
    check_order(kind, stage)


@pytest.mark.parametrize(
    ("kind", "stage", "told"),
    [
        (PART, DUE, "nothing"),
        (START, HELD, "its head"),
        ("http.response.pathsend", BODY, "some of its body"),
        (PART, TRAILERS, "all but the trailers"),
        (TAIL, OVER, "all of its answer"),
    ],
)
def test_what_is_out_of_its_order_is_told_with_what_came_before(kind: str, stage: Stage, told: str) -> None:
    with pytest.raises(WrongAnswer, match=f"{kind} out of its order: the app has told {told}"):
        check_order(kind, stage)


def test_nothing_may_follow_the_whole_answer() -> None:
    assert not any(OVER in stages for stages in ORDER.values())


@pytest.mark.parametrize("kind", ["http.response.push", "websocket.send", None, 7])
def test_a_type_that_is_unknown_is_told_as_that(kind: object) -> None:
    with pytest.raises(WrongAnswer, match="unknown type"):
        check_order(kind, DUE)
