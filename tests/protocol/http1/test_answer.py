"""Answers: how each is framed, what an app may not give, and that nothing of it reaches the wire."""

import os
from pathlib import Path

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import END, NO_FIELDS, Headers, Response
from pellucid.piece import FileSlice, OpenFile
from pellucid.protocol.http1.answer import (
    CHUNKED,
    BodyWriter,
    Framing,
    frame,
    spell_informational,
    spell_trailers,
    spelled,
    status_line,
)

NOTHING = b""


def length(count: int) -> bytes:
    return b"content-length: %d\r\n" % count


FRAMES = [
    # method, version, status, declared, length -> wanted, length, chunked, line
    ("GET", "1.1", 200, None, 5, True, 5, False, length(5)),
    ("GET", "1.1", 200, 5, 5, True, 5, False, length(5)),
    ("GET", "1.1", 200, 5, None, True, 5, False, length(5)),
    ("GET", "1.1", 200, None, 0, True, 0, False, length(0)),
    ("GET", "1.1", 200, None, None, True, None, True, CHUNKED),
    ("GET", "1.0", 200, None, None, True, None, False, NOTHING),
    ("GET", "1.0", 200, None, 5, True, 5, False, length(5)),
    ("HEAD", "1.1", 200, None, 5, False, 5, False, length(5)),
    ("HEAD", "1.1", 200, 5, 0, False, 5, False, length(5)),
    ("HEAD", "1.1", 200, None, 0, False, 0, False, NOTHING),
    ("HEAD", "1.1", 200, None, None, False, None, False, NOTHING),
    ("GET", "1.1", 304, None, None, False, None, False, NOTHING),
    ("HEAD", "1.0", 200, None, None, False, None, False, NOTHING),
    ("GET", "1.1", 304, None, 0, False, 0, False, NOTHING),
    ("GET", "1.1", 304, 5, 0, False, 5, False, length(5)),
    ("GET", "1.1", 204, None, 0, False, 0, False, NOTHING),
    ("GET", "1.1", 204, 5, None, False, 0, False, NOTHING),
    ("GET", "1.1", 205, None, 5, False, 0, False, length(0)),
    ("GET", "1.1", 101, None, None, True, None, False, NOTHING),
    ("CONNECT", "1.1", 200, None, None, True, None, False, NOTHING),
    ("CONNECT", "1.1", 299, 5, 5, True, None, False, NOTHING),
    ("CONNECT", "1.1", 405, None, 5, True, 5, False, length(5)),
]


@pytest.mark.parametrize(
    ("method", "version", "status", "declared", "given", "wanted", "told", "chunked", "line"), FRAMES
)
def test_an_answer_is_framed(
    method: str,
    version: str,
    status: int,
    declared: int | None,
    given: int | None,
    wanted: bool,
    told: int | None,
    chunked: bool,
    line: bytes,
) -> None:
    assert frame(method, version, status, declared, given) == Framing(wanted, told, chunked, line)


@pytest.mark.parametrize(
    ("framing", "unending"),
    [
        (Framing(True, None, False, b""), True),
        (Framing(False, None, False, b""), False),
        (Framing(True, None, True, CHUNKED), False),
        (Framing(True, 5, False, b""), False),
    ],
)
def test_only_a_body_of_which_nothing_is_told_ends_with_the_connection(framing: Framing, unending: bool) -> None:
    assert framing.unending is unending


@pytest.mark.parametrize("length", [-1, 5.5, "5", True])
def test_a_length_that_is_none_is_wrong(length: int) -> None:
    with pytest.raises(WrongAnswer, match="cannot be"):
        frame("GET", "1.1", 200, None, length)


@pytest.mark.parametrize(("method", "declared", "given"), [("GET", 5, 4), ("GET", 5, 6), ("GET", 5, 0), ("HEAD", 5, 4)])
def test_a_length_that_is_not_the_bodys_is_wrong(method: str, declared: int, given: int) -> None:
    with pytest.raises(WrongAnswer, match=f"a body of {given} bytes with a Content-Length of {declared}"):
        frame(method, "1.1", 200, declared, given)


def test_fields_are_spelled_less_those_of_the_connection_and_of_framing() -> None:
    headers = Headers(
        [(b"a", b"b"), (b"connection", b"Close, x"), (b"content-length", b"5"), (b"keep-alive", b"1"), (b"a", b"c")]
    )
    assert spelled(headers).lines == b"a: b\r\na: c\r\n"
    assert (spelled(headers).length, spelled(headers).closes, spelled(headers).dated) == (5, True, False)
    assert spelled(headers) is spelled(headers)


