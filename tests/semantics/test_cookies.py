"""Cookies are read as browsers send them, and written so that browsers keep them, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import WrongAnswer
from pellucid.semantics.cookies import LARGEST, LONGEST_LIFE, OCTETS, Cookie, ended, read_cookies, values_of


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        (b"", []),
        (b"a=1", [(b"a", b"1")]),
        (b"a=1; b=2", [(b"a", b"1"), (b"b", b"2")]),
        (b"a=1;b=2", [(b"a", b"1"), (b"b", b"2")]),
        (b"a=1; a=2", [(b"a", b"1"), (b"a", b"2")]),
        (b"a=", [(b"a", b"")]),
        (b"a", [(b"", b"a")]),
        (b"=a", [(b"", b"a")]),
        (b"a=b=c==", [(b"a", b"b=c==")]),
        (b" a \t=  1\t; ", [(b"a", b"1")]),
        (b";;; ;a=1;;", [(b"a", b"1")]),
        (b'a="1 2"', [(b"a", b"1 2")]),
        (b'a="', [(b"a", b'"')]),
        (b'a="1;2"', [(b"a", b'"1'), (b"", b'2"')]),
        (b"a=1, b=2", [(b"a", b"1, b=2")]),
        (b"a\xff=\xe2\x82\xac", [(b"a\xff", b"\xe2\x82\xac")]),
        (b"$Version=1; a={\"b\":1}", [(b"$Version", b"1"), (b"a", b'{"b":1}')]),
        (b"A=1; a=2", [(b"A", b"1"), (b"a", b"2")]),
    ],
)  # fmt: skip
def test_cookies_are_read_as_browsers_send_them(field: bytes, cookies: list[tuple[bytes, bytes]]) -> None:
    assert read_cookies(field) == cookies


@given(st.binary(max_size=300))
def test_whatever_comes_is_read(field: bytes) -> None:
    for name, value in read_cookies(field):
        assert b";" not in name + value


@pytest.mark.parametrize(
    ("field", "values"),
    [(b"", []), (b"b=1", []), (b"sid=1; b=2; sid=3", [b"1", b"3"]), (b"xsid=1; sidx=2; Sid=3", []), (b"sid", [])],
)
def test_the_cookies_of_a_name_are_found(field: bytes, values: list[bytes]) -> None:
    assert values_of(field, b"sid") == values


def test_one_is_found_among_a_thousand() -> None:
    field = b"; ".join(b"c%d=%d" % (number, number) for number in range(1000))
    assert len(read_cookies(field)) == 1000
    assert values_of(field + b"; sid=me", b"sid") == [b"me"]


@pytest.mark.parametrize(
    ("cookie", "field"),
    [
        (Cookie("sid", "x"), b"sid=x; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (Cookie("sid", "", secure=False, http_only=False, same_site=""), b"sid=; Path=/"),
        (Cookie("sid", "x", 60, same_site="strict"), b"sid=x; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict"),
        (Cookie("a", "x", 10**9), b"a=x; Max-Age=%d; Path=/; Secure; HttpOnly; SameSite=Lax" % LONGEST_LIFE),
        (Cookie("a", "x", -1), b"a=x; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            Cookie("a", "x", None, "/b", "example.com", same_site="none", partitioned=True),
            b"a=x; Domain=example.com; Path=/b; Secure; HttpOnly; Partitioned; SameSite=None",
        ),
        (Cookie("__Host-a", "x"), b"__Host-a=x; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            Cookie("__Secure-a", "x", path="/b", domain="a.org"),
            b"__Secure-a=x; Domain=a.org; Path=/b; Secure; HttpOnly; SameSite=Lax",
        ),
    ],
)
def test_a_cookie_is_written(cookie: Cookie, field: bytes) -> None:
    assert cookie.field() == field


@pytest.mark.parametrize(
    ("cookie", "complaint"),
    [
        (Cookie("", "x"), "is no token"),
        (Cookie("a b", "x"), "is no token"),
        (Cookie("a=b", "x"), "is no token"),
        (Cookie("a\r\n", "x"), "is no token"),
        (Cookie("ä", "x"), "is no token"),
        (Cookie("a", "x\r\nSet-Cookie: b=c"), "a character that no cookie has"),
        (Cookie("a", "x; Domain=org"), "a character that no cookie has"),
        (Cookie("a", "x y"), "a character that no cookie has"),
        (Cookie("a", "x,y"), "a character that no cookie has"),
        (Cookie("a", 'x"y'), "a character that no cookie has"),
        (Cookie("a", "x\0"), "a character that no cookie has"),
        (Cookie("a", "€"), "a character that no cookie has"),
        (Cookie("a", "\ud800"), "a character that no cookie has"),
        (Cookie("a", "x" * LARGEST), "longer than 4096 bytes"),
        (Cookie("a", "x", path="/\r\nb"), "in an attribute"),
        (Cookie("a", "x", path="/; Secure"), "in an attribute"),
        (Cookie("a", "x", domain="é.org"), "in an attribute"),
        (Cookie("a", "x", path="/" * 1025), "too long"),
        (Cookie("a", "x", same_site="Lax"), "SameSite is strict, lax or none"),
        (Cookie("a", "x", same_site="none", secure=False), "must be Secure"),
        (Cookie("a", "x", partitioned=True, secure=False), "must be Secure"),
        (Cookie("__Secure-a", "x", secure=False), "must be Secure, as its prefix says"),
        (Cookie("__SECURE-a", "x", secure=False), "must be Secure, as its prefix says"),
        (Cookie("__Host-a", "x", secure=False), "must be Secure, as its prefix says"),
        (Cookie("__host-a", "x", path="/b"), "must have the path /"),
        (Cookie("__Host-a", "x", domain="example.com"), "must have the path / and no domain"),
        (Cookie("__Http-a", "x", http_only=False), "must be HttpOnly"),
        (Cookie("__Host-Http-a", "x", http_only=False), "must be HttpOnly"),
    ],
)
def test_what_browsers_would_not_keep_is_not_written(cookie: Cookie, complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        cookie.field()


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_written_is_one_cookie(name: str, value: str, path: str) -> None:
    try:
        field = Cookie(name, value, path=path, secure=True).field()
    except WrongAnswer:
        return
    assert not field.translate(None, OCTETS + b' ;,"\\')
    assert field.count(b";") == 4
    assert read_cookies(field)[0] == (name.encode(), value.encode())


def test_what_ends_a_cookie_is_the_same_cookie_without_a_life() -> None:
    assert ended(Cookie("__Host-a", "secret", 60)).field() == (
        b"__Host-a=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
    )
