from __future__ import annotations

from typing import Any

import pytest

from pellucid.apps.wsgi import head
from pellucid.apps.wsgi.head import KEPT, KEPT_LENGTH, read_field, read_head, read_status
from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Response


def test_a_head_is_read() -> None:
    assert read_head("404 Gone Fishing", [("Content-Type", " text/plain "), ("X-A", "\xe9")]) == Response(
        404, Headers([(b"content-type", b"text/plain"), (b"x-a", b"\xe9")])
    )


@pytest.mark.parametrize(("status", "code"), [("200 OK", 200), ("200 ", 200), ("204", 204), ("599 \xe9", 599)])
def test_a_status_is_its_number(status: str, code: int) -> None:
    assert read_status(status) == code


@pytest.mark.parametrize("status", [None, 200, b"200 OK", "", "20", "20x", "2000", "\u0662\u0660\u0660 OK", "200\tOK"])
def test_what_is_no_status_is_refused(status: Any) -> None:
    with pytest.raises(WrongAnswer, match="status"):
        read_status(status)


@pytest.mark.parametrize(
    "field",
    [
        ("Connection", "upgrade"),
        ("Keep-Alive", "timeout=5"),
        ("Trailer", "x"),
        ("TE", "trailers"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Connection", "close"),
    ],
)
def test_the_server_s_own_fields_are_refused(field: tuple[str, str]) -> None:
    with pytest.raises(WrongAnswer, match="hop-by-hop"):
        read_field(field)


def test_a_head_that_comes_again_has_the_same_fields_and_an_answer_of_its_own() -> None:
    first, second = (read_head("200 OK", [("X-A", "again")]) for _ in range(2))
    assert first.headers is second.headers  # what the protocol made of them is made once
    first.status = 500
    assert second.status == 200


@pytest.mark.parametrize("field", [("Set-Cookie", "a=secret"), ("X-Long", "x" * KEPT_LENGTH)])
def test_secrets_and_long_heads_are_not_remembered(field: tuple[str, str]) -> None:
    head._heads.clear()
    read_head("200 OK", [("X-A", "b"), field])
    assert not head._heads


def test_what_is_remembered_is_bounded() -> None:
    for number in range(KEPT + 10):
        read_head("200 OK", [("X-Number", str(number))])
        assert len(head._heads) <= KEPT


def test_a_wrong_head_is_wrong_each_time() -> None:
    for _ in range(2):
        with pytest.raises(WrongAnswer, match="control character"):
            read_head("200 OK", [("X-A", "b\nc")])
