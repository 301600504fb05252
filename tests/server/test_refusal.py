"""The brief answer to who broke a rule, or whose app failed."""

import pytest

from pellucid.server.refusal import refusal


@pytest.mark.parametrize(
    ("status", "why", "text"),
    [
        (400, "no Host field (RFC 9112 3.2)", b"400 Bad Request\nno Host field (RFC 9112 3.2)\n"),
        (500, "", b"500 Internal Server Error\n"),
        (599, "odd", b"599\nodd\n"),
    ],
)
def test_it_says_the_status_and_the_rule(status: int, why: str, text: bytes) -> None:
    response, body = refusal(status, why)
    assert response.status == status
    assert body == text


def test_it_has_what_else_is_to_be_said() -> None:
    response, _ = refusal(405, "", (b"allow", b"GET"))
    assert (response.status, response.headers.get(b"allow")) == (405, b"GET")


def test_it_is_plain_text_and_nothing_else() -> None:
    response, _ = refusal(400, "<script>")
    assert response.headers.get(b"content-type") == b"text/plain; charset=utf-8"
    assert response.headers.get(b"x-content-type-options") == b"nosniff"
