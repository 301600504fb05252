"""Heads: every way in which one can be wrong, with the status and the rule; and what is read from a right one."""

import pytest

from pellucid.message import Headers
from pellucid.protocol.http1 import head
from pellucid.protocol.limits import Limits
from protocol.battery import accept, every_way, refuse, request

SMALL = Limits(request_line=64, field_count=4, head_size=256, body_size=100)


REQUEST_LINES = [
    ("no version: HTTP/0.9", b"GET /", 400, "RFC 9112 3"),
    ("nothing", b"", 400, "RFC 9112 3"),
    ("two spaces", b"GET  / HTTP/1.1", 400, "one space between (RFC 9112 3)"),
    ("a tab for a space", b"GET\t/ HTTP/1.1", 400, "RFC 9112 3"),
    ("a space before the method", b" GET / HTTP/1.1", 400, "RFC 9112 3"),
    ("a space behind the version", b"GET / HTTP/1.1 ", 400, "RFC 9112 3"),
    ("a space in the target", b"GET /a b HTTP/1.1", 400, "RFC 9112 3"),
    ("no method", b" / HTTP/1.1", 400, "method is no token (RFC 9110 9.1)"),
    ("a method with a bracket", b"G(T / HTTP/1.1", 400, "method is no token (RFC 9110 9.1)"),
    ("a method with a colon", b"GET: / HTTP/1.1", 400, "method is no token (RFC 9110 9.1)"),
    ("a method that is not ASCII", b"G\xc9T / HTTP/1.1", 400, "method is no token (RFC 9110 9.1)"),
    ("a NUL in the method", b"G\x00T / HTTP/1.1", 400, "method is no token (RFC 9110 9.1)"),
    ("a CR in the line", b"GET /\rHTTP/1.1", 400, "RFC 9112 3"),
    ("a CR before the end", b"GET / HTTP/1.1\r", 400, "version is not HTTP/ and two digits (RFC 9112 2.3)"),
    ("a bare LF", b"GET / HTTP/1.1\nA: b", 400, "bare LF (RFC 9112 2.2)"),
    ("a version in small letters", b"GET / http/1.1", 400, "RFC 9112 2.3"),
    ("a version of three digits", b"GET / HTTP/1.11", 400, "RFC 9112 2.3"),
    ("a version without a dot", b"GET / HTTP/11", 400, "RFC 9112 2.3"),
    ("a version with other digits", "GET / HTTP/1.\u0661".encode(), 400, "RFC 9112 2.3"),
    ("another protocol", b"GET / ICY/1.1", 400, "RFC 9112 2.3"),
    ("HTTP/2 in clear", b"PRI * HTTP/2.0", 505, "major version is not 1 (RFC 9110 15.6.6)"),
    ("HTTP/0.9 by name", b"GET / HTTP/0.9", 505, "RFC 9110 15.6.6"),
    ("HTTP/3", b"GET / HTTP/3.0", 505, "RFC 9110 15.6.6"),
    ("a target of 70 KB", b"GET /" + b"a" * 70000 + b" HTTP/1.1", 414, "8192 bytes: request-line (RFC 9112 3)"),
]


@pytest.mark.parametrize(("name", "line", "status", "why"), REQUEST_LINES, ids=[row[0] for row in REQUEST_LINES])
def test_a_wrong_request_line_is_refused(name: str, line: bytes, status: int, why: str) -> None:
    refuse(request(line), status, why)


