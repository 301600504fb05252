"""From a content and a request to an answer: validators first, then ranges, small and large."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import pulled

from pellucid.apps.static.answers import CONDITIONAL_OR_RANGE, Refuse, answer_file, answer_made
from pellucid.apps.static.representation import CODINGS, NOSNIFF, PLAIN, SMALL, Representation
from pellucid.apps.static.source import FileSource, LengthOnly
from pellucid.message import Field, Headers, Request, Response
from pellucid.piece import Body

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
NOW = 2_000_000_000
SMALL_CONTENT = b"0123456789" * 10
LARGE_CONTENT = b"0123456789" * 20_000


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    for name, content in (("small", SMALL_CONTENT), ("large", LARGE_CONTENT), ("empty", b""), ("edge", b"x" * SMALL)):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (784111777, 784111777))
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def content_of(root: int, name: bytes) -> Representation:
    fields: list[Field] = [(b"content-type", b"text/plain"), (b"cache-control", b"no-cache"), NOSNIFF]
    return Representation(name, os.stat(name, dir_fd=root), PLAIN, fields, NOW)


def ask(root: int, name: bytes, *fields: Field, method: str = "GET", most: int = 32) -> tuple[Response, Body] | Refuse:
    request = Request(method, b"/", b"/", b"", b"", Headers([*fields]))
    return answer_file(request, content_of(root, name), root, most, NOW)


def given(answer: tuple[Response, Body] | Refuse) -> tuple[Response, bytes]:
    """The head and the whole body of an answer that is one."""
    assert not isinstance(answer, Refuse)
    response, body = answer
    return response, body if isinstance(body, bytes) else pulled(body)


@pytest.mark.parametrize("name", [b"small", b"large", b"empty", b"edge"])
def test_the_whole_is_given(root: int, tmp_path: Path, name: bytes) -> None:
    answer = ask(root, name)
    assert not isinstance(answer, Refuse)
    assert isinstance(answer[1], FileSource) is (name == b"large")
    response, body = given(answer)
    assert (response.status, body) == (200, (tmp_path / os.fsdecode(name)).read_bytes())


@pytest.mark.parametrize(("name", "size"), [(b"small", 100), (b"large", 200_000)])
def test_head_tells_the_length_and_holds_no_file(root: int, name: bytes, size: int) -> None:
    before = os.listdir("/dev/fd")
    answer = ask(root, name, (b"range", b"bytes=0-1"), method="HEAD")
    assert not isinstance(answer, Refuse)
    response, body = answer
    assert response.status == 200
    assert (len(body) if isinstance(body, bytes) else body.length) == size
    assert os.listdir("/dev/fd") == before


@pytest.mark.parametrize("name", [b"small", b"large"])
@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        (b"if-none-match", b"TAG", 304),
        (b"if-none-match", b"W/TAG", 304),
        (b"if-none-match", b'"x"', 200),
        (b"if-modified-since", DATE, 304),
        (b"if-match", b"TAG", 200),
        (b"if-match", b'"x"', 412),
        (b"if-unmodified-since", b"Sun, 06 Nov 1994 08:49:36 GMT", 412),
    ],
)
def test_preconditions_come_first(root: int, name: bytes, field: bytes, value: bytes, status: int) -> None:
    tag = content_of(root, name).tag
    answer = ask(root, name, (field, value.replace(b"TAG", tag)), (b"range", b"bytes=0-1"))
    if status == 412:
        assert answer == Refuse(412)
        return
    assert not isinstance(answer, Refuse)
    response, body = answer
    assert response.status == (206 if status == 200 else 304)
    if status == 304:
        assert isinstance(body, LengthOnly)
        assert body.length == content_of(root, name).size
        assert response.headers.get(b"etag") == tag
    else:
        assert given(answer)[1] == b"01"


@pytest.mark.parametrize(("name", "content"), [(b"small", SMALL_CONTENT), (b"large", LARGE_CONTENT)])
@pytest.mark.parametrize(
    ("value", "start", "end"), [(b"0-0", 0, 1), (b"5-", 5, None), (b"-7", -7, None), (b"10-19,15-29", 10, 30)]
)
def test_one_range(root: int, name: bytes, content: bytes, value: bytes, start: int, end: int | None) -> None:
    response, body = given(ask(root, name, (b"range", b"bytes=" + value)))
    assert response.status == 206
    assert body == content[start:end]
    first = content.__len__() + start if start < 0 else start
    told = b"bytes %d-%d/%d" % (first, first + len(body) - 1, len(content))
    assert response.headers.get(b"content-range") == told
    assert response.headers.get(b"content-type") == b"text/plain"
    assert response.headers.get(b"etag")


@pytest.mark.parametrize(("name", "content"), [(b"small", SMALL_CONTENT), (b"large", LARGE_CONTENT)])
def test_several_ranges(root: int, name: bytes, content: bytes) -> None:
    response, body = given(ask(root, name, (b"range", b"bytes=90-,0-4,20-29,25-34")))
    assert response.status == 206
    assert b"content-range" not in response.headers
    kind = response.headers.get(b"content-type") or b""
    assert kind.startswith(b"multipart/byteranges; boundary=")
    boundary = kind.partition(b"=")[2]
    parts = re.split(rb"(?:\r\n)?--" + boundary + rb"(?:--)?\r\n", body)
    assert parts[0] == parts[-1] == b""
    expected = [(90, len(content)), (0, 5), (20, 35)]
    for part, (start, end) in zip(parts[1:-1], expected, strict=True):
        head, _, data = part.partition(b"\r\n\r\n")
        told = b"Content-Range: bytes %d-%d/%d" % (start, end - 1, len(content))
        assert head == b"Content-Type: text/plain\r\n" + told
        assert data == content[start:end]


@pytest.mark.parametrize("name", [b"small", b"large"])
@pytest.mark.parametrize(
    ("value", "status"), [(b"0-0", 206), (b"0-0,1-1", 206), (b"0-0,5-5", 200), (b"0-0,999999-", 206), (b"999999-", 416)]
)
def test_of_a_coded_content_there_is_one_range_or_the_whole(root: int, name: bytes, value: bytes, status: int) -> None:
    fields: list[Field] = [(b"content-type", b"text/plain")]
    content = Representation(name, os.stat(name, dir_fd=root), CODINGS[0], fields, NOW)
    request = Request("GET", b"/", b"/", b"", b"", Headers([(b"range", b"bytes=" + value)]))
    answer = answer_file(request, content, root, 32, NOW)
    if status == 416:
        assert answer == Refuse(416, ((b"content-range", b"bytes */%d" % content.size),))
        return
    response, body = given(answer)
    assert (response.status, response.headers.get(b"content-encoding")) == (status, b"br")
    assert response.headers.get(b"content-type") == b"text/plain"
    assert len(body) == (content.size if status == 200 else 2 if value == b"0-0,1-1" else 1)


def test_each_multipart_has_a_boundary_of_its_own(root: int) -> None:
    kinds = {given(ask(root, b"small", (b"range", b"bytes=0-0,5-5")))[0].headers.get(b"content-type") for _ in "12"}
    assert len(kinds) == 2


@pytest.mark.parametrize(
    ("value", "status"),
    [(b"bytes=200000-", 416), (b"bytes=-0", 416), (b"bytes=5-1", 200), (b"x=0-1", 200), (b"bytes=0-0,2-2,4-4", 200)],
)
def test_ranges_that_cannot_be(root: int, value: bytes, status: int) -> None:
    answer = ask(root, b"large", (b"range", value), most=2)
    if status == 416:
        assert answer == Refuse(416, ((b"content-range", b"bytes */200000"),))
    else:
        assert given(answer)[1] == LARGE_CONTENT


def test_a_range_of_an_empty_file_is_the_whole_of_it(root: int) -> None:
    response, body = given(ask(root, b"empty", (b"range", b"bytes=0-")))
    assert (response.status, body) == (200, b"")


@pytest.mark.parametrize(
    ("if_range", "status"), [(b"TAG", 206), (b"W/TAG", 200), (b'"x"', 200), (DATE, 206), (b"yesterday", 200)]
)
def test_if_range_guards_the_range(root: int, if_range: bytes, status: int) -> None:
    tag = content_of(root, b"small").tag
    fields = ((b"range", b"bytes=0-1"), (b"if-range", if_range.replace(b"TAG", tag)))
    assert given(ask(root, b"small", *fields))[0].status == status


def test_what_was_made_for_the_request_has_preconditions_too() -> None:
    head = Response(200, Headers([(b"content-type", b"text/html"), (b"etag", b'"a"'), (b"vary", b"Accept")]))

    def asked(*fields: Field) -> tuple[Response, Body] | Refuse:
        return answer_made(Request("GET", b"/", b"/", b"", b"", Headers([*fields])), head, b"body", NOW)

    assert asked() == (head, b"body")
    assert asked((b"if-match", b'"b"')) == Refuse(412)
    unchanged = asked((b"if-none-match", b'"a"'))
    assert not isinstance(unchanged, Refuse)
    assert unchanged[0] == Response(304, Headers([(b"etag", b'"a"'), (b"vary", b"Accept")]))
    assert isinstance(unchanged[1], LengthOnly)
    assert unchanged[1].length == 4


def test_all_fields_that_are_looked_at_keep_from_the_ready_answer() -> None:
    # If-Range without Range means nothing (RFC 9110 section 13.1.5).
    assert {
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"range",
    } == CONDITIONAL_OR_RANGE
