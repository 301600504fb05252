"""Content: how long an answer says that it is, what a request may say, and what it may expect."""

import pytest

from pellucid.errors import WrongAnswer
from pellucid.protocol.content import Content, check_expectation, content_length, content_of, declared_length
from pellucid.protocol.fields import Broken
from pellucid.protocol.limits import Limits


@pytest.mark.parametrize(
    ("method", "status", "declared", "given", "content"),
    [
        ("GET", 200, None, 5, (True, 5, True)),
        ("GET", 200, 5, 5, (True, 5, True)),
        ("GET", 200, 5, None, (True, 5, True)),
        ("GET", 200, None, None, (True, None, False)),
        ("GET", 200, None, 0, (True, 0, True)),
        ("GET", 204, 5, 5, (False, 0, False)),
        ("GET", 205, None, None, (False, 0, True)),
        ("GET", 304, None, 0, (False, 0, False)),
        ("GET", 304, 5, 0, (False, 5, True)),
        ("HEAD", 200, None, 5, (False, 5, True)),
        ("HEAD", 200, 5, 0, (False, 5, True)),
        ("HEAD", 200, None, 0, (False, 0, False)),
        ("HEAD", 200, None, None, (False, None, False)),
    ],
)
def test_the_content_of_an_answer(
    method: str, status: int, declared: int | None, given: int | None, content: tuple[bool, int | None, bool]
) -> None:
    assert content_of(method, status, declared, given) == Content(*content)


@pytest.mark.parametrize(("declared", "given"), [(5, 4), (0, 1), (None, -1), (None, 1.5), (None, True)])
def test_a_length_that_cannot_be_is_wrong(declared: int | None, given: int | None) -> None:
    with pytest.raises(WrongAnswer, match=r"\(RFC 9110 8.6\)"):
        content_of("GET", 200, declared, given)


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1,1", b"1 ", b"0x1", b"1" * 19, "²".encode()])
def test_a_length_that_an_app_declares_is_one_row_of_digits(value: bytes) -> None:
    assert declared_length(None) is None
    assert declared_length(b"0123") == 123
    with pytest.raises(WrongAnswer, match=r"\(RFC 9110 8.6\)"):
        declared_length(value)


@pytest.mark.parametrize(
    ("value", "status"),
    [(b"", 400), (b"-1", 400), (b"1,1", 400), (b"0x1", 400), (b"101", 413), (b"9" * 30, 413)],
)
def test_a_length_that_a_client_gives_is_bounded(value: bytes, status: int) -> None:
    limits = Limits(body_size=100)
    assert content_length(b"100", limits) == content_length(b"0" * 30 + b"100", limits) == 100
    with pytest.raises(Broken) as caught:
        content_length(value, limits)
    assert caught.value.status == status


def test_nothing_but_100_continue_may_be_expected() -> None:
    check_expectation(b"100-Continue")
    with pytest.raises(Broken) as caught:
        check_expectation(b"200-ok")
    assert caught.value.status == 417