FIELDS = [
    ("no colon", b"abc", 400, "without a colon (RFC 9112 5)"),
    ("no name", b": a", 400, "name that is no token (RFC 9110 5.1)"),
    ("a space before the colon", b"A : b", 400, "white space before the colon of a field (RFC 9112 5.1)"),
    ("a tab before the colon", b"A\t: b", 400, "white space before the colon of a field (RFC 9112 5.1)"),
    ("a folded line", b"A: b\r\n c", 400, "obs-fold (RFC 9112 5.2)"),
    ("a line folded by a tab", b"A: b\r\n\tc: d", 400, "obs-fold (RFC 9112 5.2)"),
    ("a space in a name", b"A b: c", 400, "no token (RFC 9110 5.1)"),
    ("a name that is not ASCII", b"\xe9: a", 400, "no token (RFC 9110 5.1)"),
    ("a NUL in a name", b"A\x00: a", 400, "no token (RFC 9110 5.1)"),
    ("a bracket in a name", b"A(b): a", 400, "no token (RFC 9110 5.1)"),
    ("a NUL in a value", b"A: b\x00c", 400, "field A: a control character in the value (RFC 9110 5.5)"),
    ("a CR in a value", b"A: b\rc", 400, "control character in the value (RFC 9110 5.5)"),
    ("a CR before the CRLF", b"A: b\r", 400, "control character in the value (RFC 9110 5.5)"),
    ("a DEL in a value", b"A: b\x7f", 400, "control character in the value (RFC 9110 5.5)"),
    ("an escape in a value", b"A: \x1b[31m", 400, "control character in the value (RFC 9110 5.5)"),
    ("a bare LF between fields", b"A: b\nC: d", 400, "bare LF (RFC 9112 2.2)"),
    ("a bare LF as a fold", b"A: b\n c", 400, "bare LF (RFC 9112 2.2)"),
    ("bare LFs for an empty line", b"A: b\n\nGET /smuggled HTTP/1.1", 400, "bare LF (RFC 9112 2.2)"),
    ("LF CR", b"A: b\n\rC: d", 400, "bare LF (RFC 9112 2.2)"),
]

