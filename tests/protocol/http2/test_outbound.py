"""Answers whose requests are given up meanwhile, and pieces that are files: nothing is said in vain, nothing leaks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Reset, Response
from pellucid.piece import FileSlice, OpenFile, discard
from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.engine import Http2
from protocol.http2.frameplay import HELLO, ask, http2, said, spell, take_apart


@pytest.fixture
def opened(tmp_path: Path) -> OpenFile:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 5000)
    return OpenFile(os.open(path, os.O_RDONLY))


def asked(*lines: str) -> Http2:
    """An engine with one request that its app knows of, and what came since."""
    engine, _ = http2()
    engine.receive(HELLO + ask(1))
    assert engine.next_event() is not None
    said(engine)
    for line in lines:
        engine.receive(spell(line))
    return engine


def test_an_answer_to_a_request_that_was_given_up_goes_nowhere(opened: OpenFile) -> None:
    engine = asked("RST_STREAM 1 CANCEL")
    assert engine.room(1) > 0
    assert not engine.send_response(1, Response(200), b"late")
    assert not engine.send_response(1, Response(200), None)
    engine.send_data(1, FileSlice(opened, 0, 10))
    opened.release()
    with pytest.raises(ValueError, match="released"):
        opened.hold()
    engine.send_end(1, Headers())
    engine.credit(1, 5)
    engine.reset(1)
    engine.refuse(408, "late", 1)
    assert said(engine) == b""
    assert engine.next_event() == (1, Reset("the client gave it up: CANCEL"))
    with pytest.raises(WrongAnswer):
        engine.send_response(1, Response(200), b"much too late")


def test_a_file_goes_out_in_frames_and_is_let_go_of(opened: OpenFile) -> None:
    engine = asked()
    assert engine.send_response(1, Response(200), None, 50_000)
    engine.send_data(1, FileSlice(opened, 0, 50_000))
    opened.release()
    assert engine.room(1) == 65_535 - 50_000
    engine.send_end(1, Headers())
    pieces = engine.take_output()
    read = b""
    for piece in pieces:
        read += piece.read(len(piece)) if isinstance(piece, FileSlice) else piece
    discard(pieces)
    found = take_apart(read)
    assert [kind for kind, _, _, _ in found] == [1, 0, 0, 0, 0, 0]
    assert b"".join(payload for kind, _, _, payload in found if kind == frames.DATA) == b"0123456789" * 5000
    with pytest.raises(ValueError, match="released"):
        opened.hold()


def test_a_piece_of_no_bytes_is_none(opened: OpenFile) -> None:
    engine = asked()
    engine.send_response(1, Response(200), None)
    said(engine)
    engine.send_data(1, FileSlice(opened, 0, 0))
    engine.send_data(1, b"")
    opened.release()
    assert said(engine) == b""


def test_one_turn_is_one_piece() -> None:
    engine, _ = http2()
    engine.receive(HELLO + ask(1) + ask(3))
    for stream in (1, 3):
        engine.next_event()
        engine.send_response(stream, Response(200), b"hello")
    assert len(engine.take_output()) == 1
    assert engine.take_output() == []


def test_what_is_wrong_leaves_the_answer_as_it_was() -> None:
    engine = asked()
    for response in (Response(200, Headers([(b"a", b"\n")])), Response(99), Response(101)):
        with pytest.raises(WrongAnswer):
            engine.send_response(1, response, b"x")
    assert said(engine) == b""
    assert engine.send_response(1, Response(200), b"x")
