"""A parent's lines are written as far as they are taken, and waited for by nobody."""

import os

from pellucid.net.lines import CAPACITY, RETRY, Lines
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor


class Pipe:
    """A pipe, and lines into it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.reactor = Reactor(MemoryPoller(), self.clock)
        self.reads, self.writes = os.pipe()
        os.set_blocking(self.reads, False)
        self.lines = Lines(self.writes, self.reactor)

    def read(self) -> bytes:
        data = b""
        try:
            while part := os.read(self.reads, 65536):
                data += part
        except BlockingIOError:
            pass
        return data

    def close(self) -> None:
        os.close(self.reads)
        os.close(self.writes)


def test_lines_are_written_at_once() -> None:
    pipe = Pipe()
    pipe.lines.write("one")
    pipe.lines.write("zwö\udcff")
    assert pipe.read() == "one\nzwö\\udcff\n".encode()
    pipe.close()


def test_what_a_full_pipe_does_not_take_is_written_later_and_what_is_too_much_is_lost() -> None:
    pipe = Pipe()
    line = "x" * 999
    for _ in range(3 * CAPACITY // 1000):
        pipe.lines.write(line)
    pipe.lines.flush(0.0)
    got = pipe.read()
    assert len(got) < CAPACITY
    while True:
        pipe.clock.advance(RETRY)
        pipe.reactor.step(0)
        part = pipe.read()
        if not part:
            break
        got += part
    assert set(got.split(b"\n")) == {line.encode(), b""}
    assert CAPACITY - 70_000 < len(got) < 2 * CAPACITY
    pipe.lines.write("after")
    assert pipe.read() == b"after\n"
    pipe.close()


def test_a_pipe_that_would_block_in_spite_of_all_is_tried_again() -> None:
    pipe = Pipe()
    os.set_blocking(pipe.writes, False)
    pipe.lines.write("one")
    while True:  # to the last byte
        try:
            os.write(pipe.writes, b"x")
        except BlockingIOError:
            break
    pipe.lines.write("two")
    pipe.read()
    pipe.clock.advance(RETRY)
    pipe.reactor.step(0)
    assert pipe.read() == b"two\n"
    pipe.close()


def test_where_nobody_reads_any_more_nothing_is_kept() -> None:
    pipe = Pipe()
    os.close(pipe.reads)
    pipe.lines.write("one")
    pipe.lines.write("two")
    pipe.lines.flush(0.0)
    os.close(pipe.writes)
