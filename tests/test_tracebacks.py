"""Tests of what a person reads of an exception."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

import pellucid
from pellucid.apps.asgi.heads import headers_of
from pellucid.message import Headers
from pellucid.tracebacks import in_one_line, reason_of, traceback_of

HERE = str(Path(__file__).parent)
PACKAGE = str(Path(pellucid.__file__).parent)


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Telling(ExceptionGroup[Exception]):
    pass


def raised_by(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def wrong() -> None:
    headers_of(7)  # type: ignore[arg-type]  # what it raises is what is looked at


def second() -> None:
    try:
        wrong()
    except ValueError as error:
        raise KeyError("second") from error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\nb"), "ValueError: a"),
        (ValueError(" \n"), "ValueError"),
        (SystemExit(), "SystemExit"),
        (Wordless(), "Wordless: its words cannot be had (RuntimeError)"),
    ],
)
def test_an_exception_in_one_line(error: BaseException, line: str) -> None:
    assert in_one_line(error) == line


def test_of_a_wrong_answer_no_frame_of_the_server_is_shown() -> None:
    text = traceback_of(raised_by(second))
    assert PACKAGE not in text
    assert text.count("in second") == 2
    assert "WrongAnswer: headers are an iterable of pairs of bytes, not int" in text
    assert text.endswith("KeyError: 'second'")


def test_a_fault_beneath_an_app_keeps_the_frames_of_the_server() -> None:
    text = traceback_of(raised_by(lambda: Headers([7]).index))  # type: ignore[list-item]  # this is the fault
    assert "in <lambda>" in text
    assert PACKAGE in text


def test_a_fault_of_the_server_alone_keeps_its_frames() -> None:
    error = raised_by(lambda: Headers([7]).index)  # type: ignore[list-item]  # this is the fault
    while error.__traceback__ is not None and error.__traceback__.tb_frame.f_code.co_filename.startswith(HERE):
        error.__traceback__ = error.__traceback__.tb_next
    assert PACKAGE in traceback_of(error)


def test_who_imports_is_left_out() -> None:
    text = traceback_of(raised_by(lambda: importlib.import_module("nowhere.at.all")))
    assert 'importlib/__init__.py"' not in text
    assert "<frozen" not in text
    assert "in <lambda>" in text


@pytest.mark.parametrize(
    ("file", "folder", "begins_there"),
    [
        ("/site/main.py", "/site", True),
        ("/site/main.py", "/site/", True),
        ("/site/main.py", "", False),
        ("/site/main.py", "/elsewhere", False),
        ("/site/lib/site-packages/main.py", "/site", False),
    ],
)
def test_a_traceback_begins_in_the_folder_that_is_named(file: str, folder: str, begins_there: bool) -> None:
    names: dict[str, Callable[[Callable[[], None]], None]] = {}
    exec(compile("def call(what): what()", file, "exec"), names)
    text = traceback_of(raised_by(lambda: names["call"](second)), folder)
    assert file in text
    assert ("in <lambda>" in text) is not begins_there


def test_what_is_in_a_group_is_trimmed_too() -> None:
    group = Telling("two", [KeyError("x"), raised_by(wrong)])  # type: ignore[list-item]  # it is an Exception
    assert PACKAGE not in traceback_of(group)


def test_exceptions_that_lead_to_each_other_have_an_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one
    assert "one" in traceback_of(one)


def test_an_exception_that_was_never_raised_has_no_traceback() -> None:
    assert traceback_of(ValueError("found")) == "ValueError: found"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(FileNotFoundError(2, "No such file or directory"), "no such file or directory"), (OSError("Odd"), "odd")],
)
def test_why_the_system_refuses_something_ends_a_sentence(error: OSError, reason: str) -> None:
    assert reason_of(error) == reason
