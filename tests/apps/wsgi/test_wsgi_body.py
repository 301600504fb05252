from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from conversing import request

from calling import (
    BOTH_WAYS,
    PLAIN,
    Calling,
    hello,
)


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


@BOTH_WAYS
@pytest.mark.parametrize(
    "framed",
    [
        lambda body: request("POST", body=body),
        lambda body: request("POST", Transfer_Encoding="chunked") + chunked(body[:7], body[7:]),
    ],
    ids=["with its length", "chunked"],
)
@pytest.mark.parametrize("size", [8, 1000, 1001, 300_000])
def test_a_body_is_read_as_a_file_is(threads: int, framed: Callable[[bytes], bytes], size: int) -> None:
    body = (b"0123456\n" * (size // 8 + 1))[:size]
    seen: list[object] = []

    def read(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        source = environ["wsgi.input"]
        seen.extend([environ["CONTENT_LENGTH"], environ.get("HTTP_TRANSFER_ENCODING"), source.read(0), source.read(3)])
        seen.extend([source.readline(), source.readline(2), source.readlines(1)[:1], len(list(source))])
        seen.extend([source.read(), source.read(5), source.readline()])
        start_response("200 OK", PLAIN)
        return [b"ok"]

    def expected() -> list[object]:
        lines = body[10:].splitlines(keepends=True) if size > 8 else []
        return [lines[:1], max(0, len(lines) - 1)]

    calling = Calling(read, threads, body_memory=1000)
    assert calling.get(framed(body)) == b"ok"
    assert seen[:4] == [str(size), None, b"", b"012"]
    assert seen[4:6] == [b"3456\n", body[8:10]]
    assert seen[6:8] == expected()
    assert seen[8:] == [b"", b"", b""]


def test_a_long_body_is_in_an_unnamed_file_and_a_short_one_in_memory() -> None:
    kinds: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        kinds.append(type(environ["wsgi.input"]).__name__)
        start_response("200 OK", PLAIN)
        return [b""]

    calling = Calling(app, body_memory=100)
    calling.ask(request("POST", body=b"x" * 100))
    calling.ask(request("POST", body=b"x" * 101))
    assert kinds == ["BytesIO", "BufferedRandom"]


@BOTH_WAYS
def test_no_app_is_asked_before_its_body_is_there_nor_when_the_client_leaves_before(threads: int) -> None:
    asked = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read())
        return hello(environ, start_response)

    calling = Calling(app, threads, body_memory=10)
    calling.client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + b"a" * 39)
    assert asked == []
    assert calling.ask(b"a").endswith(b"hello")
    assert asked == [b"a" * 40]
    calling.client.talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + b"a" * 39)
    calling.client.link.abort()
    calling.drain()
    assert asked == [b"a" * 40]
    assert calling.stage.open_connections == 0
    assert calling.errors == []


@BOTH_WAYS
def test_a_body_that_cannot_be_kept_is_answered_with_500_and_no_app_is_asked(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        writes = 0

        def writelines(self, parts: Iterable[Any]) -> None:
            Full.writes += 1
            if Full.writes == 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().writelines(parts)

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    asked: list[object] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["wsgi.input"].read())
        return hello(environ, start_response)

    calling = Calling(app, threads, body_memory=1000)
    parts = [b"x" * 2000] * 20
    answer = calling.ask(request("POST", Transfer_Encoding="chunked") + chunked(*parts))
    assert answer.startswith(b"HTTP/1.1 500")
    assert asked == []
