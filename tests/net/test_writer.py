"""Lines reach the descriptor, in order, and nothing that the descriptor does can hold up who writes them."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.net.writer import LineWriter

PATIENCE = 10.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for each in (reading, writing):
        try:
            os.close(each)
        except OSError:
            pass


def read_until(descriptor: int, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += os.read(descriptor, 65536)
    return data


def fill(descriptor: int) -> int:
    """Stuff a pipe until it takes no byte more, as a reader that has stopped would; the count of bytes."""
    os.set_blocking(descriptor, False)
    count = 0
    for size in (65536, 1):
        try:
            while True:
                count += os.write(descriptor, b"x" * size)
        except BlockingIOError:
            pass
    return count


def drain(descriptor: int, count: int) -> None:
    while count:
        count -= len(os.read(descriptor, count))


def test_lines_come_out_whole_and_in_order(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], pause=0)
    for number in range(1000):
        writer.write(f"line {number}")
    assert writer.close(PATIENCE)
    assert read_until(pipe[0], b"line 999\n") == b"".join(b"line %d\n" % number for number in range(1000))


def test_lines_of_several_writers_to_one_pipe_are_not_mixed(pipe: tuple[int, int]) -> None:
    writers = [LineWriter(pipe[1], pause=0), LineWriter(pipe[1], pause=0)]
    lines = [letter * 150 for letter in "ab"]
    for _ in range(3000):
        for writer, line in zip(writers, lines, strict=True):
            writer.write(line)
    data = b""
    while data.count(b"\n") < 6000:
        data += os.read(pipe[0], 1000)
    assert [writer.close(PATIENCE) for writer in writers] == [True, True]
    assert {*data.decode().split("\n")} == {*lines, ""}


def test_a_line_beyond_what_a_pipe_keeps_together_comes_out_all_the_same(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], pause=0)
    lines = ["a" * 10, "b" * 10_000, "c", "d" * 5000, ""]
    for line in lines:
        writer.write(line)
    assert writer.close(PATIENCE)
    assert read_until(pipe[0], b"d\n\n").decode() == "\n".join([*lines, ""])


HOLD = """
import fcntl, os, sys
fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX)
os.write(1, b"held")
sys.stdin.read()
os.write(int(sys.argv[1]), b"theirs\\n")
"""


def test_processes_that_share_a_pipe_write_one_after_the_other(pipe: tuple[int, int]) -> None:
    command = [sys.executable, "-c", HOLD, str(pipe[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[pipe[1]]) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.read(4) == b"held"
        writer = LineWriter(pipe[1], shared=True)
        writer.write("ours")
        assert not writer.flush(0)
        other.stdin.close()
        assert read_until(pipe[0], b"ours\n") == b"theirs\nours\n"
    assert writer.close(PATIENCE)


@pytest.mark.parametrize("fault", [errno.EBADF, errno.EDEADLK])
def test_where_no_lock_is_to_be_had_lines_come_out_all_the_same(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(fault, "no lock")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    writer = LineWriter(pipe[1], shared=True)
    writer.write("line")
    assert writer.close(PATIENCE)
    assert read_until(pipe[0], b"\n") == b"line\n"


def test_only_pipes_are_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "lockf", None)
    with open(tmp_path / "log", "wb") as file:
        writer = LineWriter(file.fileno(), shared=True)
        writer.write("line")
        assert writer.close(PATIENCE)
    assert (tmp_path / "log").read_bytes() == b"line\n"
    assert LineWriter(999_999, shared=True).close(0)


def test_a_turn_is_taken_only_to_write(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    monkeypatch.setattr(fcntl, "lockf", lambda fd, how: turns.append(how))
    others = {*threading.enumerate()}
    writer = LineWriter(pipe[1], shared=True, pause=0)
    writer.write("line")
    assert writer.close(PATIENCE)
    for thread in {*threading.enumerate()} - others:
        thread.join(PATIENCE)
    assert turns == [fcntl.LOCK_EX, fcntl.LOCK_UN]


def test_the_first_line_is_written_without_a_flush(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    writer.write("hello")
    assert read_until(pipe[0], b"\n") == b"hello\n"
    writer.close(PATIENCE)


def test_no_thread_is_made_before_the_first_line(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[threading.Thread] = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        made.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    writer = LineWriter(pipe[1])
    assert writer.flush(0)
    assert made == []
    writer.write("now")
    writer.write("then")
    assert len(made) == 1
    writer.close(PATIENCE)


def test_flush_hurries_a_thread_that_pauses(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], pause=1000)
    writer.write("one")
    assert read_until(pipe[0], b"\n") == b"one\n"
    writer.write("two")
    assert writer.flush(PATIENCE)
    assert read_until(pipe[0], b"\n") == b"two\n"
    writer.close(PATIENCE)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_stuck_reader_costs_lines_and_no_time_and_the_loss_is_told(pipe: tuple[int, int], blocking: bool) -> None:
    stuffed = fill(pipe[1])
    os.set_blocking(pipe[1], blocking)
    writer = LineWriter(pipe[1], capacity=100, pause=0)
    for number in range(50):
        writer.write(f"line {number:04}")
    assert not writer.flush(0.01)
    drain(pipe[0], stuffed)
    assert writer.flush(PATIENCE)
    data = read_until(pipe[0], b"\n")
    kept = b"".join(b"line %04d\n" % number for number in range(10))
    assert data == kept + b"(40 lines lost here: the log could not be written in time)\n"
    writer.write("after")
    assert read_until(pipe[0], b"\n") == b"after\n"
    writer.close(PATIENCE)


def test_the_loss_can_be_told_in_another_way(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], capacity=3, lost=lambda count: f'{{"lost":{count}}}')
    writer.write("far too long")
    assert read_until(pipe[0], b"\n") == b'{"lost":1}\n'
    writer.close(PATIENCE)


@pytest.mark.parametrize("blocking", [True, False])
def test_close_does_not_wait_for_ever_on_a_stuck_pipe(pipe: tuple[int, int], blocking: bool) -> None:
    fill(pipe[1])
    os.set_blocking(pipe[1], blocking)
    writer = LineWriter(pipe[1])
    writer.write("never read")
    assert not writer.close(0.01)
    os.close(pipe[0])


def test_a_reader_that_went_away_is_survived_quietly(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    writer = LineWriter(pipe[1], pause=0)
    for _ in range(100):
        writer.write("to nobody")
        writer.flush(PATIENCE)
    assert writer.close(PATIENCE)


def test_a_line_after_the_end_is_dropped(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    writer.write("last")
    assert writer.close(PATIENCE)
    writer.write("too late")
    assert writer.close(PATIENCE)
    os.close(pipe[1])
    assert os.read(pipe[0], 100) == b"last\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_outlived_and_its_losses_are_counted(pipe: tuple[int, int]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    writer = LineWriter(full, pause=0)
    writer.write("no room for me")
    assert not writer.flush(0.05)
    os.dup2(pipe[1], full)
    assert writer.flush(PATIENCE)
    assert read_until(pipe[0], b"\n") == b"(1 line lost here: the log could not be written in time)\n"
    writer.close(PATIENCE)
    os.close(full)


def test_odd_characters_do_not_stop_the_thread(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], pause=0)
    writer.write("half \udc80 a pair, é")
    assert read_until(pipe[0], b"\n") == "half \\udc80 a pair, é\n".encode()
    writer.close(PATIENCE)


def test_a_system_without_threads_to_give_is_asked_again(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    writer = LineWriter(pipe[1])
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        writer.write("early")
    writer.write("late")
    assert read_until(pipe[0], b"late\n") == b"early\nlate\n"
    writer.close(PATIENCE)


def test_a_signal_never_reaches_the_thread_that_writes(pipe: tuple[int, int]) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    writer = LineWriter(pipe[1], pause=0)
    try:
        writer.write("begun")
        assert read_until(pipe[0], b"\n") == b"begun\n"
        assert writer._thread is not None
        assert writer._thread.ident is not None
        signal.pthread_kill(writer._thread.ident, signal.SIGUSR1)
        writer.write("gone on")  # by then the signal would have been taken
        assert read_until(pipe[0], b"\n") == b"gone on\n"
        assert heard == []
    finally:
        writer.close(PATIENCE)
        signal.signal(signal.SIGUSR1, before)
