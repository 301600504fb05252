"""Observers: called with the facts, dropped when they fail, and heard by somebody."""

import pytest

from pellucid.watch import HOOKS, Watch


def fail(*facts: object) -> None:
    raise ZeroDivisionError("on purpose")


def test_there_is_an_empty_list_for_each_hook() -> None:
    watch = Watch()
    assert all(getattr(watch, hook) == [] for hook in HOOKS)
    assert set(Watch.__slots__) == set(HOOKS)
    assert watch.ended is not Watch().ended


def test_every_observer_is_told_the_facts_in_turn() -> None:
    watch = Watch()
    told: list[tuple[object, ...]] = []
    watch.filled += [lambda *facts: told.append(("first", *facts)), lambda *facts: told.append(("second", *facts))]
    watch.tell(watch.filled, "connection", 3)
    assert told == [("first", "connection", 3), ("second", "connection", 3)]


def test_one_that_fails_is_dropped_and_told_of_and_the_others_go_on() -> None:
    watch = Watch()
    told: list[object] = []
    notes: list[tuple[str, str]] = []
    watch.noted.append(lambda level, text: notes.append((level, text)))
    watch.ended += [fail, told.append]
    watch.tell(watch.ended, 1)
    watch.tell(watch.ended, 2)
    assert told == [1, 2]
    [(level, text)] = notes
    assert level == "error"
    assert "failed and was dropped" in text
    assert "on purpose" in text


def test_one_that_takes_itself_off_is_told_once() -> None:
    watch = Watch()
    told: list[object] = []

    def once(fact: object) -> None:
        told.append(fact)
        watch.ended.remove(once)

    watch.ended += [once, told.append]
    watch.tell(watch.ended, 1)
    watch.tell(watch.ended, 2)
    assert told == [1, 1, 2]


@pytest.mark.parametrize(
    ("level", "written"), [("error", "error: oh\n"), ("warning", "warning: oh\n"), ("info", ""), ("debug", "")]
)
def test_what_nobody_listens_to_goes_to_standard_error_if_it_matters(
    level: str, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Watch().note(level, "oh")
    assert capsys.readouterr().err == written


def test_a_listener_that_fails_is_replaced_by_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    watch.noted.append(fail)
    watch.note("info", "oh")
    assert "failed and was dropped" in capsys.readouterr().err
    assert watch.noted == []


def test_an_observer_that_leaves_and_then_fails_is_dropped_all_the_same() -> None:
    watch = Watch()
    told: list[str] = []

    def leaving(fact: object) -> None:
        watch.ended.remove(leaving)
        raise ZeroDivisionError("on purpose")

    watch.noted.append(lambda level, text: told.append(level))
    watch.ended.append(leaving)
    watch.tell(watch.ended, None)
    assert watch.ended == []
    assert told == ["error"]


def test_where_there_is_no_standard_error_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    Watch().note("error", "unheard")
