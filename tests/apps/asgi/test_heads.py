"""Tests of heads: what apps say, made strict, and remembered within bounds."""

from http import HTTPStatus
from typing import Any

import pytest

from hosting import start
from pellucid.apps.asgi import heads
from pellucid.apps.asgi.heads import KEPT, head_of, headers_of, trailers_of
from pellucid.errors import WrongAnswer

PAIRS = [(b"content-type", b"text/plain")]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ([(b"A-B", b" c ")], ((b"a-b", b"c"),)),
        ([[b"a", b"b"], (b"a", b"c")], ((b"a", b"b"), (b"a", b"c"))),
        (((name, b"x") for name in (b"a", b"b")), ((b"a", b"x"), (b"b", b"x"))),
        ([(bytearray(b"a"), bytearray(b"b"))], ((b"a", b"b"),)),
        ({b"a": b"b"}.items(), ((b"a", b"b"),)),
        ((), ()),
    ],
)
def test_fields_are_taken_in_any_shape(given: Any, fields: Any) -> None:
    assert headers_of(given).fields == fields


def test_a_list_that_comes_again_is_the_same_headers() -> None:
    first, second = head_of(start(headers=list(PAIRS))), head_of(start(404, headers=list(PAIRS)))
    assert first[0].headers is second[0].headers
    assert (first[0].status, second[0].status) == (200, 404)
    assert first[0] is not second[0]


def test_what_sets_a_cookie_is_not_remembered() -> None:
    given = [*PAIRS, (b"set-cookie", b"session=secret")]
    assert head_of(start(headers=given))[0].headers is not head_of(start(headers=given))[0].headers


def test_what_is_kept_is_bounded_in_number_and_size() -> None:
    for number in range(KEPT + 10):
        head_of(start(headers=[(b"x", b"%d" % number)]))
    assert len(heads._kept) <= KEPT
    large = [(b"x", b"y" * 3000)]
    assert head_of(start(headers=large))[0].headers is not head_of(start(headers=large))[0].headers


def test_a_list_that_the_app_goes_on_to_change_changes_nothing() -> None:
    given = list(PAIRS)
    response, _ = head_of(start(headers=given))
    given.append((b"x", b"y"))
    assert response.headers.fields == tuple(PAIRS)


@pytest.mark.parametrize(
    ("pairs", "length", "endless"),
    [
        ([], None, False),
        ([(b"content-length", b"12")], 12, False),
        ([(b"content-type", b"text/event-stream; charset=utf-8")], None, True),
        ([(b"content-type", b"TEXT/Event-Stream")], None, True),
    ],
)
def test_what_fields_say_of_the_body(pairs: Any, length: int | None, endless: bool) -> None:
    _, fields = head_of(start(headers=pairs))
    assert (fields.length, fields.endless) == (length, endless)


def test_a_status_may_be_one_of_the_librarys() -> None:
    status = head_of(start(HTTPStatus.CREATED))[0].status
    assert (status, type(status)) == (201, int)


@pytest.mark.parametrize("name", [b"content-length", b"Transfer-Encoding", b"set-cookie"])
def test_what_belongs_into_the_head_is_no_trailer(name: bytes) -> None:
    with pytest.raises(WrongAnswer, match="not allowed in the trailers"):
        trailers_of([(name, b"1")])
