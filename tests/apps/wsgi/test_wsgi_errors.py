from __future__ import annotations

import threading

import pytest

from pellucid.apps.wsgi.errors import LONGEST, ErrorStream


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["a line\n"], ["a line"]),
        (["a ", "line", "\n"], ["a line"]),
        (["one\ntwo\n"], ["one\ntwo"]),
        (["one\ntwo", " and a half\n"], ["one", "two and a half"]),
        (["no end"], []),
        ([""], []),
        (["x" * (LONGEST + 1)], ["x" * (LONGEST + 1)]),
    ],
)
def test_lines_are_told_when_they_end(written: list[str], said: list[str]) -> None:
    heard: list[str] = []
    stream = ErrorStream(heard.append)
    assert [stream.write(text) for text in written] == list(map(len, written))
    assert heard == said


def test_flush_tells_what_was_begun() -> None:
    heard: list[str] = []
    stream = ErrorStream(heard.append)
    stream.writelines(["a", "b"])
    stream.flush()
    stream.flush()
    assert heard == ["ab"]
    assert not stream.begun


def test_threads_do_not_write_into_each_other_s_lines() -> None:
    heard: list[str] = []
    stream = ErrorStream(heard.append)
    stream.write("mine ")

    def write() -> None:
        stream.write("yours")
        stream.flush()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    stream.write("too\n")
    assert heard == ["yours", "mine too"]


def test_only_text_is_taken() -> None:
    with pytest.raises(TypeError, match="takes str, not bytes"):
        ErrorStream(print).write(b"bytes")  # type: ignore[arg-type]  # the mistake
