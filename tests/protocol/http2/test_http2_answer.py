"""An answer's head as a block: what is kept of it, what is checked, and what only its stream and its second change."""

from __future__ import annotations

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Response
from pellucid.protocol.fields import KEPT_HEADS
from pellucid.protocol.http2.answer import Block, block_of, head_block, trailers_block
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.hpack import Decoder
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.http2.frameplay import HELLO, ask, said, take_apart

MONDAY = b"date: Mon, 23 Nov 2026 08:00:00 GMT\r\n"
LATER = b"date: Mon, 23 Nov 2026 08:00:01 GMT\r\n"


def decoded(block: bytes) -> list[tuple[bytes, bytes]]:
    return list(Decoder(0).decode(block))


def test_a_head_has_its_status_its_fields_its_length_and_its_date() -> None:
    block = block_of(Headers([(b"content-type", b"text/plain"), (b"set-cookie", b"a=b")]))
    assert decoded(head_block(200, block, 5, MONDAY)) == [
        (b":status", b"200"),
        (b"content-type", b"text/plain"),
        (b"set-cookie", b"a=b"),
        (b"content-length", b"5"),
        (b"date", b"Mon, 23 Nov 2026 08:00:00 GMT"),
    ]


def test_an_app_may_give_the_date() -> None:
    block = block_of(Headers([(b"date", b"yesterday")]))
    assert decoded(head_block(200, block, None, MONDAY)) == [(b":status", b"200"), (b"date", b"yesterday")]


def test_the_block_is_kept_with_its_fields() -> None:
    headers = Headers([(b"a", b"b")])
    assert block_of(headers) is block_of(headers)
    assert type(headers.block) is Block


@pytest.mark.parametrize(
    "field",
    [
        (b"transfer-encoding", b"chunked"),
        (b"Name", b"x"),
        (b":status", b"200"),
        (b"name", b"a\r\nb: c"),
        (b"name", b" x"),
        (b"content-length", b"-1"),
    ],
)
def test_a_field_that_would_break_the_wire_is_wrong_in_any_version(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(WrongAnswer):
        block_of(Headers([field]))


def test_a_trailer_that_comes_too_late_is_wrong() -> None:
    assert decoded(trailers_block(Headers([(b"x-sum", b"1")]))) == [(b"x-sum", b"1")]
    with pytest.raises(WrongAnswer, match="not allowed in the trailers"):
        trailers_block(Headers([(b"content-length", b"1")]))


class Talking:
    """An engine that is asked again and again, whose Date line is handed to it."""

    def __init__(self) -> None:
        self.date = MONDAY
        self.engine = Http2(Limits(), Http2Limits(), lambda: self.date, lambda: 0.0)
        self.engine.receive(HELLO)
        said(self.engine)
        self.stream = -1

    def answer(self, headers: Headers, body: bytes, status: int = 200, method: str = "GET") -> list[bytes]:
        """The whole of what goes out for an answer: its fields and its body."""
        self.stream += 2
        self.engine.receive(ask(self.stream, method=method))
        self.engine.next_event()
        self.engine.send_response(self.stream, Response(status, headers), body)
        found = take_apart(said(self.engine))
        assert all(stream == self.stream for _, _, stream, _ in found)
        assert found[-1][1] & 1
        fields = [b"%b: %b" % field for field in decoded(found[0][3])]
        return [*fields, b"".join(payload for _, _, _, payload in found[1:])]


def test_a_head_that_goes_out_again_is_the_same_but_for_its_date() -> None:
    talking = Talking()
    headers = Headers([(b"a", b"b")])
    first = talking.answer(headers, b"hello")
    assert talking.answer(headers, b"HELLO") == [*first[:-1], b"HELLO"]
    talking.date = LATER
    later = [LATER[:-2] if line == MONDAY[:-2] else line for line in first]
    assert talking.answer(headers, b"hello") == later
    assert talking.answer(headers, b"hello") == later
    assert talking.answer(headers, b"hello", 404)[0] == b":status: 404"
    assert talking.answer(headers, b"hello", method="HEAD")[-1] == b""
    assert talking.answer(headers, b"longer than that")[-1] == b"longer than that"
    assert talking.answer(headers, b"")[-1] == b""


def test_few_heads_are_kept_with_one_set_of_fields() -> None:
    talking = Talking()
    headers = Headers()
    for size in range(1, 20):
        assert talking.answer(headers, b"x" * size)[-1] == b"x" * size
    block = headers.block
    assert isinstance(block, Block)
    assert len(block.heads) == KEPT_HEADS


def test_a_body_of_more_than_a_frame_goes_out_whole() -> None:
    talking = Talking()
    for _ in range(2):
        assert talking.answer(Headers(), b"x" * 30_000)[-1] == b"x" * 30_000


def test_a_large_head_goes_out_in_parts() -> None:
    engine = Http2(Limits(), Http2Limits(), lambda: b"", lambda: 0.0)
    engine.receive(HELLO + ask(1))
    engine.next_event()
    said(engine)
    headers = Headers([(b"x-%d" % number, b"{" * 1000) for number in range(40)])
    engine.send_response(1, Response(200, headers), b"x")
    found = take_apart(said(engine))
    assert [kind for kind, _, _, _ in found] == [1, 9, 9, 0]
    block = b"".join(payload for kind, _, _, payload in found if kind)
    assert decoded(block)[1:-1] == list(headers.fields)


def test_a_smaller_table_of_the_peers_is_spoken_of_in_the_next_block_and_never_again() -> None:
    talking = Talking()
    talking.engine.receive(bytes.fromhex("000006 04 00 00000000 0001 00000000"))
    said(talking.engine)
    blocks = []
    for stream in (1, 3):
        talking.engine.receive(ask(stream))
        talking.engine.next_event()
        talking.engine.send_response(stream, Response(200), b"x")
        blocks.append(take_apart(said(talking.engine))[0][3])
    assert [block[:1] == b"\x20" for block in blocks] == [True, False]
    assert decoded(blocks[0]) == decoded(blocks[1])
