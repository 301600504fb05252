"""Answers are compressed where that is worth it and right, and are otherwise as they were."""

import random
import re
from typing import Any

import pytest
from carrying import ground
from conversing import Script, Stage
from decoding import CODINGS, asking, compression, decoded, decoder, fields_of, given, pulled

from nowhere import Nowhere
from pellucid.features.compression import CompressionSettings, compression_feature
from pellucid.features.compression.compressing import REMEMBERED, STREAMS
from pellucid.message import Field, Headers, Response
from pellucid.piece import Portions
from pellucid.server.exchange import Exchange
from pellucid.site import surround

PAGE = b"".join(b"<p>line %d of a page that is worth it</p>\n" % number for number in range(500))
LARGE = PAGE * 12
NOISE = random.Random(1).randbytes(5000)


def test_without_the_setting_there_is_no_feature() -> None:
    assert compression_feature(CompressionSettings(), ground()) is None


def test_places_with_the_same_settings_have_it_in_common() -> None:
    here, settings = ground(), CompressionSettings(compress=("gzip",))
    one, other = compression_feature(settings, here), compression_feature(settings, here)
    assert one is not None
    assert other is not None
    assert one.answer == other.answer


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, deflate, br", b"br"),
        (b"gzip;q=1.0, br;q=0.5", b"gzip"),
        (b"*", b"zstd"),
        (b"zstd;q=0, *;q=0.1, identity;q=0", b"br"),
        (b"x-gzip", b"gzip"),
        (b"deflate", None),
        (b"gzip;q=0", None),
        (b"identity, gzip;q=0.5", None),
        (b"", None),
    ],
)
def test_the_client_says_which_coding_it_likes(accept: bytes, expected: bytes | None) -> None:
    exchange = given(compression(), PAGE, request=asking(accept=accept))
    fields = fields_of(exchange)
    assert fields.get(b"content-encoding") == expected
    assert fields[b"vary"] == b"Accept-Encoding"
    assert isinstance(exchange.body, bytes)
    assert (decoder(expected.decode())(exchange.body) if expected else exchange.body) == PAGE


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("body", [PAGE, LARGE])
@pytest.mark.parametrize("length", [True, False])
def test_the_client_decodes_what_the_app_has_sent(name: str, body: bytes, length: bool) -> None:
    fields = [(b"content-length", b"%d" % len(body))] if length else []
    exchange = given(compression(name), body, *fields)
    assert b"content-length" not in fields_of(exchange)  # the engine tells it, where it is known
    assert decoded(name, pulled(exchange.body, 10_000)) == body
    for source in (Portions(body), Script(*(body[at : at + 999] for at in range(0, len(body), 999)))):
        exchange = given(compression(name), source, *fields)
        assert decoded(name, pulled(exchange.body)) == body


@pytest.mark.parametrize(
    ("body", "fields", "asked", "status"),
    [
        (b"short", [], {}, 200),
        (PAGE, [(b"content-type", b"image/png")], {}, 200),
        (PAGE, [(b"content-type", b"text/event-stream")], {}, 200),
        (PAGE, [(b"content-encoding", b"br")], {}, 200),
        (PAGE, [(b"cache-control", b"no-transform")], {}, 200),
        (PAGE, [(b"content-range", b"bytes 0-1/2")], {}, 206),
        (PAGE, [], {}, 206),
        (b"", [], {}, 204),
        (PAGE, [], {"method": "CONNECT"}, 200),
        (PAGE, [(b"content-length", b"5")], {}, 200),
        (PAGE, [(b"content-length", b"five thousand")], {}, 200),
    ],
)
def test_what_is_not_to_be_compressed_is_as_it_was(
    body: bytes, fields: list[Field], asked: dict[str, Any], status: int
) -> None:
    kind = [] if any(name == b"content-type" for name, _ in fields) else [(b"content-type", b"text/html")]
    response = Response(status, Headers([*kind, *fields]))
    exchange = Exchange(asking(**asked), Nowhere(), 1, 0.0)
    assert compression().answer(exchange, response, body) == (response, body)


