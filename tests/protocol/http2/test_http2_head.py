"""A head's fields: what is a request, what is refused and why, whatever the fields were compressed to."""

from __future__ import annotations

import pytest

from pellucid.message import Field, Headers
from pellucid.protocol.fields import Broken
from pellucid.protocol.http2.head import KEPT_SETS, Head, _field_sets, parse_head, parse_trailers, request_line
from pellucid.protocol.http2.priority import Priority
from pellucid.protocol.limits import Limits

GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"h"), (b":path", b"/")]


def without(name: bytes) -> list[Field]:
    return [field for field in GET if field[0] != name]


def instead(name: bytes, value: bytes) -> list[Field]:
    return [(key, value if key == name else before) for key, before in GET]


def read(fields: list[Field], limits: Limits | None = None) -> Head:
    return parse_head(tuple(fields), limits or Limits())


CONNECT = [(b":method", b"CONNECT"), (b":authority", b"h:443")]
EXTENDED = [*instead(b":method", b"CONNECT"), (b":protocol", b"websocket")]

REFUSED: list[tuple[list[Field], int, str]] = [
    (without(b":method"), 400, "no :method that is a token"),
    (instead(b":method", b"G T"), 400, "no :method that is a token"),
    (without(b":scheme"), 400, "no :scheme that is http or https"),
    (instead(b":scheme", b"ftp"), 400, "no :scheme that is http or https"),
    (without(b":path"), 400, "no :path that begins with a slash"),
    (instead(b":path", b""), 400, "no :path that begins with a slash"),
    (instead(b":path", b"http://h/"), 400, "no :path that begins with a slash"),
    (instead(b":path", b"*"), 400, "no :path that begins with a slash"),
    (instead(b":path", b"/a#b"), 400, "a fragment in the request target"),
    (instead(b":path", b"/a b"), 400, "must be percent-encoded"),
    (instead(b":path", b"/" + b"a" * 9000), 414, "request-line"),
    (without(b":authority"), 400, "neither :authority nor Host"),
    (instead(b":authority", b""), 400, ":authority is empty"),
    (instead(b":authority", b"me@h"), 400, ":authority has userinfo"),
    (instead(b":authority", b"h/x"), 400, ":authority is no host"),
    ([*GET, (b":path", b"/")], 400, ":path stands twice"),
    ([*GET, (b":status", b"200")], 400, "a pseudo-field that is none of a request's"),
    ([*GET, (b":", b"")], 400, "a pseudo-field that is none of a request's"),
    ([*GET, (b"a", b"b"), (b":protocol", b"x")], 400, "a pseudo-field behind the other fields"),
    ([(b"a", b"b"), *GET], 400, "a pseudo-field behind the other fields"),
    ([*without(b":path"), (b"a", b"b"), (b":path", b"/")], 400, "a pseudo-field behind the other fields"),
    ([*GET, (b"", b"x")], 400, "a field name that is no token"),
    ([*GET, (b"Name", b"x")], 400, "a field name in upper case"),
    ([*GET, (b"na me", b"x")], 400, "a field name that is no token"),
    ([*GET, (b"na\xe9", b"x")], 400, "a field name that is no token"),
    ([*GET, (b"name:", b"x")], 400, "a field name that is no token"),
    ([*GET, (b"name", b"a\nb")], 400, "a control character in the value"),
    ([*GET, (b"name", b"a\rb")], 400, "a control character in the value"),
    ([*GET, (b"name", b"a\0b")], 400, "a control character in the value"),
    ([*GET, (b"name", b" a")], 400, "white space around the value"),
    ([*GET, (b"name", b"a\t")], 400, "white space around the value"),
    ([*GET, (b"connection", b"close")], 400, "connection has no place in HTTP/2"),
    ([*GET, (b"keep-alive", b"5")], 400, "keep-alive has no place in HTTP/2"),
    ([*GET, (b"proxy-connection", b"close")], 400, "proxy-connection has no place in HTTP/2"),
    ([*GET, (b"transfer-encoding", b"chunked")], 400, "transfer-encoding has no place in HTTP/2"),
    ([*GET, (b"upgrade", b"h2c")], 400, "upgrade has no place in HTTP/2"),
    ([*GET, (b"te", b"gzip")], 400, "TE with more than trailers"),
    ([*GET, (b"te", b"trailers"), (b"te", b"gzip")], 400, "TE with more than trailers"),
    ([*GET, (b"host", b"other")], 400, "a Host that is not :authority"),
    ([*GET, (b"host", b"h"), (b"host", b"h")], 400, "Host stands twice"),
    ([*GET, (b"content-length", b"5, 5")], 400, "Content-Length is not one row of digits"),
    ([*GET, (b"content-length", b"5"), (b"content-length", b"5")], 400, "Content-Length is not one row of digits"),
    ([*GET, (b"content-length", b"+5")], 400, "Content-Length is not one row of digits"),
    ([*GET, (b"content-length", b"99999999999")], 413, "body-size"),
    ([*GET, (b"expect", b"miracles")], 417, "an expectation other than 100-continue"),
    ([*GET, *[(b"a", b"b")] * 101], 431, "field-count"),
    ([*CONNECT, (b":path", b"/")], 400, "CONNECT with :scheme or :path"),
    ([*CONNECT, (b":scheme", b"https")], 400, "CONNECT with :scheme or :path"),
    ([(b":method", b"CONNECT")], 400, "CONNECT wants host:port"),
    ([(b":method", b"CONNECT"), (b":authority", b"h")], 400, "CONNECT wants host:port"),
    ([*CONNECT, (b"content-length", b"5")], 400, "CONNECT has no content"),
    ([*GET, (b":protocol", b"websocket")], 400, ":protocol without CONNECT"),
    ([*EXTENDED[:-1], (b":protocol", b"web socket")], 400, "a :protocol that is no token"),
    ([field for field in EXTENDED if field[0] != b":path"], 400, "no :path that begins with a slash"),
    ([field for field in EXTENDED if field[0] != b":scheme"], 400, "no :scheme that is http or https"),
    ([field for field in EXTENDED if field[0] != b":authority"], 400, "neither :authority nor Host"),
]


