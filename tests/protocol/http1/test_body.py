"""Bodies: what is read of each kind, every way in which chunks and trailers can be wrong, what may be dropped."""

import pytest

from pellucid.message import Data, End, Headers
from pellucid.protocol.fields import Broken
from pellucid.protocol.http1.body import EXTENSIONS, ChunkedDecoder, Incoming, LengthDecoder, Tunnel, take_line
from pellucid.protocol.inbox import Inbox
from pellucid.protocol.limits import Limits
from protocol.battery import Course, accept, chunked, every_way, refuse, request

SMALL = Limits(body_size=100, head_size=64, field_count=3)


def post(body: bytes, *fields: bytes) -> bytes:
    """A request with this chunked body."""
    return request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", *fields, body=body)


def read(data: bytes, limits: Limits | None = None) -> Course:
    accept(data, limits)
    return every_way(data, limits)


CHUNKS = [
    ("nothing", b"0\r\n\r\n", b""),
    ("one chunk", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("several chunks", b"1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
    ("CRLF in a chunk", b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"),
    ("hexadecimal sizes", b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a"),
    ("zeros before the size", b"00005\r\nhello\r\n000\r\n\r\n", b"hello"),
    ("an extension", b"5;a\r\nhello\r\n0;b=c\r\n\r\n", b"hello"),
    ("white space around extensions", b"5 ; a = b\t;\tc\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("a quoted extension", b'5;a="b;c\\"\t\xe9"\r\nhello\r\n0\r\n\r\n', b"hello"),
    ("an empty quoted extension", b'5;a=""\r\nhello\r\n0\r\n\r\n', b"hello"),
]


@pytest.mark.parametrize(("name", "body", "content"), CHUNKS, ids=[row[0] for row in CHUNKS])
def test_chunks_are_read(name: str, body: bytes, content: bytes) -> None:
    course = read(post(body))
    assert course.body == content
    assert course.trailers == Headers()


def test_trailers_are_read() -> None:
    course = read(post(chunked(b"hello", end=b"0\r\nDigest: abc \r\nx-y:\r\nDIGEST: d\r\n\r\n")))
    assert course.trailers == Headers([(b"digest", b"abc"), (b"x-y", b""), (b"digest", b"d")])


NOT_A_SIZE = [
    *[b"", b" ", b"5 ", b" 5", b"\t5", b"5\t", b"+5", b"-5", b"-0", b"0x5", b"5h", b"5.", b"5_0", b"five", b"g"],
    *[b"5,5", b"5 5", b"5;", b"5; ", b"5;=a", b"5;a=", b"5;a b", b"5;a=b c", b"5 a", b"5:a", b"5;a;;b", b"5;a==b"],
    *[b'5;a="b', b'5;a="b"c', b'5;a="b\x00"', b'5;"a"', b"5;a=\xe9", b"5;\x00", b"5\x00", b"5\r", b"5\r;a", b"5;a\r"],
    *["\uff15".encode(), b"\xb2", b"1" * 16, b"f" * 255],
]


@pytest.mark.parametrize("line", NOT_A_SIZE)
def test_a_line_that_is_no_chunk_size_is_refused(line: bytes) -> None:
    course = refuse(post(line + b"\r\nhello\r\n0\r\n\r\n"), 400, "size in hexadecimal digits (RFC 9112 7.1)")
    assert course.body == b""


WRONG = [
    ("a bare LF behind a size", b"5\nhello\r\n0\r\n\r\n", 400, "bare LF (RFC 9112 2.2)", b""),
    ("a bare LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n", 400, "bare LF (RFC 9112 2.2)", b""),
    ("a bare LF in a quoted extension", b'5;a="\n"\r\nhello\r\n0\r\n\r\n', 400, "bare LF (RFC 9112 2.2)", b""),
    ("a long extension", b"5;" + b"a" * 300 + b"\r\nhello", 400, "256 bytes (RFC 9112 7.1.1)", b""),
    ("a long line of a bare LF", b"5;" + b"a" * 300 + b"\nhello", 400, "256 bytes (RFC 9112 7.1.1)", b""),
    ("a chunk longer than its size", b"4\r\nhello\r\n0\r\n\r\n", 400, "longer than its size (RFC 9112 7.1)", b"hell"),
    ("a chunk without CRLF", b"5\r\nhello0\r\n\r\n", 400, "longer than its size (RFC 9112 7.1)", b"hello"),
    ("a chunk with a bare LF behind", b"5\r\nhello\n0\r\n\r\n", 400, "longer than its size (RFC 9112 7.1)", b"hello"),
    ("a chunk with a bare CR behind", b"5\r\nhello\r0\r\n\r\n", 400, "longer than its size (RFC 9112 7.1)", b"hello"),
    (
        "a chunk shorter than its size",
        b"6\r\nhello\r\n0\r\n\r\n",
        400,
        "longer than its size (RFC 9112 7.1)",
        b"hello\r",
    ),
    ("a fault behind good chunks", b"1\r\na\r\n1\r\nb\r\nx\r\n", 400, "RFC 9112 7.1", b"ab"),
    ("a bare LF for the end", b"1\r\na\r\n0\r\n\n", 400, "bare LF (RFC 9112 2.2)", b"a"),
    ("a bare LF behind the last size", b"0\n\r\n", 400, "bare LF (RFC 9112 2.2)", b""),
    ("a bare LF behind a trailer", b"0\r\nA: b\n\r\n", 400, "bare LF (RFC 9112 2.2)", b""),
    ("a folded trailer", b"0\r\nA: b\r\n c\r\n\r\n", 400, "obs-fold (RFC 9112 5.2)", b""),
    ("a trailer without a colon", b"0\r\nA\r\n\r\n", 400, "without a colon (RFC 9112 5)", b""),
    ("a trailer with a space", b"0\r\nA : b\r\n\r\n", 400, "before the colon of a field (RFC 9112 5.1)", b""),
    ("a trailer with a NUL", b"0\r\nA: \x00\r\n\r\n", 400, "control character in the value (RFC 9110 5.5)", b""),
    ("a request for a trailer", b"0\r\nGET / HTTP/1.1\r\n\r\n", 400, "without a colon (RFC 9112 5)", b""),
]


@pytest.mark.parametrize(("name", "body", "status", "why", "content"), WRONG, ids=[row[0] for row in WRONG])
def test_broken_chunks_are_refused_and_what_stands_before_is_given_out(
    name: str, body: bytes, status: int, why: str, content: bytes
) -> None:
    assert refuse(post(body), status, why).body == content


@pytest.mark.parametrize(
    "name", [b"Content-Length", b"transfer-encoding", b"HOST", b"Trailer", b"Connection", b"Authorization", b"Cookie"]
)
def test_a_field_that_belongs_before_the_content_is_no_trailer(name: bytes) -> None:
    why = f"{name.decode().lower()} is not allowed in the trailers (RFC 9110 6.5.1)"
    refuse(post(chunked(b"a", end=b"0\r\nx: y\r\n" + name + b": 5\r\n\r\n")), 400, why)


LARGE = [
    ("one chunk", b"65\r\n", 413, "100 bytes: body-size (RFC 9110 15.5.14)"),
    ("several chunks", chunked(b"a" * 60, b"b" * 41), 413, "100 bytes: body-size (RFC 9110 15.5.14)"),
    ("a size beyond all", b"f" * 15 + b"\r\n", 413, "100 bytes: body-size (RFC 9110 15.5.14)"),
    ("many trailers", b"0\r\na:\r\na:\r\na:\r\na:\r\n\r\n", 431, "3 trailer fields: field-count (RFC 6585 5)"),
    ("a long trailer", b"0\r\na:" + b"a" * 63 + b"\r\n\r\n", 431, "64 bytes: head-size (RFC 6585 5)"),
    ("a long trailer without an end", b"0\r\n" + b"a" * 66, 431, "64 bytes: head-size (RFC 6585 5)"),
    ("a long trailer with a bare LF", b"0\r\n" + b"a" * 66 + b"\n", 431, "64 bytes: head-size (RFC 6585 5)"),
    (
        "a trailer too many, and too long",
        b"0\r\na:\r\na:\r\na:\r\n" + b"a" * 53 + b"\r\n",
        431,
        "64 bytes: head-size (RFC 6585 5)",
    ),
    ("long trailers", b"0\r\n" + b"a:" + b"a" * 60 + b"\r\nb\r\n\r\n", 431, "64 bytes: head-size (RFC 6585 5)"),
]


@pytest.mark.parametrize(("name", "body", "status", "why"), LARGE, ids=[row[0] for row in LARGE])
def test_a_body_that_is_too_large_is_refused(name: str, body: bytes, status: int, why: str) -> None:
    refuse(post(body), status, why, SMALL)


def test_a_body_that_is_as_large_as_it_may_be_is_read() -> None:
    trailers = b"0\r\na:" + b"a" * 51 + b"\r\nb:\r\nc:\r\n\r\n"
    assert len(read(post(chunked(b"a" * 60, b"b" * 40, end=trailers)), SMALL).body) == 100


def test_the_extensions_of_all_chunks_together_are_bounded() -> None:
    chunk = b"1;" + b"a" * 199 + b"\r\nb\r\n"
    most = EXTENSIONS // 200
    assert every_way(post(chunk * most + b"0\r\n\r\n")).refused is None
    why = f"chunk extensions of more than {EXTENSIONS} bytes in all (RFC 9112 7.1.1)"
    assert len(refuse(post(chunk * (most + 1)), 400, why).body) == most


def test_trailers_without_limits_may_be_long() -> None:
    unlimited = Limits(head_size=0, field_count=0, body_size=0)
    course = read(post(b"0\r\n" + b"a: b\r\n" * 200 + b"c: " + b"c" * 40000 + b"\r\n\r\n"), unlimited)
    assert course.trailers is not None
    assert len(course.trailers) == 201


@pytest.mark.parametrize("window", [1, 2, 7, 65536])
def test_a_body_comes_whole_through_any_window(window: int) -> None:
    body = bytes(range(256)) * 3
    for data in (
        post(chunked(body[:1], body[1:300], body[300:])),
        request(b"PUT / HTTP/1.1", b"Content-Length: 768", body=body),
    ):
        assert every_way(data, window=window).body == body


def test_bytes_behind_a_body_are_the_next_request() -> None:
    for data in (post(chunked(b"hello")), request(b"PUT / HTTP/1.1", b"Content-Length: 5", body=b"hello")):
        course = every_way(data * 2 + request())
        assert [each.method for each in course.requests] == [data.split()[0].decode()] * 2 + ["GET"]
        assert course.body == b"hellohello"


# The decoders and the body under way, by themselves


def inbox(data: bytes) -> Inbox:
    box = Inbox()
    box.add(data)
    return box


def test_small_chunks_that_came_together_are_one_data() -> None:
    decoder = ChunkedDecoder(Limits())
    box = inbox(chunked(b"a", b"b", b"c"))
    assert decoder.decode(box, 100) == Data(b"abc")
    assert decoder.decode(box, 100) == End()
    assert (decoder.received, decoder.left) == (3, None)


def test_a_fault_is_told_again_and_again() -> None:
    decoder = ChunkedDecoder(Limits())
    box = inbox(b"1\r\na\r\nx\r\n")
    assert decoder.decode(box, 100) == Data(b"a")
    for _ in range(2):
        with pytest.raises(Broken):
            decoder.decode(box, 100)


def test_a_length_counts_down_to_its_end() -> None:
    decoder = LengthDecoder(3)
    box = inbox(b"abcd")
    assert decoder.decode(box, 2) == Data(b"ab")
    assert (decoder.left, decoder.received) == (1, 2)
    assert decoder.decode(box, 2) == Data(b"c")
    assert decoder.decode(box, 0) == End()
    assert box.peek() == b"d"


def test_a_tunnel_gives_what_there_is_room_for_and_its_end_once() -> None:
    tunnel = Tunnel(2)
    box = inbox(b"abc")
    assert tunnel.next(box, False) == Data(b"ab")
    assert tunnel.next(box, True) is None
    tunnel.credit += 2
    assert tunnel.next(box, True) == Data(b"c")
    assert tunnel.next(box, False) is None
    assert tunnel.credit == 1
    assert tunnel.next(box, True) == End()
    assert tunnel.next(box, True) is None


def test_a_line_of_any_length_is_taken_within_its_limit() -> None:
    assert take_line(inbox(b"\r\nrest"), 0, 400, "") == b""
    assert take_line(inbox(b"abc\r\n"), 3, 400, "") == b"abc"
    assert take_line(inbox(b"abc\r"), 3, 400, "") is None
    for data in (b"abcd\r\n", b"abcde", b"abcd\r"):
        with pytest.raises(Broken, match="too long"):
            take_line(inbox(data), 3, 431, "too long")


def incoming(length: int | None, held: bool = False, continue_owed: bool = False) -> Incoming:
    decoder = ChunkedDecoder(Limits()) if length is None else LengthDecoder(length)
    return Incoming(decoder, continue_owed, held)


def test_nothing_comes_without_credit_but_the_end_of_a_known_length() -> None:
    body, box = incoming(2), inbox(b"ab")
    assert body.next(box) is None
    body.credit = 2
    assert body.next(box) == Data(b"ab")
    assert body.next(box) == End()


def test_a_held_end_waits_until_it_is_let_go() -> None:
    body = incoming(0, held=True)
    assert body.whole
    assert body.next(Inbox()) is None
    assert body.next(Inbox()) is None
    body.held = False
    assert body.next(Inbox()) == End()


def test_a_held_end_of_chunks_makes_the_body_whole() -> None:
    body, box = incoming(None, held=True), inbox(chunked())
    body.credit = 1
    assert not body.whole
    assert body.next(box) is None
    assert body.whole


@pytest.mark.parametrize(
    ("length", "continue_owed", "credit", "droppable"),
    [
        (0, True, 0, True),
        (10, False, 0, True),
        (11, False, 0, False),
        (11, False, 1, True),
        (10, True, 0, False),
        (None, False, 0, False),
        (None, False, 1, True),
    ],
)
def test_when_the_rest_of_a_body_may_be_dropped(
    length: int | None, continue_owed: bool, credit: int, droppable: bool
) -> None:
    body = incoming(length, continue_owed=continue_owed)
    body.credit = credit
    assert body.droppable(10) is droppable


def test_a_body_of_which_some_was_read_may_be_dropped() -> None:
    body = incoming(None)
    body.credit = 1
    assert body.next(inbox(chunked(b"ab"))) == Data(b"a")
    assert body.droppable(0)
