"""Tests of what is told of an app's exception."""

from pathlib import Path

from pellucid.apps.asgi import faults
from pellucid.apps.asgi.faults import ClientDisconnected, by_disconnection, in_short, told
from pellucid.apps.asgi.heads import headers_of


def raised(number: int = 0) -> BaseException:
    try:
        headers_of(number)  # type: ignore[arg-type]  # what it raises is what is looked at
    except ValueError as first:
        try:
            raise KeyError("second") from first
        except KeyError as second:
            return second
    raise AssertionError("nothing was raised")


def test_the_frames_of_the_server_are_left_out() -> None:
    text = told(raised())
    assert str(Path(faults.__file__).parent) not in text
    assert text.count("in raised") == 2
    assert "WrongAnswer: headers are an iterable of pairs of bytes, not int" in text
    assert text.endswith("KeyError: 'second'")


def test_an_exception_without_other_frames_keeps_them() -> None:
    try:
        headers_of(7)  # type: ignore[arg-type]
    except ValueError as error:
        own = error
    assert own.__traceback__ is not None
    assert "in headers_of" in told(own.with_traceback(own.__traceback__.tb_next))


def test_in_short_is_one_line() -> None:
    assert in_short(ValueError("a\nb")) == "ValueError: a"


def test_an_exception_over_a_disconnection_is_one() -> None:
    cause = ClientDisconnected("gone")
    over = RuntimeError("as a framework has it")
    over.__cause__ = cause
    behind = KeyError("x")
    behind.__context__ = over
    assert [by_disconnection(error) for error in (cause, over, behind, KeyError("y"))] == [True, True, True, False]
