"""What all floors speak: fields in their order, and answers to questions about them."""

import pytest

from pellucid.message import END, NO_FIELDS, PHRASES, End, Headers, Request, Response

FIELDS = [(b"host", b"x"), (b"accept", b"a"), (b"cookie", b"a=1"), (b"accept", b"b"), (b"cookie", b"b=2")]


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"host", b"x"), (b"accept", b"a, b"), (b"cookie", b"a=1; b=2"), (b"absent", None), (b"Host", None)],
)
def test_a_value_is_combined_as_the_rules_say(name: bytes, value: bytes | None) -> None:
    headers = Headers(FIELDS)
    assert headers.get(name) == value
    assert (name in headers) is (value is not None)


def test_a_default_stands_for_what_is_absent() -> None:
    assert Headers(FIELDS).get(b"absent", b"default") == b"default"
    assert Headers(FIELDS).get(b"host", b"default") == b"x"


def test_the_lines_of_a_name_are_had_apart_and_in_order() -> None:
    assert Headers(FIELDS).all(b"accept") == [b"a", b"b"]
    assert Headers(FIELDS).all(b"absent") == []


def test_they_are_counted_and_gone_through_in_their_order() -> None:
    headers = Headers(iter(FIELDS))
    assert len(headers) == 5
    assert list(headers) == FIELDS


def test_more_and_fewer_fields_make_new_headers() -> None:
    headers = Headers(FIELDS)
    assert headers.get(b"accept") == b"a, b"
    assert headers.plus((b"accept", b"c")).get(b"accept") == b"a, b, c"
    assert list(headers.without(b"cookie", b"accept")) == [(b"host", b"x")]
    assert list(headers) == FIELDS


def test_what_was_made_of_them_can_be_let_go_of() -> None:
    fields = Headers(FIELDS)
    before = dict(fields.index)
    fields.memo = fields.block = object()
    fields.forget()
    assert fields.memo is fields.block is None
    assert fields.index == before
    assert fields == Headers(FIELDS)


def test_they_are_equal_by_their_fields_and_their_order() -> None:
    assert Headers(FIELDS) == Headers(list(FIELDS))
    assert hash(Headers(FIELDS)) == hash(Headers(list(FIELDS)))
    assert Headers(FIELDS) != Headers(FIELDS[::-1])
    assert Headers(FIELDS) != FIELDS
    assert repr(Headers([(b"a", b"b")])) == "Headers([(b'a', b'b')])"


def test_no_fields_are_none() -> None:
    assert len(NO_FIELDS) == 0
    assert not NO_FIELDS
    assert End(Headers()) == END


def test_answers_do_not_share_their_headers() -> None:
    first, second = Response(200), Response(200)
    assert first.headers is not second.headers


def test_a_plain_request_is_complete_without_a_body() -> None:
    request = Request("GET", b"/a?b", b"/a", b"b", b"x", Headers())
    assert (request.complete, request.length, request.version, request.upgrade) == (True, 0, "1.1", b"")


def test_every_status_of_the_standards_has_its_phrase() -> None:
    assert PHRASES[200] == "OK"
    assert PHRASES[413] == "Content Too Large"
    assert PHRASES[422] == "Unprocessable Content"
    assert all(100 <= status < 600 and phrase.isascii() and phrase for status, phrase in PHRASES.items())
