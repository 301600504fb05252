"""A URL is one that can be asked, and an answer is read whole or not at all."""

import io
import socket
from http.client import HTTPResponse
from typing import cast

import pytest

from pellucid.features.auth.remote import InTime, read_answer, split_url


class Answer:
    """An answer in pieces of two bytes, of which `lacks` were promised and did not come."""

    def __init__(self, body: bytes, lacks: int = 0) -> None:
        self._body = io.BytesIO(body)
        self.length = lacks

    def read1(self, size: int) -> bytes:
        return self._body.read(2)


def read(answer: Answer, largest: int = 1024, takes: float = 0.0) -> bytes:
    return read_answer(cast(HTTPResponse, answer), largest, 1.0, lambda: takes)


def test_what_comes_in_drips_has_one_time_in_all() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(5)
        moments = iter([0.0, 4.0, 5.0])
        stream = InTime(near, lambda: next(moments))
        far.sendall(b"HTTP/1.1 200 OK\r\nA")
        assert stream.read(100) == b"HTTP/1.1 200 OK\r\nA"
        far.sendall(b"A")
        with pytest.raises(TimeoutError, match="takes too long"):
            stream.read(100)
        assert near.gettimeout() == 5
        stream.close()


def test_the_parts_of_a_url_are_told() -> None:
    parts = split_url("https://a.example:8443/b?c")
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("a.example", 8443, "/b", "c")


@pytest.mark.parametrize(
    "url", ["", "a", "ftp://a/", "http:///a", "http://me:secret@a/", "http://a:b/", "http://a/ b", "http://ü/"]
)
def test_what_cannot_be_asked_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        split_url(url)
    assert "secret" not in str(caught.value)


def test_an_answer_is_read_whole() -> None:
    assert read(Answer(b"hello")) == b"hello"


@pytest.mark.parametrize(
    ("answer", "takes", "why"),
    [
        (Answer(b"x" * 1025), 0.0, "larger than 1 KiB"),
        (Answer(b"hello"), 1.5, "takes too long"),
        (Answer(b"hello", 3), 0.0, "breaks off"),
    ],
)
def test_an_answer_that_is_not_as_it_should_be_is_none(answer: Answer, takes: float, why: str) -> None:
    with pytest.raises(OSError, match=why):
        read(answer, takes=takes)
