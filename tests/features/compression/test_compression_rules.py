"""What may be compressed, what is said of it then, and to whom its length would tell a secret."""

import pytest
from carrying import request

from nowhere import Nowhere
from pellucid.features.compression.rules import compressible, encoded, guessable, unchanged, varied
from pellucid.features.compression.settings import CompressionSettings
from pellucid.message import Field, Headers
from pellucid.server.exchange import Exchange
from pellucid.user import User
from secured_facts import known

HTML = (b"content-type", b"text/html")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([HTML], True),
        ([(b"content-type", b"TEXT/Html ; charset=utf-8")], True),
        ([(b"content-type", b"application/problem+json")], True),
        ([(b"content-type", b"image/svg+xml")], True),
        ([(b"content-type", b"image/png")], False),
        ([(b"content-type", b"text/event-stream")], False),
        ([(b"content-type", b"application/jsonish")], False),
        ([], False),
        ([HTML, (b"content-encoding", b"br")], False),
        ([HTML, (b"content-encoding", b"identity")], True),
        ([HTML, (b"content-range", b"bytes 0-1/9")], False),
        ([HTML, (b"cache-control", b"public, No-Transform")], False),
        ([HTML, (b"cache-control", b"no-store")], True),
        ([HTML, (b"repr-digest", b"sha-256=:AA==:")], False),
        ([HTML, (b"content-digest", b"sha-256=:AA==:")], False),
        ([HTML, (b"signature", b"a=:AA==:")], False),
    ],
)
def test_which_answers_may_be_compressed(fields: list[Field], expected: bool) -> None:
    assert compressible(CompressionSettings().compress_types)(Headers(fields)) is expected


@pytest.mark.parametrize("text", ["", "html", "text/", "text/a b", "/x", "text/html;q=1"])
def test_what_is_no_type_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"compress-types: .* is no media type"):
        compressible(["text/css", text])


def test_without_types_nothing_is_compressed() -> None:
    assert not compressible([])(Headers([HTML]))


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        ([], b"Accept-Encoding"),
        ([b"Origin"], b"Origin, Accept-Encoding"),
        ([b"Origin", b"Cookie"], b"Origin, Cookie, Accept-Encoding"),
        ([b"accept-encoding"], b"accept-encoding"),
        ([b"*"], b"*"),
        ([b"Accept, Accept-Encoding"], b"Accept, Accept-Encoding"),
    ],
)
def test_caches_are_told_what_the_answer_depends_on(vary: list[bytes], expected: bytes) -> None:
    headers = Headers([HTML, *((b"vary", value) for value in vary)])
    assert varied(headers).get(b"vary") == expected
    assert encoded(b"br")(headers).get(b"vary") == expected


def test_the_head_of_what_is_compressed_says_nothing_that_no_longer_holds() -> None:
    headers = Headers(
        [
            (b"content-length", b"5000"),
            HTML,
            (b"etag", b'"a"'),
            (b"accept-ranges", b"bytes"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"content-encoding", b"identity"),
        ]
    )
    assert [*encoded(b"zstd")(headers)] == [
        HTML,
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-encoding", b"zstd"),
        (b"etag", b'W/"a"'),
        (b"vary", b"Accept-Encoding"),
    ]
    assert encoded(b"br")(Headers([(b"etag", b'W/"a"')])).get(b"etag") == b'W/"a"'


@pytest.mark.parametrize(
    ("tag", "known", "expected"),
    [
        (b'"a"', b'W/"a"', b'W/"a"'),
        (b'"a"', b'"b", W/"a"', b'W/"a"'),
        (b'"a"', b'"a"', b'"a"'),
        (b'"a"', b'"a", W/"a"', b'"a"'),
        (b'"a"', b"*", b'"a"'),
        (b'"a"', b"nonsense", b'"a"'),
        (b'W/"a"', b'W/"a"', b'W/"a"'),
    ],
)
def test_a_client_hears_of_the_content_that_it_has_by_the_tag_that_it_knows(
    tag: bytes, known: bytes, expected: bytes
) -> None:
    headers = unchanged(request("GET", (b"if-none-match", known)), Headers([(b"etag", tag)]))
    assert headers.get(b"etag") == expected
    assert (b"vary" in headers) == (expected != tag)


COOKIE = (b"cookie", b"sid=1")
BASIC = (b"authorization", b"Basic eDp5")


@pytest.mark.parametrize(
    ("scheme", "fields", "expected"),
    [
        (b"https", [(b"sec-fetch-site", b"cross-site"), COOKIE], True),
        (b"https", [(b"sec-fetch-site", b"cross-site"), BASIC], True),
        (b"https", [(b"sec-fetch-site", b"cross-site")], False),
        (b"https", [(b"sec-fetch-site", b"none, cross-site"), COOKIE], True),
        (b"https", [(b"sec-fetch-site", b"same-site"), COOKIE], False),
        (b"https", [(b"sec-fetch-site", b"same-origin"), COOKIE], False),
        (b"https", [(b"sec-fetch-site", b"none"), COOKIE], False),
        (b"https", [COOKIE], True),
        (b"https", [BASIC], False),
        (b"http", [COOKIE], False),
        (b"http", [(b"sec-fetch-site", b"cross-site"), COOKIE], True),
    ],
)
def test_who_could_guess_by_the_length(scheme: bytes, fields: list[Field], expected: bool) -> None:
    asked = request("GET", *fields)
    asked.scheme = scheme
    assert guessable(Exchange(asked, Nowhere(), 1, 0.0)) is expected


def test_a_certificate_and_a_known_user_count_as_cookies_do() -> None:
    asked = request("GET", (b"sec-fetch-site", b"cross-site"))
    assert guessable(Exchange(asked, Nowhere(secured=known()), 1, 0.0))
    exchange = Exchange(asked, Nowhere(), 1, 0.0)
    exchange.user = User("ada", "form")
    assert guessable(exchange)
