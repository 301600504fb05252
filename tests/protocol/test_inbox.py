"""The inbox: bytes are taken from the front, and no byte is searched twice."""

import random

import pytest

from pellucid.protocol.inbox import Inbox


def filled(*parts: bytes) -> Inbox:
    inbox = Inbox()
    for part in parts:
        inbox.add(part)
    return inbox


def test_bytes_are_taken_in_their_order() -> None:
    inbox = filled(b"abc", b"def")
    assert len(inbox) == 6
    assert inbox.take(2) == b"ab"
    inbox.add(b"ghi")
    assert inbox.peek() == b"cdefghi"
    assert inbox.peek(2) == b"cd"
    assert inbox.take(0) == b""
    assert inbox.take(100) == b"cdefghi"
    assert inbox.take(1) == b""
    assert not inbox


def test_bytes_are_taken_up_to_a_mark_and_over_it() -> None:
    inbox = filled(b"a\r\nb\r\n")
    assert inbox.take_until(b"\r\n") == b"a"
    assert inbox.take_until(b"\r\n") == b"b"
    assert inbox.take_until(b"\r\n") is None
    assert not inbox


@pytest.mark.parametrize("parts", [[b"ab--c"], [b"ab-", b"-c"], [b"a", b"b", b"-", b"-", b"c"], [b"", b"ab--", b"c"]])
def test_a_mark_is_found_across_parts(parts: list[bytes]) -> None:
    inbox = Inbox()
    found = None
    for part in parts:
        inbox.add(part)
        found = found if found is not None else inbox.take_until(b"--")
    assert found == b"ab"
    assert inbox.peek() == b"c"


def test_a_search_may_begin_behind_the_front() -> None:
    inbox = filled(b"\r\n\r\na\r\n\r\n")
    assert inbox.take_until(b"\r\n\r\n", 2) == b"\r\n\r\na"


def test_a_search_after_something_was_taken_begins_there() -> None:
    inbox = filled(b"abc")
    assert inbox.take_until(b"--") is None
    assert inbox.take(2) == b"ab"
    inbox.add(b"--d")
    assert inbox.take_until(b"--") == b"c"


def test_what_stands_at_the_front_is_known() -> None:
    inbox = filled(b"xab")
    inbox.take(1)
    assert inbox.starts_with(b"ab")
    assert not inbox.starts_with(b"b")
    assert not inbox.starts_with(b"abc")


def test_a_mark_shows_once_and_across_parts() -> None:
    inbox = filled(b"a\n")
    assert not inbox.shows(b"\n\n")
    inbox.add(b"\nb")
    assert inbox.shows(b"\n\n")
    assert not inbox.shows(b"\n\n")
    inbox.take(2)
    inbox.add(b"\n\n")
    assert inbox.shows(b"\n\n")


def test_nothing_is_left_behind_a_clearing() -> None:
    inbox = filled(b"abc")
    inbox.shows(b"b")
    inbox.clear()
    inbox.add(b"b")
    assert inbox.shows(b"b")
    assert inbox.take_until(b"b") == b""


def test_an_inbox_is_a_queue_of_bytes_whatever_is_done_to_it() -> None:
    chance = random.Random(1)
    inbox, model = Inbox(), b""
    for _ in range(5000):
        act = chance.randrange(4)
        if act == 0:
            data = bytes(chance.choices(b"ab-", k=chance.randrange(6)))
            inbox.add(data)
            model += data
        elif act == 1:
            count = chance.randrange(4)
            assert inbox.take(count) == model[:count]
            model = model[count:]
        elif act == 2:
            before, mark, after = model.partition(b"--")
            assert inbox.take_until(b"--") == (before if mark else None)
            model = after if mark else model
        else:
            assert inbox.starts_with(b"a") is model.startswith(b"a")
        assert (len(inbox), inbox.peek()) == (len(model), model)
