"""A stranger's token is kept by its client alone, in a cookie that no other host can set by https."""

import pytest

from pellucid.features.auth.ticket import given, new_ticket, taken, ticket_in
from pellucid.message import Headers, Request

TICKET = b"A" * 24


def asking(cookie: bytes = b"", scheme: bytes = b"http") -> Request:
    fields = Headers([(b"cookie", cookie)] if cookie else [])
    return Request("GET", b"/login", b"/login", b"", b"example.com", fields, scheme=scheme)


@pytest.mark.parametrize(
    ("scheme", "name", "switches"),
    [(b"http", b"pellucid-login", b"HttpOnly"), (b"https", b"__Host-pellucid-login", b"Secure; HttpOnly")],
)
def test_it_is_given_and_shown_and_taken_away(scheme: bytes, name: bytes, switches: bytes) -> None:
    ticket = new_ticket()
    request = asking(scheme=scheme)
    assert given(request, ticket) == (
        b"set-cookie",
        b"%b=%b; Path=/; %b; SameSite=Lax" % (name, ticket.encode(), switches),
    )
    assert taken(request)[1].startswith(name + b"=; Max-Age=0; ")
    assert ticket_in(asking(b"a=b; %b=%b" % (name, ticket.encode()), scheme)) == ticket


@pytest.mark.parametrize(
    ("cookie", "scheme", "expected"),
    [
        (b"", b"http", ""),
        (b"pellucid-login=", b"http", ""),
        (b"pellucid-login=" + TICKET[1:], b"http", ""),
        (b"pellucid-login=" + TICKET + b"A", b"http", ""),
        (b"pellucid-login=<" + TICKET[1:], b"http", ""),
        (b"pellucid-login=" + TICKET, b"https", ""),
        (b"__Host-pellucid-login=" + TICKET, b"http", ""),
        (b"pellucid-login=" + TICKET + b"; pellucid-login=" + b"B" * 24, b"http", "A" * 24),
    ],
)
def test_what_is_none_counts_for_nothing(cookie: bytes, scheme: bytes, expected: str) -> None:
    assert ticket_in(asking(cookie, scheme)) == expected
