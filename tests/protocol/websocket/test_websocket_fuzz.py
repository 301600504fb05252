"""What must hold whatever a peer sends: one sentence each, tried with noise that looks like frames."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.protocol.websocket.deflate import Deflate, Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Event, Phase
from pellucid.protocol.websocket.frames import masked_frame
from pellucid.protocol.websocket.limits import WebSocketLimits
from protocol.battery import cut
from protocol.websocket.framing import client, course, limits, said, server

MOST = 600
DEFLATIONS = [None, Deflation(9, 9), Deflation(15, 15, False, False)]

first_bytes = st.one_of(
    st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x41]), st.integers(0, 255)
)
payloads = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([b"\x03\xe8", b"\xf2H\xcd\xc9\xc9\x07\x00", b"\x00", b"x" * 125, b"x" * 126, b"\xc3", b"\x03\x00"]),
)
frames = st.builds(masked_frame, first_bytes, payloads, st.binary(min_size=4, max_size=4))
streams = st.lists(st.one_of(frames, frames, frames, st.binary(max_size=8)), max_size=8).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(streams, st.sampled_from(DEFLATIONS), st.randoms(use_true_random=False))
def test_bytes_mean_the_same_to_a_websocket_however_they_are_split(
    data: bytes, deflation: Deflation | None, chance: random.Random
) -> None:
    most = limits(message_size=MOST, fragments=4)
    whole = course([data], server(most, deflation), eof=True)
    cuts = [chance.randrange(len(data) + 1) for _ in range(3)]
    for pieces in (cut(data, range(len(data))), cut(data, cuts)):
        other = course(pieces, server(most, deflation), eof=True)
        assert other.events[:-1] == whole.events[:-1]
        assert other.closed is not None
        assert whole.closed is not None
        if deflation is None:
            assert other == whole
        elif other.closed != whole.closed:
            # Of two faults in one piece zlib shows the one of DEFLATE, and nothing of what it inflated before.
            assert other.closed.fault
            assert whole.closed.fault


@settings(max_examples=300, deadline=None)
@given(streams, st.sampled_from(DEFLATIONS))
def test_every_course_ends_with_one_closed_and_no_message_is_larger_than_the_limit(
    data: bytes, deflation: Deflation | None
) -> None:
    found = course([data], server(limits(message_size=MOST), deflation), eof=True)
    assert [isinstance(event, Closed) for event in found.events].count(True) == 1
    assert found.closed is not None
    assert found.phase is Phase.CLOSED
    for event in found.events:
        assert not isinstance(event, str | bytes) or len(event) <= MOST


@settings(max_examples=300, deadline=None)
@given(streams, st.sampled_from(DEFLATIONS))
def test_whatever_comes_in_what_goes_out_is_understood(data: bytes, deflation: Deflation | None) -> None:
    found = course([data], server(limits(message_size=MOST), deflation))
    peer = course([found.output], client(deflation=deflation))
    if found.closed is None:
        assert peer.closed is None
    else:
        assert peer.closed is not None
        assert not peer.closed.fault
        assert peer.closed.code == found.closed.code
        if found.closed.fault:
            assert peer.closed.reason == found.closed.reason
            assert found.closed.reason.endswith(")") or "websocket-" in found.closed.reason


class Pair:
    """A client and a server that talk at random; what one of them says the other one hears."""

    def __init__(self, chance: random.Random, deflation: Deflation | None) -> None:
        self.chance = chance
        self.sides = (client(deflation=deflation), server(deflation=deflation))
        self.spoken: tuple[list[Event], list[Event]] = ([], [])
        self.heard: tuple[list[Event], list[Event]] = ([], [])
        self.ways = [b"", b""]

    def talk(self) -> None:
        """One of them says something."""
        who = self.chance.randrange(2)
        size = self.chance.choice([0, 1, 50, 126, 3000, 70_000])
        message: Event = "aé" * (size // 2) if self.chance.random() < 0.5 else self.chance.randbytes(size)
        if self.chance.random() < 0.2:
            self.sides[who].ping(self.chance.randbytes(5))
        elif isinstance(message, str):
            self.sides[who].send_text(message)
            self.spoken[who].append(message)
        elif isinstance(message, bytes):
            self.sides[who].send_binary(message)
            self.spoken[who].append(message)

    def carry(self, whole: bool = False) -> None:
        """What was said goes its way, or a part of it."""
        for who, socket in enumerate(self.sides):
            self.ways[who] += said(socket)
            size = len(self.ways[who]) if whole else self.chance.randrange(len(self.ways[who]) + 1)
            sent, self.ways[who] = self.ways[who][:size], self.ways[who][size:]
            self._hear(1 - who, sent)

    def _hear(self, who: int, data: bytes) -> None:
        socket = self.sides[who]
        socket.receive(data)
        while (event := socket.next_event()) is not None:
            if isinstance(event, str | bytes | Closed):
                self.heard[who].append(event)
            if isinstance(event, Closed):
                socket.part()


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("deflation", DEFLATIONS)
def test_what_was_said_before_a_close_is_heard_and_both_come_to_an_end(seed: int, deflation: Deflation | None) -> None:
    pair = Pair(random.Random(seed), deflation)
    for _ in range(30):
        pair.talk()
        pair.carry()
    pair.carry(whole=True)
    assert pair.heard == (pair.spoken[1], pair.spoken[0])
    pair.talk()
    closes = pair.chance.choice([(0,), (1,), (0, 1)])
    for who in closes:
        pair.sides[who].close(3000 + who, "bye")
    for _ in range(3):
        pair.carry(whole=True)
    ends = [events[-1] for events in pair.heard]
    if len(closes) == 2:
        assert ends == [Closed(3001, "bye"), Closed(3000, "bye")]
    else:
        assert ends == [Closed(3000 + closes[0], "bye")] * 2
    assert all(socket.closed for socket in pair.sides)


def test_the_compression_that_comes_as_it_is_set_keeps_to_its_window() -> None:
    settings_ = WebSocketLimits()
    deflate = Deflate(Deflation(settings_.websocket_window), settings_.websocket_level, settings_.websocket_threshold)
    here = WebSocket(settings_, deflate)
    there = client(deflation=Deflation(settings_.websocket_window))
    chance = random.Random(4)
    for _ in range(50):
        message = bytes(chance.choices(b"abcdef ", k=chance.randrange(9000)))
        here.send_binary(message)
        there.receive(said(here))
        assert there.next_event() == message
