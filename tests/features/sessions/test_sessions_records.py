"""What two have made of one session is put together, and one that has ended is not brought back."""

import pytest
from sessioning import NOW

from pellucid.features.sessions.records import LARGEST, Change, Record, dump, load, merged, settle

BASE = Record('{"a":1}', 3, NOW - 100, NOW - 50)


def change(data: str, base: Record | None = BASE, before: bytes = b"") -> Change:
    return Change(b"name", data, base, NOW, NOW + 60, before)


@pytest.mark.parametrize(
    ("made", "kept", "after"),
    [
        (change('{"a":2}', None), None, Record('{"a":2}', 1, NOW, NOW)),
        (change('{"a":2}'), BASE, Record('{"a":2}', 4, NOW - 100, NOW)),
        (change('{"a":2}'), None, None),
        (change(""), BASE, None),
        (change('{"a":2}', before=b"old"), BASE, Record('{"a":2}', 1, NOW, NOW)),
        (change('{"a":2}', before=b"old"), None, Record('{"a":2}', 1, NOW, NOW)),
        (change('{"a":1}'), Record('{"b":2}', 9, NOW - 100, NOW + 5), Record('{"b":2}', 10, NOW - 100, NOW + 5)),
        (change('{"a":1,"c":3}'), Record('{"a":2}', 4, NOW - 100, NOW), Record('{"a":2,"c":3}', 5, NOW - 100, NOW)),
    ],
)
def test_a_change_meets_what_is_kept(made: Change, kept: Record | None, after: Record | None) -> None:
    assert settle(made, kept) == after


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "together"),
    [
        ({}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}),
        ({"a": 1}, {}, {"a": 1, "b": 2}, {"b": 2}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"a": 1}, {"a": 2}, {}, {"a": 2}),
        ({"a": 1}, {}, {"a": 2}, {}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}, "d": 3}, {"a": {"b": 1, "c": 2}, "d": 3}),
    ],
)
def test_what_two_have_made_is_put_together(
    base: dict[str, object], mine: dict[str, object], theirs: dict[str, object], together: dict[str, object]
) -> None:
    assert load(merged(dump(base), dump(mine), dump(theirs))) == together


def test_text_is_kept_as_it_is() -> None:
    data = {"name": "Zoë \u2028 \U0001f600", "none": None, "number": 0.1, "list": [True, {"a": []}]}
    assert load(dump(data)) == data


def test_half_a_character_is_kept_and_no_store_has_to_take_it() -> None:
    text = dump({"name": "Zoë \ud800"})
    assert text.encode()
    assert load(text) == {"name": "Zoë \ud800"}


def test_what_would_be_too_long_together_is_as_the_later_one_has_left_it() -> None:
    half = "x" * (LARGEST * 2 // 3)
    mine = dump({"mine": half})
    assert merged("{}", mine, dump({"theirs": half})) == mine


def test_what_is_read_is_written_alike() -> None:
    text = dump({"b": 1.5e300, "a": [1, 2.0, "x"], "1": None})
    assert dump(load(text)) == text
