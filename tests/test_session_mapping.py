"""A session is a dict that is read when it is first asked, and from then on is a dict and nothing more."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from pellucid.session import Session


class Kept:
    def __init__(self) -> None:
        self.reads = 0
        self.renewed = 0

    def read(self) -> dict[str, Any]:
        self.reads += 1
        return {"a": 1, "b": [2]}

    def renew(self) -> None:
        self.renewed += 1


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda session: session["a"], 1),
        (lambda session: session.get("a"), 1),
        (lambda session: session.get("c", 3), 3),
        (lambda session: "a" in session, True),
        (lambda session: len(session), 2),
        (lambda session: bool(session), True),
        (lambda session: list(session), ["a", "b"]),
        (lambda session: list(reversed(session)), ["b", "a"]),
        (lambda session: list(session.keys()), ["a", "b"]),
        (lambda session: list(session.values()), [1, [2]]),
        (lambda session: dict(session.items()), {"a": 1, "b": [2]}),
        (lambda session: dict(session), {"a": 1, "b": [2]}),
        (lambda session: {**session}, {"a": 1, "b": [2]}),
        (lambda session: session == {"a": 1, "b": [2]}, True),
        (lambda session: session != {"a": 1, "b": [2]}, False),
        (lambda session: session | {"c": 3}, {"a": 1, "b": [2], "c": 3}),
        (lambda session: {"c": 3} | session, {"a": 1, "b": [2], "c": 3}),
        (lambda session: repr(session), "{'a': 1, 'b': [2]}"),
        (lambda session: session.pop("a"), 1),
        (lambda session: session.popitem(), ("b", [2])),
        (lambda session: session.setdefault("a", 5), 1),
        (lambda session: session.copy(), {"a": 1, "b": [2]}),
        (lambda session: copy.copy(session), {"a": 1, "b": [2]}),
        (lambda session: copy.deepcopy(session), {"a": 1, "b": [2]}),
        (lambda session: pickle.loads(pickle.dumps(session)), {"a": 1, "b": [2]}),
        (lambda session: json.loads(json.dumps(session)), {"a": 1, "b": [2]}),
        (lambda session: json.loads(json.dumps(session, indent=1)), {"a": 1, "b": [2]}),
    ],
)
def test_whatever_is_asked_first_it_is_read(ask: Callable[[Session], object], told: object) -> None:
    session = Session.of(Kept())
    assert not session.read
    assert ask(session) == told
    assert session.read


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda session: session.__setitem__("a", 5), {"a": 5, "b": [2]}),
        (lambda session: session.__delitem__("a"), {"b": [2]}),
        (lambda session: session.update(c=3), {"a": 1, "b": [2], "c": 3}),
        (lambda session: session.__ior__({"c": 3}), {"a": 1, "b": [2], "c": 3}),
        (lambda session: session.clear(), {}),
    ],
)
def test_what_is_changed_first_is_read_before(change: Callable[[Session], object], after: dict[str, Any]) -> None:
    session = Session.of(Kept())
    change(session)
    assert session == after


def test_it_is_read_once() -> None:
    kept = Kept()
    session = Session.of(kept)
    session["c"] = 3
    session.mark_accessed()
    session.renew()
    assert (kept.reads, kept.renewed, session["c"]) == (1, 1, 3)


def test_what_nobody_asks_is_not_read() -> None:
    kept = Kept()
    Session.of(kept)
    assert kept.reads == 0


def test_what_cannot_be_read_is_asked_again() -> None:
    class Broken(Kept):
        def read(self) -> dict[str, Any]:
            if not self.reads:
                self.reads += 1
                raise OSError("gone")
            return super().read()

    session = Session.of(Broken())
    with pytest.raises(OSError, match="gone"):
        session.get("a")
    assert not session.read
    assert session["a"] == 1