def test_usual_fields_say_nothing_of_the_connection() -> None:
    said = spelled(Headers([(b"date", b"today")]))
    assert (said.lines, said.length, said.closes, said.dated) == (b"date: today\r\n", None, False, True)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (b"transfer-encoding", b"chunked", "framing is the protocol's"),
        (b"content-length", b"+5", "not one row of digits"),
        (b"content-length", b"5, 5", "not one row of digits"),
        (b"content-length", b"", "not one row of digits"),
        (b"content-length", b"9" * 5000, "not one row of digits"),
        (b"x", b"a\r\nset-cookie: b", "control character"),
        (b"x", b"a\nb", "control character"),
        (b"x", b"a\rb", "control character"),
        (b"x", b"a\x00b", "control character"),
        (b"set-cookie", b"a=b\r\nx: y", "control character"),
        (b"location", b"/\r\n\r\n<script>", "control character"),
        (b"x\r\ny", b"a", "no lower-case token"),
        (b"Content-Length", b"5", "no lower-case token"),
        (b"x ", b"a", "no lower-case token"),
        ("x", b"a", "a pair of bytes"),
        (b"x", "a", "a pair of bytes"),
    ],
)
def test_a_field_that_would_break_the_wire_is_wrong(name: bytes, value: bytes, why: str) -> None:
    with pytest.raises(WrongAnswer, match=why):
        spelled(Headers([(b"a", b"b"), (name, value)]))
    with pytest.raises(WrongAnswer, match=why):
        spell_informational(Response(103, Headers([(name, value)])))


def test_an_informational_answer_has_no_framing_and_no_word_of_the_connection() -> None:
    headers = Headers([(b"link", b"</a>"), (b"content-length", b"5"), (b"connection", b"close")])
    assert spell_informational(Response(103, headers)) == b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, b"HTTP/1.1 200 OK\r\n"),
        (404, b"HTTP/1.1 404 Not Found\r\n"),
        (299, b"HTTP/1.1 299 \r\n"),
        (599, b"HTTP/1.1 599 \r\n"),
    ],
)
def test_a_status_has_its_line(status: int, line: bytes) -> None:
    assert status_line(status) == line


@pytest.mark.parametrize("status", [0, 99, 600, 1000, -200, True, "250", None, "200\r\nx: y"])
def test_what_is_no_status_is_wrong(status: int) -> None:
    with pytest.raises(WrongAnswer, match="no status code"):
        status_line(status)


def test_trailers_are_spelled() -> None:
    assert spell_trailers(Headers([(b"digest", b"a"), (b"x", b"")])) == b"digest: a\r\nx: \r\n"


@pytest.mark.parametrize(
    ("name", "value"), [(b"x", b"a\r\nb"), (b"X", b"a"), (b"content-length", b"5"), (b"host", b"h")]
)
def test_a_trailer_that_would_break_the_wire_or_comes_too_late_is_wrong(name: bytes, value: bytes) -> None:
    with pytest.raises(WrongAnswer):
        spell_trailers(Headers([(name, value)]))


def joined(writer: BodyWriter, *pieces: bytes) -> bytes:
    parts = [part for piece in pieces for part in writer.data(piece)]
    return b"".join(part for part in parts if isinstance(part, bytes))


def test_a_body_of_known_length_goes_out_as_it_is() -> None:
    writer = BodyWriter(Framing(True, 5, False, b""))
    assert joined(writer, b"he", b"", b"llo") == b"hello"
    assert writer.end(NO_FIELDS) == []


def test_a_body_longer_than_its_length_is_wrong_before_it_goes_out() -> None:
    writer = BodyWriter(Framing(True, 5, False, b""))
    with pytest.raises(WrongAnswer, match="longer than its Content-Length"):
        writer.data(b"hello!")
    assert joined(writer, b"hello") == b"hello"


def test_a_body_shorter_than_its_length_is_wrong_at_its_end() -> None:
    writer = BodyWriter(Framing(True, 5, False, b""))
    writer.data(b"he")
    with pytest.raises(WrongAnswer, match="3 bytes shorter than its Content-Length"):
        writer.end(NO_FIELDS)


def test_a_body_in_chunks_says_each_size_and_never_ends_by_an_empty_piece() -> None:
    writer = BodyWriter(Framing(True, None, True, CHUNKED))
    assert joined(writer, b"hello", b"", b"x" * 17) == b"5\r\nhello\r\n11\r\n" + b"x" * 17 + b"\r\n"
    assert writer.end(NO_FIELDS) == [b"0\r\n\r\n"]
    assert writer.end(Headers([(b"a", b"b")])) == [b"0\r\na: b\r\n\r\n"]


def test_a_body_that_ends_with_the_connection_has_nothing_around_it() -> None:
    writer = BodyWriter(Framing(True, None, False, b""))
    assert joined(writer, b"he", b"llo") == b"hello"
    assert writer.end(END.trailers) == []


def test_a_part_of_a_file_is_counted_by_its_length_and_let_go_if_it_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    file = OpenFile(os.open(path, os.O_RDONLY))
    part, empty = FileSlice(file, 0, 5), FileSlice(file, 5, 0)
    file.release()
    writer = BodyWriter(Framing(True, None, True, CHUNKED))
    assert writer.data(part) == [b"5\r\n", part, b"\r\n"]
    assert writer.data(empty) == []
    part.release()
    with pytest.raises(OSError):
        os.fstat(file.fd)
