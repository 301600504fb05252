from __future__ import annotations

import threading

import pytest

from calling import PATIENCE
from pellucid.apps.wsgi.stream import BUFFER, Stream
from pellucid.message import END


class Woken:
    """Counts how often the loop is asked to pull."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_chunks_come_out_in_order_and_small_ones_together() -> None:
    stream = Stream(Woken())
    for chunk in (b"one", b"two", b"three"):
        assert stream.put(chunk)
    assert stream.pull(100) == b"onetwothree"
    assert stream.pull(100) is None
    stream.put(b"four")
    stream.end()
    assert stream.pull(100) == b"four"
    assert stream.pull(100) is END


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_no_piece_is_larger_than_its_limit(limit: int) -> None:
    stream = Stream(Woken())
    for chunk in (b"one", b"fifteen", b"x"):
        stream.put(chunk)
    stream.end()
    whole = b""
    while (piece := stream.pull(limit)) is not END:
        assert isinstance(piece, bytes)
        assert 0 < len(piece) <= limit
        whole += piece
    assert whole == b"onefifteenx"


def test_the_loop_is_woken_once_and_only_where_it_waits() -> None:
    woken = Woken()
    stream = Stream(woken)
    stream.put(b"a")
    assert woken.times == 0
    stream.pull(10)
    assert stream.pull(10) is None
    stream.put(b"b")
    stream.put(b"c")
    assert woken.times == 1
    stream.pull(10)
    stream.pull(10)
    stream.end()
    assert woken.times == 2


class Waiting:
    """A thread that puts two chunks, of which the second finds no room."""

    def __init__(self, stream: Stream) -> None:
        self.put: list[bool] = []
        self.first = threading.Event()
        self.thread = threading.Thread(target=self._put, args=(stream,))
        self.thread.start()
        assert self.first.wait(PATIENCE)

    def _put(self, stream: Stream) -> None:
        self.put.append(stream.put(b"x" * BUFFER))
        self.first.set()
        self.put.append(stream.put(b"second"))


def test_a_thread_waits_while_too_much_waits_for_the_client() -> None:
    stream = Stream(Woken())
    waiting = Waiting(stream)
    assert waiting.put == [True]
    assert stream.pull(1) == b"x"
    waiting.thread.join(PATIENCE)
    assert waiting.put == [True, True]


def test_a_thread_that_waits_is_let_go_when_nobody_reads_any_more() -> None:
    stream = Stream(Woken())
    waiting = Waiting(stream)
    stream.close()
    waiting.thread.join(PATIENCE)
    assert waiting.put == [True, False]
    assert not stream.put(b"more")


def test_a_stream_that_has_ended_can_be_had_whole() -> None:
    stream = Stream(Woken())
    stream.put(b"a")
    assert stream.whole() is None
    stream.put(b"b")
    stream.end()
    assert stream.whole() == b"ab"