def test_a_tunnel_is_left_alone() -> None:
    response, source = Response(101, Headers([(b"content-type", b"text/html")])), Script(b"x" * 5000)
    exchange = Exchange(asking(), Nowhere(), 1, 0.0)
    assert compression().answer(exchange, response, source) == (response, source)


@pytest.mark.parametrize(
    ("least", "most", "size", "expected"),
    [(100, 0, 99, False), (100, 0, 100, True), (1, 100, 100, True), (1, 100, 101, False), (0, 0, 3000, True)],
)
def test_only_bodies_of_some_size_are_compressed(least: int, most: int, size: int, expected: bool) -> None:
    chosen = compression(compress_min=least, compress_max=most)
    for body in (bytes(size), Portions(bytes(size))):
        assert (b"content-encoding" in fields_of(given(chosen, body))) is expected
    declared = given(chosen, Script(bytes(size)), (b"content-length", b"%d" % size))
    assert (b"content-encoding" in fields_of(declared)) is expected


def test_what_would_become_larger_is_sent_as_it_is() -> None:
    exchange = given(compression("gzip"), NOISE, (b"etag", b'"a"'))
    fields = fields_of(exchange)
    assert exchange.body is NOISE
    assert b"content-encoding" not in fields
    assert (fields[b"vary"], fields[b"etag"]) == (b"Accept-Encoding", b'"a"')


def test_a_client_of_http_1_0_gets_what_it_can_read_to_the_end() -> None:
    assert b"content-encoding" not in fields_of(given(compression(), PAGE, request=asking(version="1.0")))