@pytest.mark.parametrize(("fields", "status", "why"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
def test_a_wrong_head_is_refused_with_its_rule(fields: list[Field], status: int, why: str) -> None:
    for _ in range(2):  # the second time it must not have been taken for right
        with pytest.raises(Broken) as broken:
            read(fields)
        assert broken.value.status == status
        assert why in broken.value.why
        assert "(RFC " in broken.value.why


def test_a_request_has_its_parts() -> None:
    request = read([*instead(b":path", b"/a%20b?c=d"), (b"accept", b"*/*")]).request(b"http", True)
    assert (request.method, request.target, request.path, request.query) == ("GET", b"/a%20b?c=d", b"/a%20b", b"c=d")
    assert (request.version, request.scheme, request.authority) == ("2", b"http", b"h")
    assert request.headers == Headers([(b"host", b"h"), (b"accept", b"*/*")])
    assert (request.complete, request.length, request.upgrade) == (True, 0, b"")


@pytest.mark.parametrize(
    ("fields", "complete", "length"),
    [([], True, 0), ([], False, None), ([(b"content-length", b"5")], False, 5), ([(b"content-length", b"0")], True, 0)],
)
def test_how_long_a_body_is(fields: list[Field], complete: bool, length: int | None) -> None:
    request = read([*GET, *fields]).request(b"http", complete)
    assert (request.complete, request.length) == (complete, length)


def test_the_pseudo_fields_may_come_in_any_order() -> None:
    assert read(GET[::-1]).request(b"http", True) == read(GET).request(b"http", True)


def test_host_stands_in_for_an_authority_that_is_missing() -> None:
    request = read([*without(b":authority"), (b"a", b"b"), (b"host", b"there")]).request(b"http", True)
    assert request.authority == b"there"
    assert request.headers == Headers([(b"host", b"there"), (b"a", b"b")])


def test_host_beside_an_authority_is_the_same_in_any_case() -> None:
    request = read([*GET, (b"host", b"H")]).request(b"http", True)
    assert request.headers == Headers([(b"host", b"h")])


def test_crumbs_of_cookies_are_one_field_at_the_place_of_the_first() -> None:
    head = read([*GET, (b"cookie", b"a=b"), (b"x", b"y"), (b"cookie", b"c=d"), (b"cookie", b"e=f")])
    assert head.request(b"http", True).headers.fields[1:] == ((b"cookie", b"a=b; c=d; e=f"), (b"x", b"y"))


def test_many_crumbs_are_one_field_of_those_that_are_counted() -> None:
    crumbs = [(b"cookie", b"%d=x" % number) for number in range(200)]
    assert len(read([*GET, *crumbs]).request(b"http", True).headers) == 2


def test_te_may_ask_for_trailers() -> None:
    assert read([*GET, (b"te", b"trailers")]).request(b"http", True).headers.get(b"te") == b"trailers"


def test_options_asks_of_the_server_as_a_whole() -> None:
    fields = [(b":method", b"OPTIONS"), *instead(b":path", b"*")[1:]]
    assert read(fields).request(b"http", True).path == b"*"


def test_connect_names_an_authority_and_no_more() -> None:
    request = read(CONNECT).request(b"http", False)
    assert (request.method, request.target, request.authority) == ("CONNECT", b"h:443", b"h:443")
    assert (request.path, request.query, request.complete, request.length) == (b"", b"", False, 0)


def test_connect_for_a_protocol_names_a_resource() -> None:
    request = read(EXTENDED).request(b"https", False)
    assert (request.method, request.path, request.authority, request.upgrade) == ("CONNECT", b"/", b"h", b"websocket")


def test_a_priority_is_read_with_the_head() -> None:
    assert read([*GET, (b"priority", b"u=1, i")]).fields.priority == Priority(1, True)


def test_a_head_that_is_refused_is_told_by_its_first_words() -> None:
    assert request_line(tuple(GET)) == b"GET / HTTP/2.0"
    assert request_line(tuple(CONNECT)) == b"CONNECT h:443 HTTP/2.0"
    assert request_line(((b":method", b"GET"), (b":path", b"/" + b"a" * 999))) == b"GET /" + b"a" * 255 + b" HTTP/2.0"
    assert request_line(((b"a", b"b"),)) == b""


def test_the_same_fields_behind_another_path_are_the_same_headers() -> None:
    more = (b"user-agent", b"test of the same fields")
    one = read([*GET, more]).request(b"http", True)
    other = read([*instead(b":path", b"/other"), more]).request(b"http", True)
    assert one.headers is other.headers
    elsewhere = read([*instead(b":authority", b"i"), more]).request(b"http", True)
    assert elsewhere.headers.get(b"host") == b"i"


def test_fields_with_a_secret_or_of_a_great_size_are_not_kept() -> None:
    for field in [(b"cookie", b"secret=1"), (b"authorization", b"Basic x"), (b"x", b"y" * 3000)]:
        first, second = (read([*GET, field]).fields.headers for _ in range(2))
        assert first == second
        assert first is not second


def test_what_is_kept_is_bounded() -> None:
    for number in range(2 * KEPT_SETS):
        read([*GET, (b"x", b"%d" % number)])
    assert len(_field_sets) <= KEPT_SETS


def test_trailers_are_checked_like_any_fields() -> None:
    assert parse_trailers(((b"x-sum", b"1"),), Limits()) == Headers([(b"x-sum", b"1")])
    for field in [(b"X", b"1"), (b":path", b"/"), (b"connection", b"x"), (b"host", b"h"), (b"a", b"\n")]:
        with pytest.raises(Broken):
            parse_trailers((field,), Limits())


def test_trailers_are_counted() -> None:
    with pytest.raises(Broken, match="field-count") as broken:
        parse_trailers(((b"a", b"b"),) * 3, Limits(field_count=2))
    assert broken.value.status == 431
