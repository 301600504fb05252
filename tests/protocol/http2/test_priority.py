"""Priorities: how a field is read, and the order and the share that follow from it (RFC 9218)."""

from __future__ import annotations

import pytest

from pellucid.message import Response
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.priority import QUANTUM, read_priority
from protocol.http2.frameplay import HELLO, Player, ask, http2, spell


@pytest.mark.parametrize(
    ("value", "urgency", "incremental"),
    [
        (b"", 3, False),
        (b"u=0", 0, False),
        (b"u=7, i", 7, True),
        (b"i,u=1", 1, True),
        (b" u=1 ,\ti=?1", 1, True),
        (b"i=?0", 3, False),
        (b"u=1;x=y, i;z", 1, True),
        (b"u=1, u=5", 5, False),
        (b"u=8", 3, False),
        (b"u=-1", 3, False),
        (b"u=1.5", 3, False),
        (b"u", 3, False),
        (b"i=1", 3, False),
        (b"U=1", 3, False),
        (b"x=y, u=2", 2, False),
        (b"\xff\xfe,u=2", 2, False),
        (b"," * 300 + b"u=1", 3, False),
    ],
)
def test_a_priority_is_read_and_what_is_not_understood_is_overlooked(
    value: bytes, urgency: int, incremental: bool
) -> None:
    assert read_priority(value) == (urgency, incremental)


def asked(*priorities: str) -> Http2:
    """An engine with a stream for each priority; the empty one is told nothing of."""
    engine, _ = http2()
    engine.receive(HELLO + spell("SETTINGS 4=1000000") + spell("WINDOW_UPDATE 0 10000000"))
    for number, priority in enumerate(priorities):
        stream = 2 * number + 1
        engine.receive(ask(stream, priority=priority) if priority else ask(stream))
        engine.next_event()
        engine.send_response(stream, Response(200), None)
    return engine


@pytest.mark.parametrize(
    ("priorities", "order"),
    [
        (["", "", ""], [1, 3, 5]),
        (["u=5", "u=1", ""], [3, 5, 1]),
        (["u=3, i", "u=3"], [3, 1]),
        (["u=7", "u=0, i", "u=0"], [5, 3, 1]),
    ],
)
def test_the_more_urgent_go_first_and_the_whole_ones_before_those_that_share(
    priorities: list[str], order: list[int]
) -> None:
    engine = asked(*priorities)
    streams = range(1, 2 * len(priorities), 2)
    assert list(engine.in_order(streams)) == order
    assert list(engine.in_order(reversed(streams))) == order
    assert list(engine.in_order(dict.fromkeys(streams))) == order


def test_incremental_answers_take_turns() -> None:
    engine = asked("i", "i", "i")
    turns = []
    for _ in range(6):
        stream = next(iter(engine.in_order([1, 3, 5])))
        turns.append(stream)
        engine.send_data(stream, b"x")
    assert turns == [1, 3, 5, 1, 3, 5]


def test_answers_of_which_nothing_was_told_take_turns_too() -> None:
    engine = asked("", "")
    engine.send_data(1, b"x")
    assert list(engine.in_order([1, 3])) == [3, 1]


def test_whole_answers_go_on_in_the_order_in_which_they_were_asked_for() -> None:
    engine = asked("u=3", "u=3")
    engine.send_data(1, b"x")
    assert list(engine.in_order([1, 3])) == [1, 3]


def test_an_incremental_answer_has_a_share_and_a_whole_one_all() -> None:
    engine = asked("i", "u=3", "")
    assert [engine.room(stream) for stream in (1, 3, 5)] == [QUANTUM, 1_000_000, QUANTUM]


def test_an_answer_that_is_alone_has_it_all() -> None:
    assert asked("i").room(1) == 1_000_000


def test_a_priority_may_be_told_anew() -> None:
    engine = asked("u=1", "u=2")
    engine.receive(spell("PRIORITY_UPDATE 1 u=7"))
    assert list(engine.in_order([1, 3])) == [3, 1]


def test_a_priority_that_was_told_before_its_request_counts_more_than_the_head() -> None:
    engine = asked("u=1")
    engine.receive(spell("PRIORITY_UPDATE 3 u=0") + ask(3, priority="u=7"))
    assert engine.next_event() is not None
    assert list(engine.in_order([1, 3])) == [3, 1]


def test_streams_that_wait_for_nobody_are_no_hindrance() -> None:
    assert set(asked("u=1", "u=2").in_order([1, 3, 99])) == {1, 3, 99}


def test_more_priorities_than_there_may_be_streams_end_the_connection() -> None:
    player = Player()
    player.feed(HELLO + b"".join(spell(f"PRIORITY_UPDATE {stream} u=1") for stream in range(1, 203, 2)))
    assert player.engine.finished
    assert "PRIORITY_UPDATE of more streams than there may be" in player.heard[-1]


def test_priorities_of_streams_that_never_came_are_forgotten() -> None:
    engine, _ = http2()
    engine.receive(HELLO)
    for stream in range(1, 2001, 4):
        engine.receive(spell(f"PRIORITY_UPDATE {stream} u=1") + ask(stream + 2, "/x"))
        engine.next_event()
        engine.send_response(stream + 2, Response(200), b"x")
    assert not engine.finished
