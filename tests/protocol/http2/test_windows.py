"""Windows: what may come, and in which lumps a peer is told that more may (RFC 9113 section 6.9)."""

from __future__ import annotations

from pellucid.message import Data, Reset
from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.http2.windows import FIRST_WINDOW, MANY_STREAMS, STREAM_WINDOW, Inflow
from protocol.http2.frameplay import HELLO, Player, ask, http2, said, spell, take_apart


def test_a_window_takes_no_more_than_its_size() -> None:
    inflow = Inflow(100)
    assert inflow.take(100)
    assert not inflow.take(1)


def test_a_window_is_opened_again_in_lumps_of_a_quarter() -> None:
    inflow = Inflow(100)
    inflow.take(100)
    assert [inflow.give_back(10) for _ in range(6)] == [0, 0, 30, 0, 0, 30]
    assert inflow.left == 60


def test_a_window_that_is_widened_is_opened_with_the_next_lump() -> None:
    inflow = Inflow(100)
    inflow.take(100)
    inflow.widen(1000)
    assert [inflow.give_back(10) for _ in range(3)] == [0, 0, 930]
    inflow.widen(1000)
    assert [inflow.give_back(100) for _ in range(3)] == [0, 0, 300]


def uploading(size: int, padding: int = 0, credit: int = 1 << 30) -> tuple[int, int, Player]:
    """How far the windows of the connection and of stream 1 were opened while a body of so many bytes came."""
    player = Player()
    player.engine.receive(HELLO + ask(1, end=False))
    player.engine.next_event()
    said(player.engine)
    player.engine.credit(1, credit)
    opened = {0: 0, 1: 0}
    while size:
        part = min(size, 1000)
        size -= part
        padded = spell(f"DATA 1 PADDED={padding} " + "x" * part) if padding else spell("DATA 1 " + "x" * part)
        player.engine.receive(padded)
        while player.engine.next_event() is not None:
            pass
        for kind, _, stream, payload in take_apart(said(player.engine)):
            assert kind == frames.WINDOW_UPDATE
            opened[stream] += int.from_bytes(payload, "big")
    return opened[0], opened[1], player


def test_what_an_app_has_taken_may_come_again() -> None:
    connection, stream, player = uploading(3 << 20)
    assert (3 << 20) - STREAM_WINDOW < connection <= 3 << 20
    assert (3 << 20) - STREAM_WINDOW // 4 < stream - (STREAM_WINDOW - FIRST_WINDOW) <= 3 << 20
    assert not player.engine.finished


def test_padding_counts_and_is_given_back() -> None:
    connection, stream, player = uploading(3 << 20, padding=200)
    padded = (3 << 20) + ((3 << 20) // 1000 + 1) * 201
    assert padded - STREAM_WINDOW < connection <= padded
    assert padded - STREAM_WINDOW // 4 < stream - (STREAM_WINDOW - FIRST_WINDOW) <= padded
    assert not player.engine.finished


def test_what_nobody_takes_waits_and_the_window_shuts() -> None:
    connection, stream, player = uploading(FIRST_WINDOW - 1000, credit=0)
    assert (connection, stream) == (0, 0)
    player.engine.credit(1, 5)
    assert player.engine.next_event() == (1, Data(b"xxxxx"))


def test_more_of_a_body_than_its_window_is_a_fault_of_the_stream() -> None:
    _, _, player = uploading(FIRST_WINDOW, credit=0)
    player.engine.receive(spell("DATA 1 x"))
    assert player.engine.next_event() == (1, Reset("more of a body than its window (RFC 9113 6.9.1)"))
    resets = [frame for frame in take_apart(said(player.engine)) if frame[0] == frames.RST_STREAM]
    assert resets == [(frames.RST_STREAM, 0, 1, b"\0\0\0\x03")]
    assert not player.engine.finished


def test_more_of_all_bodies_than_the_connections_window_is_a_fault_of_it() -> None:
    engine, _ = http2(own=Http2Limits(h2_streams=0))
    engine.receive(HELLO)
    stream = 1
    while not engine.finished:
        assert stream < 1000 * MANY_STREAMS
        part = spell(f"DATA {stream} " + "x" * 16384)
        engine.receive(ask(stream, end=False) + part * (FIRST_WINDOW // 16384))
        stream += 2
    assert b"more bodies than the connection's window" in said(engine)


def test_bodies_that_nobody_reads_leave_room_for_others() -> None:
    engine, _ = http2()
    engine.receive(HELLO)
    for stream in range(1, 2 * 99, 2):
        engine.receive(ask(stream, end=False))
        engine.next_event()
        engine.credit(stream, 16384)
        part = spell(f"DATA {stream} " + "x" * 16384)
        engine.receive(part)
        assert engine.next_event() == (stream, Data(b"x" * 16384))
        engine.receive(part * (STREAM_WINDOW // 16384))
    said(engine)
    engine.receive(ask(199, end=False) + spell("DATA 199 END_STREAM " + "x" * 16384))
    engine.next_event()
    engine.credit(199, 20000)
    assert engine.next_event() == (199, Data(b"x" * 16384))


def test_what_is_dropped_is_given_back_to_the_connection() -> None:
    engine, _ = http2()
    engine.receive(HELLO)
    said(engine)
    opened = 0
    for number in range(40):
        stream = 2 * number + 1
        engine.receive(ask(stream, end=False) + spell(f"DATA {stream} " + "x" * 16384) * 2)
        engine.reset(stream)
        engine.receive(spell(f"DATA {stream} " + "x" * 16384) + spell(f"DATA {stream} END_STREAM"))
        for kind, _, of, payload in take_apart(said(engine)):
            if kind == frames.WINDOW_UPDATE:
                assert of == 0
                opened += int.from_bytes(payload, "big")
    assert not engine.finished
    assert opened > 40 * 3 * 16384 - STREAM_WINDOW


def test_what_comes_for_a_stream_that_was_reset_is_bounded_by_its_window() -> None:
    engine, _ = http2()
    engine.receive(HELLO + ask(1, end=False))
    engine.reset(1)
    for _ in range(FIRST_WINDOW // 4369):
        engine.receive(spell("DATA 1 " + "x" * 4369))
    assert not engine.finished
    engine.receive(spell("DATA 1 x"))
    assert engine.finished


def test_what_a_client_gives_up_is_given_back_too() -> None:
    engine, _ = http2()
    engine.receive(HELLO)
    for number in range(20):
        stream = 2 * number + 1
        engine.receive(ask(stream, end=False) + spell(f"DATA {stream} " + "x" * 16384) * 3)
        engine.receive(spell(f"RST_STREAM {stream} CANCEL"))
        while engine.next_event() is not None:
            pass
    assert not engine.finished