def test_another_site_learns_nothing_by_the_length() -> None:
    asked = asking((b"sec-fetch-site", b"cross-site"), (b"cookie", b"a=b"))
    exchange = given(compression(), PAGE, request=asked)
    assert exchange.body == PAGE
    assert fields_of(exchange)[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize(
    ("length", "body", "expected"),
    [(b"5000", b"", b"zstd"), (b"5", b"", None), (None, b"", b"zstd"), (None, Portions(PAGE), b"zstd"),
     (None, PAGE, b"zstd")],
)  # fmt: skip
def test_head_is_answered_as_get_less_the_length(length: bytes | None, body: Any, expected: bytes | None) -> None:
    fields = [(b"content-length", length)] if length else []
    exchange = given(compression(), body, (b"etag", b'"a"'), *fields, request=asking(method="HEAD"))
    assert fields_of(exchange).get(b"content-encoding") == expected
    if expected:
        assert exchange.body == b""
        assert b"content-length" not in fields_of(exchange)
        assert fields_of(exchange)[b"etag"] == b'W/"a"'


def test_the_body_of_an_answer_to_head_is_closed() -> None:
    source = Script(length=5000)
    given(compression(), source, request=asking(method="HEAD"))
    assert source.closed == 1


def test_what_has_not_changed_is_told_by_the_tag_that_the_client_knows() -> None:
    asked = asking((b"if-none-match", b'W/"a"'))
    exchange = given(compression(), b"", (b"etag", b'"a"'), request=asked, status=304)
    assert fields_of(exchange)[b"etag"] == b'W/"a"'


@pytest.mark.parametrize("length", [b"5000", None])
def test_what_has_not_changed_has_no_length(length: bytes | None) -> None:
    fields = [(b"content-length", length)] if length else []
    source = Script(length=5000)
    exchange = given(compression(), source, (b"etag", b'"a"'), *fields, status=304)
    assert (exchange.body, source.closed) == (b"", 1)
    assert b"content-length" not in fields_of(exchange)


def test_errors_are_compressed_too() -> None:
    assert fields_of(given(compression(), PAGE, status=404))[b"content-encoding"] == b"zstd"


def test_only_so_many_streams_are_compressed_at_once_and_each_is_counted_out() -> None:
    chosen = compression()
    exchanges = [given(chosen, Portions(PAGE)) for _ in range(STREAMS)]
    assert chosen.streams == STREAMS
    assert b"content-encoding" not in fields_of(given(chosen, Portions(PAGE)))
    for exchange in exchanges:
        exchange.close_body()
        exchange.close_body()
    assert chosen.streams == 0
    assert b"content-encoding" in fields_of(given(chosen, Portions(PAGE)))


class TestRemembered:
    def test_what_comes_again_is_compressed_once(self) -> None:
        chosen, tag = compression(), (b"etag", b'"a"')
        first, second = given(chosen, PAGE, tag), given(chosen, PAGE, tag)
        assert first.body is second.body
        other = given(chosen, PAGE, tag, request=asking(accept=b"br"))
        assert isinstance(other.body, bytes)
        assert decoder("br")(other.body) == PAGE

    def test_a_body_that_is_made_anew_has_its_own(self) -> None:
        chosen, tag = compression(), (b"etag", b'"a"')
        assert isinstance(first := given(chosen, PAGE, tag).body, bytes)
        assert isinstance(second := given(chosen, PAGE[:-1] + b"!", tag).body, bytes)
        assert decoder("zstd")(first) == PAGE
        assert decoder("zstd")(second) == PAGE[:-1] + b"!"

    def test_the_memory_for_it_is_bounded(self) -> None:
        chosen, tag = compression(), (b"etag", b'"a"')
        for number in range(3 * REMEMBERED // len(PAGE)):
            given(chosen, PAGE + b"%d" % number, tag)
            assert chosen._remembered._size <= REMEMBERED


def talk(app: Any, *more: bytes, version: bytes = b"1.1") -> tuple[bytes, bytes]:
    stage = Stage(surround(app, (), (compression("gzip").answer,)))
    head, *fields = b"GET / HTTP/%b" % version, b"Host: x", b"Accept-Encoding: gzip", *more
    data = stage.client().talk(b"\r\n".join([head, *fields, b"", b""]))
    before, _, body = data.partition(b"\r\n\r\n")
    return before.lower(), body


def html(exchange: Exchange, body: Any, *fields: Field) -> None:
    exchange.respond(Response(200, Headers([(b"content-type", b"text/html"), *fields])), body)


def test_a_whole_answer_has_its_new_length_on_the_wire() -> None:
    head, body = talk(lambda exchange: html(exchange, PAGE, (b"content-length", b"%d" % len(PAGE))))
    assert b"content-length: %d" % len(body) in head
    assert decoder("gzip")(body) == PAGE


def test_a_stream_is_chunked_and_each_of_its_parts_comes_at_once() -> None:
    source = Script(b"a" * 2000, None, None)
    waiting: list[Exchange] = []

    def app(exchange: Exchange) -> None:
        waiting.append(exchange)
        html(exchange, source)

    stage = Stage(surround(app, (), (compression("gzip").answer,)))
    client, decode = stage.client(), decoder("gzip")
    data = client.talk(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
    assert decode(unchunked(data.partition(b"\r\n\r\n")[2])) == b"a" * 2000
    source.items = [b"more", None, None]
    waiting[0].wake()
    assert decode(unchunked(client.talk())) == b"more"
    source.items = []
    waiting[0].wake()
    last = client.talk()
    assert last.endswith(b"0\r\n\r\n")
    assert decode(unchunked(last)) == b""
    assert source.closed == 1


def unchunked(data: bytes) -> bytes:
    body = b""
    while match := re.match(rb"([0-9a-f]+)\r\n", data):
        size = int(match[1], 16)
        body += data[match.end() : match.end() + size]
        data = data[match.end() + size + 2 :]
    return body


def test_a_client_that_does_not_read_holds_one_piece_and_lets_go_of_it() -> None:
    noise = random.Random(2)
    source = Script(*[lambda: noise.randbytes(30_000)] * 1000)
    chosen = compression("gzip")
    stage = Stage(surround(lambda exchange: html(exchange, source), (), (chosen.answer,)))
    client = stage.client(holds=1000)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
    stage.settle()
    assert source.pulls < 100
    assert chosen.streams == 1
    client.link.close()
    stage.settle()
    assert (source.closed, chosen.streams) == (1, 0)


def test_an_app_that_fails_within_its_body_is_not_taken_for_whole() -> None:
    source = Script(b"a" * 2000, ZeroDivisionError("on purpose"))
    _, body = talk(lambda exchange: html(exchange, source))
    assert not body.endswith(b"0\r\n\r\n")
