"""Tests of bodies in parts: what adds up to their length, what is dropped, and when that should be told."""

import pytest

from pellucid.apps.asgi.parts import SPREE, Parts, check_length
from pellucid.errors import WrongAnswer
from pellucid.message import End, Headers


def parts(length: int | None = None, endless: bool = False) -> Parts:
    return Parts(length, endless, False, lambda: None)


@pytest.mark.parametrize(("given", "last"), [(0, False), (5, False), (5, True)])
def test_parts_that_can_still_add_up_are_right(given: int, last: bool) -> None:
    check_length(given, 5, last)


@pytest.mark.parametrize(
    ("given", "last", "words"),
    [(6, False, "6 bytes or more with"), (6, True, "6 bytes with"), (4, True, "4 bytes with")],
)
def test_parts_that_cannot_add_up_are_told(given: int, last: bool, words: str) -> None:
    with pytest.raises(WrongAnswer, match=f"{words} a Content-Length of 5"):
        check_length(given, 5, last)


def test_a_part_that_is_refused_does_not_count() -> None:
    made = parts(length=5)
    made.check(3, last=False)
    made.put(b"abc")
    with pytest.raises(WrongAnswer):
        made.check(3, last=True)
    made.check(2, last=True)


def test_without_a_length_anything_is_right() -> None:
    made = parts()
    made.put(b"abc")
    made.check(1 << 40, last=True)


@pytest.mark.parametrize(
    ("endless", "given", "told"), [(True, 1, True), (False, SPREE, False), (False, SPREE + 1, True)]
)
def test_an_app_is_told_that_all_is_in_vain_if_it_might_never_stop(endless: bool, given: int, told: bool) -> None:
    made = parts(endless=endless)
    made.put(bytes(given))
    assert not made.in_vain
    made.stream.close()
    assert (made.dropped, made.in_vain) == (True, told)


def test_trailers_in_several_messages_are_one_section() -> None:
    made = parts()
    made.put_trailers(Headers([(b"a", b"1")]), last=False)
    assert made.stream.pull(10) is None
    made.put_trailers(Headers([(b"b", b"2")]), last=True)
    assert made.stream.pull(10) == End(Headers([(b"a", b"1"), (b"b", b"2")]))