FRAMINGS = [
    ("length and coding", b"Content-Length: 5", b"Transfer-Encoding: chunked", 400, "RFC 9112 6.1"),
    ("coding and length", b"Transfer-Encoding: chunked", b"Content-Length: 5", 400, "RFC 9112 6.1"),
    ("coding and no length", b"Transfer-Encoding: chunked", b"Content-Length: 0", 400, "RFC 9112 6.1"),
    ("two lengths", b"Content-Length: 5", b"Content-Length: 6", 400, "RFC 9110 8.6"),
    ("twice the same length", b"Content-Length: 5", b"Content-Length: 5", 400, "RFC 9110 8.6"),
    *[
        (f"the length {value!r}", b"Content-Length: " + value, b"A: b", 400, "one row of digits (RFC 9110 8.6)")
        for value in (
            b"",
            b"5, 5",
            b"5,5",
            b"+5",
            b"-5",
            b"+0",
            b"0x5",
            b"1_0",
            b"5 5",
            b"5.0",
            b"5;",
            b"\xb2",
            b"five",
        )
    ],
    ("a long length", b"Content-Length: " + b"9" * 5000, b"A: b", 413, "RFC 9110 15.5.14"),
    (
        "a length beyond the limit",
        b"Content-Length: 67108865",
        b"A: b",
        413,
        "67108864 bytes: body-size (RFC 9110 15.5.14)",
    ),
    *[
        (f"the coding {value!r}", b"Transfer-Encoding: " + value, b"A: b", status, why)
        for value, status, why in [
            (b"", 400, "not a list of codings (RFC 9112 6.1)"),
            (b",chunked", 400, "not a list of codings (RFC 9112 6.1)"),
            (b", chunked", 400, "not a list of codings (RFC 9112 6.1)"),
            (b"chunked,", 400, "not a list of codings (RFC 9112 6.1)"),
            (b"gzip,,chunked", 400, "not a list of codings (RFC 9112 6.1)"),
            (b"chunked;a=b", 400, "not a list of codings (RFC 9112 6.1)"),
            (b'"chunked"', 400, "not a list of codings (RFC 9112 6.1)"),
            (b"\x0bchunked", 400, "RFC 9110 5.5"),
            (b"xchunked", 400, "chunked is not the last transfer coding (RFC 9112 6.3)"),
            (b"identity", 400, "chunked is not the last transfer coding (RFC 9112 6.3)"),
            (b"gzip", 400, "chunked is not the last transfer coding (RFC 9112 6.3)"),
            (b"chunked, identity", 400, "chunked is not the last transfer coding (RFC 9112 6.3)"),
            (b"chunked, gzip", 400, "chunked is not the last transfer coding (RFC 9112 6.3)"),
            (b"chunked, chunked", 400, "chunked stands twice among the transfer codings (RFC 9112 6.1)"),
            (b"identity, chunked", 501, "a transfer coding other than chunked (RFC 9112 6.1)"),
            (b"gzip, chunked", 501, "a transfer coding other than chunked (RFC 9112 6.1)"),
        ]
    ],
    ("two codings", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", 400, "twice"),
    ("two lines of codings", b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked", 501, "RFC 9112 6.1"),
    ("another expectation", b"Expect: 200-ok", b"A: b", 417, "RFC 9110 10.1.1"),
    ("two expectations", b"Expect: 100-continue", b"Expect: 100-continue", 417, "RFC 9110 10.1.1"),
    ("an empty expectation", b"Expect:", b"A: b", 417, "RFC 9110 10.1.1"),
]

OTHERS = [
    ("no Host", request(host=None), 400, "no Host field (RFC 9112 3.2)"),
    ("no Host beside an authority", request(b"GET http://a/ HTTP/1.1", host=None), 400, "no Host field (RFC 9112 3.2)"),
    ("an empty Host beside an authority", request(b"GET http://a/ HTTP/1.1", host=b""), 400, "empty Host field beside"),
    (
        "a coding in HTTP/1.0",
        request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"),
        400,
        "HTTP/1.0 (RFC 9112 6.1)",
    ),
    (
        "POST without a length in HTTP/1.0",
        request(b"POST / HTTP/1.0"),
        411,
        "POST without Content-Length (RFC 1945 7.2.2)",
    ),
    (
        "PUT without a length in HTTP/1.0",
        request(b"PUT / HTTP/1.0"),
        411,
        "PUT without Content-Length (RFC 1945 7.2.2)",
    ),
    ("CONNECT with a body", request(b"CONNECT a:1 HTTP/1.1", b"Content-Length: 1"), 400, "RFC 9110 9.3.6"),
    ("CONNECT in chunks", request(b"CONNECT a:1 HTTP/1.1", b"Transfer-Encoding: chunked"), 400, "RFC 9110 9.3.6"),
    ("fields without a request line", b"Host: h\r\n\r\n", 400, "method, target and version"),
    ("two empty lines first", b"\r\n\r\n" + request(), 400, "RFC 9112 3"),
    ("a bare LF first", b"\n" + request(), 400, "bare LF (RFC 9112 2.2)"),
    ("a bare LF before the empty line", b"GET / HTTP/1.1\r\nHost: h\n\r\n", 400, "bare LF (RFC 9112 2.2)"),
    ("a bare LF for the empty line", b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "bare LF (RFC 9112 2.2)"),
    ("bare LFs throughout", b"GET / HTTP/1.1\nHost: h\n\n", 400, "bare LF (RFC 9112 2.2)"),
    ("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "this is TLS"),
    ("the first byte of a TLS handshake", b"\x16", 400, "this is TLS"),
]


@pytest.mark.parametrize(("name", "lines", "status", "why"), FIELDS, ids=[row[0] for row in FIELDS])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_wrong_field_is_refused(name: str, lines: bytes, status: int, why: str, version: bytes) -> None:
    refuse(request(b"GET / HTTP/" + version, lines, b"Z: z"), status, why)


@pytest.mark.parametrize(("name", "first", "second", "status", "why"), FRAMINGS, ids=[row[0] for row in FRAMINGS])
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_wrong_framing_is_refused(
    name: str, first: bytes, second: bytes, status: int, why: str, method: bytes
) -> None:
    refuse(request(method + b" / HTTP/1.1", first, second, body=b"5\r\nhello\r\n0\r\n\r\n"), status, why)


@pytest.mark.parametrize(("name", "data", "status", "why"), OTHERS, ids=[row[0] for row in OTHERS])
def test_what_is_no_request_is_refused(name: str, data: bytes, status: int, why: str) -> None:
    refuse(data, status, why)


TOO_LARGE = [
    ("a long line", request(b"GET /%b HTTP/1.1" % (b"a" * 51)), 414, "64 bytes: request-line (RFC 9112 3)"),
    ("a long line without an end", b"G" * 66, 414, "64 bytes: request-line (RFC 9112 3)"),
    ("a long line behind an empty one", b"\r\n" + b"G" * 66, 414, "64 bytes: request-line (RFC 9112 3)"),
    ("a long line and a bare LF behind it", b"G" * 66 + b"\n\n", 414, "64 bytes: request-line (RFC 9112 3)"),
    ("a bare LF and a long line behind it", b"\n\n" + b"G" * 66, 400, "bare LF (RFC 9112 2.2)"),
    (
        "a long line in a large head",
        request(b"G" * 66, b"A: " + b"b" * 300),
        414,
        "64 bytes: request-line (RFC 9112 3)",
    ),
    (
        "many fields",
        request(b"GET / HTTP/1.1", b"A: b", b"A: b", b"A: b", b"A: b"),
        431,
        "4 header fields: field-count (RFC 6585 5)",
    ),
    ("a large head", request(b"GET / HTTP/1.1", b"A: " + b"b" * 229), 431, "256 bytes: head-size (RFC 6585 5)"),
    ("a large head without an end", request()[:-2] + b"A: " + b"b" * 300, 431, "256 bytes: head-size (RFC 6585 5)"),
    ("a large head and a bare LF", request(b"GET / HTTP/1.1", b"A: " + b"b" * 300 + b"\n\n"), 431, "RFC 6585 5"),
    ("a bare LF and a large head", request(b"GET / HTTP/1.1", b"A: \n\n" + b"b" * 300), 400, "bare LF (RFC 9112 2.2)"),
    (
        "a large body",
        request(b"PUT / HTTP/1.1", b"Content-Length: 101"),
        413,
        "100 bytes: body-size (RFC 9110 15.5.14)",
    ),
]


@pytest.mark.parametrize(("name", "data", "status", "why"), TOO_LARGE, ids=[row[0] for row in TOO_LARGE])
def test_what_is_too_large_is_refused_as_soon_as_it_shows(name: str, data: bytes, status: int, why: str) -> None:
    refuse(data, status, why, SMALL)


EXACT = [
    ("the longest line", request(b"GET /%b HTTP/1.1" % (b"a" * 50))),
    ("the most fields", request(b"GET / HTTP/1.1", b"A: b", b"A: b", b"A: b")),
    ("the largest head", request(b"GET / HTTP/1.1", b"A: " + b"b" * 228)),
    ("the largest body", request(b"PUT / HTTP/1.1", b"Content-Length: 100", body=b"b" * 100)),
]


@pytest.mark.parametrize(("name", "data"), EXACT, ids=[row[0] for row in EXACT])
def test_what_is_as_large_as_it_may_be_is_accepted(name: str, data: bytes) -> None:
    accept(data, SMALL)


def test_no_limit_holds_where_each_is_zero() -> None:
    unlimited = Limits(request_line=0, field_count=0, head_size=0, body_size=0)
    data = request(b"GET /%b HTTP/1.1" % (b"a" * 9000), *[b"A: %d" % at for at in range(200)], b"B: " + b"b" * 40000)
    assert len(accept(data, unlimited).headers) == 202
    accept(request(b"PUT / HTTP/1.1", b"Content-Length: 00000000000000000003", body=b"abc"), unlimited)
    refuse(request(b"PUT / HTTP/1.1", b"Content-Length: " + b"1" * 19), 413, "RFC 9110 15.5.14", unlimited)
    refuse(b"A: \n\n" + b"b" * 300, 400, "bare LF", unlimited)


def test_fields_are_read_in_their_order_with_small_names_and_without_white_space_around() -> None:
    read = accept(
        request(b"GET / HTTP/1.1", b"X-A:1", b"x-b: \t 2 3 \t", b"X-A:", b"Cookie: a=b", b"cookie: c=d", b"U_s: \xff")
    )
    assert read.headers == Headers(
        [
            (b"host", b"h"),
            (b"x-a", b"1"),
            (b"x-b", b"2 3"),
            (b"x-a", b""),
            (b"cookie", b"a=b"),
            (b"cookie", b"c=d"),
            (b"u_s", b"\xff"),
        ]
    )
    assert read.headers.get(b"cookie") == b"a=b; c=d"


def test_the_authority_of_the_target_takes_the_place_of_the_host_field() -> None:
    read = accept(request(b"GET http://a/ HTTP/1.1", b"X: y", host=b"b"))
    assert list(read.headers) == [(b"host", b"a"), (b"x", b"y")]


def test_a_host_may_be_missing_in_http_1_0_and_empty_where_the_target_has_no_authority() -> None:
    assert accept(request(b"GET / HTTP/1.0", host=None)).authority == b""
    assert accept(request(host=b"")).authority == b""


BODIES = [
    ((b"GET / HTTP/1.1",), 0),
    ((b"POST / HTTP/1.1",), 0),
    ((b"DELETE / HTTP/1.0",), 0),
    ((b"POST / HTTP/1.1", b"Content-Length: 000"), 0),
    ((b"POST / HTTP/1.0", b"Content-Length: 5"), 5),
    ((b"GET / HTTP/1.1", b"content-length:5"), 5),
    ((b"GET / HTTP/1.1", b"Content-Length: 0000000000000000000000005"), 5),
    ((b"GET / HTTP/1.1", b"Transfer-Encoding: chunked"), None),
    ((b"GET / HTTP/1.1", b"transfer-encoding:\tCHUNKED "), None),
    ((b"CONNECT a:1 HTTP/1.1", b"Content-Length: 0"), 0),
]


@pytest.mark.parametrize(("lines", "length"), BODIES)
@pytest.mark.parametrize("expectation", [[], [b"Expect: 100-continue"], [b"expect:100-Continue"]])
def test_how_long_the_body_is(lines: list[bytes], length: int | None, expectation: list[bytes]) -> None:
    read = head.parse_head(request(*lines, *expectation)[:-4], Limits())
    assert (read.request.length, read.request.complete, read.chunked) == (length, length == 0, length is None)
    assert read.expects_continue is (bool(expectation) and read.request.version == "1.1")


KEPT = [
    ("1.1", [], True),
    ("1.1", [b"Connection: close"], False),
    ("1.1", [b"Connection: Close"], False),
    ("1.1", [b"Connection: keep-alive, ,close"], False),
    ("1.1", [b"Connection: te", b"Connection: close"], False),
    ("1.1", [b"Connection: keep-alive"], True),
    ("1.1", [b"Connection:"], True),
    ("1.0", [], False),
    ("1.0", [b"Connection: Keep-Alive"], True),
    ("1.0", [b"Connection: keep-alive, close"], False),
    ("1.0", [b"Proxy-Connection: keep-alive"], False),
]


@pytest.mark.parametrize(("version", "lines", "kept"), KEPT)
def test_whether_the_connection_is_kept(version: str, lines: list[bytes], kept: bool) -> None:
    data = request(b"GET / HTTP/" + version.encode(), *lines)
    assert head.parse_head(data[:-4], Limits()).keep_alive is kept
    output = every_way(data).output
    assert (b"connection: close\r\n" in output) is not kept
    assert (b"connection: keep-alive\r\n" in output) is (kept and version == "1.0")


UPGRADES = [
    (request(b"GET / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket"), b"websocket"),
    (request(b"GET / HTTP/1.1", b"Connection: keep-alive, upgrade", b"Upgrade: a", b"Upgrade: b/2"), b"a, b/2"),
    (request(b"GET / HTTP/1.1", b"Upgrade: websocket"), b""),
    (request(b"GET / HTTP/1.1", b"Connection: upgrade"), b""),
    (request(b"GET / HTTP/1.0", b"Connection: upgrade", b"Upgrade: websocket"), b""),
]


@pytest.mark.parametrize(("data", "upgrade"), UPGRADES)
def test_what_protocols_are_offered(data: bytes, upgrade: bytes) -> None:
    assert accept(data).upgrade == upgrade


def test_an_expectation_is_ignored_in_http_1_0() -> None:
    data = request(b"POST / HTTP/1.0", b"Expect: 100-continue, more", b"Content-Length: 1", body=b"a")
    assert every_way(data).body == b"a"
    assert not head.parse_head(data.partition(b"\r\n\r\n")[0], Limits()).expects_continue


def test_what_is_remembered_of_heads_is_bounded() -> None:
    for at in range(head.BLOCKS * 2 + 1):
        data = request(b"GET /%d HTTP/1.1" % at, b"X: %d" % at)
        parsed = head.parse_head(data[:-4], Limits()).request
        assert (parsed.path, parsed.headers.get(b"x")) == (b"/%d" % at, b"%d" % at)
    assert len(head._read_fields) <= head.BLOCKS
    assert len(head._read_request_line) <= head.BLOCKS


@pytest.mark.parametrize("line", [b"Authorization: Basic c2VjcmV0", b"Cookie: secret=1", b"X: " + b"x" * 2048])
def test_a_secret_or_a_large_block_is_not_remembered(line: bytes) -> None:
    head.parse_head(request(b"GET / HTTP/1.1", line)[:-4], Limits())
    assert not any(line in block for block in head._read_fields)


def test_a_query_is_not_remembered() -> None:
    head.parse_head(request(b"GET /?secret HTTP/1.1")[:-4], Limits())
    assert not any(b"secret" in line for line in head._read_request_line)
