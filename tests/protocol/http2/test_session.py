"""What both directions work on, by itself: numbers, streams that were given up, and the end."""

from __future__ import annotations

import pytest

from pellucid.message import NO_FIELDS, Refused, Request, Reset
from pellucid.protocol.http2.codes import NAMES, ConnectionFault
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.http2.priority import UNTOLD, Priority
from pellucid.protocol.http2.session import GIVEN_UP, SKIPPED, Session
from pellucid.protocol.http2.streams import Stream


def session(*streams: int) -> Session:
    made = Session(Http2Limits(h2_streams=10), lambda: 0.0)
    for stream in streams:
        made.streams[stream] = Stream("GET", 65535, UNTOLD)
        made.last = stream
    return made


def test_numbers_that_were_never_used_are_known_as_such_for_a_while() -> None:
    made = session()
    for start in range(1, 1 + 10 * SKIPPED * 2, 10):
        made.skipped.append(range(start, start + 8, 2))
    assert len(made.skipped) == SKIPPED
    newest = made.skipped[-1]
    assert made.was_skipped(newest.start)
    assert not made.was_skipped(newest.stop)


def test_streams_that_were_given_up_are_known_for_a_while() -> None:
    made = session()
    for stream in range(1, 4 * GIVEN_UP, 2):
        made.give_up(stream, 5)
    assert len(made.given_up) == GIVEN_UP
    assert made.given_up[4 * GIVEN_UP - 1] == 5


def test_a_request_that_nobody_heard_of_is_never_told() -> None:
    made = session(1, 3)
    request = Request("GET", b"/", b"/", b"", b"h", NO_FIELDS)
    made.events.extend([(1, request), (3, request)])
    made.lose(1, "gone")
    assert list(made.events) == [(3, request)]
    assert not made.leaving


def test_the_end_of_a_request_that_was_told_of_is_told_too_and_counts_until_then() -> None:
    made = session(1)
    made.lose(1, "gone")
    made.close(1)
    assert list(made.events) == [(1, Reset("gone"))]
    assert made.leaving == {1}


def test_a_fault_is_told_once() -> None:
    made = session(1)
    made.fail(1, "first")
    made.fail(1, "second")
    assert list(made.events) == [(1, Reset("first")), (0, Refused(0, "PROTOCOL_ERROR: first"))]
    assert (made.finished, made.streams) == (True, {})


def test_priorities_count_as_streams() -> None:
    made = session(*range(1, 11, 2))
    for stream in (11, 13, 15, 17, 19):
        made.prioritize(stream, Priority())
    with pytest.raises(ConnectionFault):
        made.prioritize(21, Priority())


def test_every_code_has_a_name() -> None:
    assert NAMES[0] == "NO_ERROR"
    assert sorted(NAMES) == list(range(14))
