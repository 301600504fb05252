"""Server-sent events are spelled so that a browser reads what was meant, and its id comes back as it was."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsource import EventSource, Told, told
from pellucid.errors import WrongAnswer
from pellucid.message import Headers
from pellucid.semantics.eventstream import LONGEST_ID, last_event_id, spell_comment, spell_event


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        (spell_event("hello"), b"data: hello\n\n"),
        (spell_event(""), b"data: \n\n"),
        (spell_event("a\nb"), b"data: a\ndata: b\n\n"),
        (spell_event("a\n"), b"data: a\ndata: \n\n"),
        (spell_event("x", event="chat"), b"event: chat\ndata: x\n\n"),
        (spell_event("x", id="7"), b"id: 7\ndata: x\n\n"),
        (spell_event("x", "chat", "7", 200), b"retry: 200\nid: 7\nevent: chat\ndata: x\n\n"),
        (spell_event(None, retry=0), b"retry: 0\n\n"),
        (spell_event("x", id=""), b"id: \ndata: x\n\n"),
        (spell_comment(), b": \n\n"),
        (spell_comment("still\nhere"), b": still\n: here\n\n"),
    ],
)
def test_an_event_is_spelled(spelled: bytes, expected: bytes) -> None:
    assert spelled == expected


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("one", "one"),
        ("", ""),
        (" a space before", " a space before"),
        (":a colon before", ":a colon before"),
        ("data: within", "data: within"),
        ("a\nb", "a\nb"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("a\n\nb", "a\n\nb"),
        ("\n", "\n"),
        ("a\n\r\n\rb", "a\n\n\nb"),
        # What Python takes for ends of lines, and an event stream does not.
        ("a\x0bb\x0cc\x1cd\x85e\u2028f", "a\x0bb\x0cc\x1cd\x85e\u2028f"),
        ("\ufeffa mark", "\ufeffa mark"),
        ("a zero \0 within", "a zero \0 within"),
        ("Grüße, 世界 🌍", "Grüße, 世界 🌍"),
    ],
)
def test_data_arrives_as_it_was_and_its_lines_end_with_lf(data: str, read: str) -> None:
    assert told(spell_event(data, "kind", "9")) == [Told(read, "kind", "9")]


def test_no_line_of_data_passes_for_another_field() -> None:
    hostile = "x\nevent: forged\nid: forged\nretry: 1\n\ndata: forged"
    source = EventSource()
    assert source.feed(spell_event(hostile)) == [Told(hostile)]
    assert (source.last_id, source.retry) == ("", None)


def test_what_has_no_data_tells_nobody_and_counts_all_the_same() -> None:
    source = EventSource()
    assert source.feed(spell_event(None, id="3", retry=50) + spell_comment("data: x\nid: 4")) == []
    assert (source.last_id, source.retry) == ("3", 50)
    assert source.comments == ["data: x", "id: 4"]


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "\n", "a\0", "data\n\ndata: forged"])
def test_a_type_that_would_break_its_line_is_wrong(name: str) -> None:
    with pytest.raises(WrongAnswer, match="type"):
        spell_event("x", event=name)


@pytest.mark.parametrize(
    "name", ["a\nb", "a\rb", "a\0b", "\x1b[2J", "\x7f", " before", "behind ", "\t", "x" * (LONGEST_ID + 1), "é" * 600]
)
def test_an_id_that_could_not_come_back_in_a_field_is_wrong(name: str) -> None:
    with pytest.raises(WrongAnswer, match="fit into a field"):
        spell_event("x", id=name)


@pytest.mark.parametrize(
    "spell", [lambda: spell_event("\ud800"), lambda: spell_event("x", "\udfff"), lambda: spell_comment("\ud800")]
)
def test_half_a_surrogate_pair_is_wrong(spell) -> None:  # type: ignore[no-untyped-def]  # a lambda
    with pytest.raises(WrongAnswer, match="surrogate"):
        spell()


@pytest.mark.parametrize("retry", [-1, 0.5, "200"])
def test_a_time_that_is_no_number_of_milliseconds_is_wrong(retry: Any) -> None:
    with pytest.raises(WrongAnswer, match=f"not {retry!r}"):
        spell_event("x", retry=retry)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"data": {"a": 1}}, "an event's data is a str, not {'a': 1}"),
        ({"data": b"bytes"}, "an event's data is a str, not b'bytes'"),
        ({"data": "x", "id": 7}, "an event's id is a str, not 7"),
        ({"data": "x", "event": 7}, "an event's type is a str, not 7"),
    ],
)
def test_what_is_no_text_is_wrong_and_the_part_is_named(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongAnswer, match=re.escape(why)):
        spell_event(**wrong)


@pytest.mark.parametrize("name", ["7", "a b", "2026-11-22T21:00Z/3", "straße", "x" * LONGEST_ID])
def test_an_id_comes_back_as_it_was(name: str) -> None:
    source = EventSource()
    source.feed(spell_event("x", id=name))
    assert last_event_id(Headers([(b"last-event-id", source.last_id.encode())])) == name


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"1", b"2"],
        [b"\xff"],
        [b"a\0b"],
        [b"a\x1bb"],
        [b"x" * (LONGEST_ID + 1)],
    ],
)
def test_what_cannot_have_been_an_id_is_none(values: list[bytes]) -> None:
    assert last_event_id(Headers([(b"last-event-id", value) for value in values])) == ""


@given(data=st.text(), event=st.text(max_size=20), name=st.text(max_size=20), retry=st.none() | st.integers(0, 2**53))
def test_whatever_is_spelled_is_read_back_or_raises(data: str, event: str, name: str, retry: int | None) -> None:
    try:
        spelled = spell_event(data, event, name, retry)
    except WrongAnswer:
        assert set(event) & set("\r\n\0") or set(name) & set(map(chr, [*range(32), 127])) or name.strip(" \t") != name
        return
    source = EventSource()
    assert source.feed(spelled) == [Told(re.sub("\r\n?", "\n", data), event or "message", name)]
    assert source.retry == retry


@given(st.text(), st.integers(1, 9))
def test_an_event_may_come_in_any_pieces(data: str, size: int) -> None:
    spelled = spell_event(data, "kind", "7") + spell_comment(data) + spell_event("x")
    source = EventSource()
    for begin in range(0, len(spelled), size):
        source.feed(spelled[begin : begin + size])
    assert source.events == [*told(spell_event(data, "kind", "7")), Told("x", "message", "7")]
