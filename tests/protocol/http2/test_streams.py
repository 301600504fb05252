"""The body of a request while it comes in, by itself."""

from __future__ import annotations

import pytest

from pellucid.message import Data, End, Refused
from pellucid.protocol.http2.priority import UNTOLD
from pellucid.protocol.http2.streams import DROPPED, Incoming, Stream


def test_parts_are_given_out_together_within_the_credit() -> None:
    incoming = Incoming(None)
    for part in (b"ab", b"cd", b"ef"):
        incoming.add(part)
    assert incoming.next() is None
    incoming.credit = 3
    assert incoming.next() == Data(b"abc")
    assert incoming.next() is None
    incoming.credit = 10
    assert incoming.next() == Data(b"def")
    assert (incoming.waiting, incoming.credit) == (0, 7)


def test_the_end_needs_no_credit_and_comes_once() -> None:
    incoming = Incoming(None)
    incoming.end(End())
    assert incoming.next() == End()
    assert incoming.next() is None


def test_a_fault_comes_behind_what_was_there() -> None:
    incoming = Incoming(None)
    incoming.add(b"ab")
    incoming.fail(Refused(400, "why"))
    incoming.credit = 5
    assert [incoming.next(), incoming.next(), incoming.next()] == [Data(b"ab"), Refused(400, "why"), None]


def test_what_is_held_waits_for_the_answer() -> None:
    incoming = Incoming(None, held=True)
    incoming.add(b"ab")
    incoming.end(End())
    incoming.credit = 5
    assert incoming.next() is None
    incoming.held = False
    assert [incoming.next(), incoming.next()] == [Data(b"ab"), End()]


def test_a_tunnel_that_is_forgone_was_an_empty_body() -> None:
    incoming = Incoming(None, held=True)
    incoming.add(b"ab")
    assert incoming.forgo() == 2
    assert incoming.next() == End()


def test_what_is_dropped_is_told_in_bytes() -> None:
    incoming = Incoming(None)
    incoming.add(b"abc")
    incoming.end(End())
    assert incoming.drop() == 3
    assert incoming.next() is None


def test_a_small_rest_may_as_well_come() -> None:
    assert Incoming(None).droppable
    assert Incoming(DROPPED).droppable
    assert not Incoming(DROPPED + 1).droppable
    assert not Incoming(5, continue_owed=True).droppable
    incoming = Incoming(None)
    incoming.dropped = DROPPED + 1
    assert not incoming.droppable


@pytest.mark.parametrize(("left", "come", "droppable"), [(None, 65534, True), (None, 65535, False), (5, 65531, False)])
def test_a_rest_for_which_the_window_is_too_small_may_not_come(left: int | None, come: int, droppable: bool) -> None:
    incoming = Incoming(left)
    incoming.inflow.take(come)
    assert incoming.droppable is droppable


def test_a_stream_receives_until_its_request_has_ended() -> None:
    stream = Stream("POST", 100, UNTOLD)
    assert not stream.receiving
    stream.incoming = Incoming(None)
    assert stream.receiving
    stream.incoming.end(End())
    assert not stream.receiving
