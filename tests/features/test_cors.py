"""Browsers are told who may read, as the Fetch standard has it, and with a login only where that is wished."""

import pytest
from carrying import answered, exchange_of

from pellucid.features.cors import EXPOSED, MOST_REQUESTED, CorsSettings, cors_feature, parse_origin
from pellucid.message import Field

HOME = b"https://example.com"
ONE = CorsSettings(cors=("https://example.com", "http://localhost:3000"))
ALL = CorsSettings(cors=("*",))
VARY = (b"vary", b"Origin")


def allow(origin: bytes) -> Field:
    return (b"access-control-allow-origin", origin)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("*", b"*"),
        ("https://example.com", b"https://example.com"),
        ("HTTPS://Example.COM", b"https://example.com"),
        ("https://example.com:443", b"https://example.com"),
        ("http://example.com:80", b"http://example.com"),
        ("http://example.com:443", b"http://example.com:443"),
        ("http://[::1]:8000", b"http://[::1]:8000"),
        ("moz-extension://abc", b"moz-extension://abc"),
    ],
)
def test_an_origin_is_spelled_as_browsers_do(text: str, origin: bytes) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["", "null", "example.com", "https://", "https://example.com/", "https://a b", "https://*.example.com",
     "https://user@example.com", "https://example.com\r\nx: y", "https://example.com:x"],
)  # fmt: skip
def test_what_is_no_origin_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin: write scheme://host") as error:
        cors_feature(CorsSettings(cors=(text,)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "asked", "fields", "expected"),
    [
        (ALL, [(b"origin", b"https://other.org")], [], [allow(b"*"), EXPOSED]),
        (ALL, [], [], [allow(b"*"), EXPOSED]),
        (ALL, [], [VARY], [VARY, allow(b"*"), EXPOSED]),
        (ONE, [(b"origin", HOME)], [], [VARY, allow(HOME), EXPOSED]),
        (ONE, [(b"origin", b"http://localhost:3000")], [], [VARY, allow(b"http://localhost:3000"), EXPOSED]),
        (ONE, [(b"origin", b"http://example.com")], [], [VARY]),
        (ONE, [(b"origin", b"https://example.com.evil.org")], [], [VARY]),
        (ONE, [(b"origin", b"null")], [], [VARY]),
        (ONE, [(b"origin", HOME), (b"origin", HOME)], [], [VARY]),
        (ONE, [], [], [VARY]),
        (ONE, [], [(b"vary", b"Accept-Encoding")], [(b"vary", b"Accept-Encoding, Origin")]),
        (ONE, [], [(b"vary", b"A"), (b"vary", b"B")], [(b"vary", b"A, B, Origin")]),
        (ONE, [], [(b"vary", b"accept, ORIGIN")], [(b"vary", b"accept, ORIGIN")]),
        (ONE, [], [(b"vary", b"*")], [(b"vary", b"*")]),
        (ONE, [(b"origin", HOME)], [allow(b"null")], [allow(b"null")]),
    ],
)
def test_an_answer_says_who_may_read_it(
    settings: CorsSettings, asked: list[Field], fields: list[Field], expected: list[Field]
) -> None:
    assert answered(cors_feature(settings), fields, *asked) == expected


def preflight(settings: CorsSettings, *fields: Field) -> dict[bytes, bytes]:
    exchange = exchange_of(cors_feature(settings), "OPTIONS", *fields)
    assert exchange.status == 204
    assert exchange.response is not None
    return exchange.response.headers.index


def test_a_preflight_request_is_answered_before_the_app() -> None:
    told = preflight(
        ONE,
        (b"origin", HOME),
        (b"access-control-request-method", b"QUERY"),
        (b"access-control-request-headers", b"range, X-Thing"),
    )
    assert told[b"access-control-allow-origin"] == HOME
    assert told[b"access-control-allow-methods"] == b"QUERY"
    assert told[b"access-control-allow-headers"] == b"range, x-thing"
    assert told[b"access-control-max-age"] == b"7200"
    assert told[b"vary"] == b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


@pytest.mark.parametrize(
    "fields",
    [
        [(b"origin", b"https://evil.org"), (b"access-control-request-method", b"PUT")],
        [(b"origin", HOME), (b"access-control-request-method", b"PUT, GET")],
        [(b"origin", HOME), (b"access-control-request-method", b"")],
        [(b"origin", HOME), (b"access-control-request-method", b"PUT"), (b"access-control-request-headers", b"a b")],
        [(b"origin", HOME), (b"access-control-request-method", b"PUT"),
         (b"access-control-request-headers", b",".join([b"x"] * (MOST_REQUESTED + 1)))],
    ],
)  # fmt: skip
def test_a_preflight_request_that_may_not_is_told_nothing(fields: list[Field]) -> None:
    told = preflight(ONE, *fields)
    assert b"access-control-allow-methods" not in told
    assert b"access-control-allow-headers" not in told


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("OPTIONS", []),
        ("OPTIONS", [(b"origin", HOME)]),
        ("OPTIONS", [(b"access-control-request-method", b"PUT")]),
        ("GET", [(b"origin", HOME), (b"access-control-request-method", b"PUT")]),
    ],
)
def test_other_requests_reach_the_app(method: str, fields: list[Field]) -> None:
    assert not exchange_of(cors_feature(ONE), method, *fields).answered


ASKED = [(b"origin", HOME), (b"access-control-request-method", b"PUT")]
TRUE = (b"access-control-allow-credentials", b"true")


def test_credentials_are_allowed_to_sites_that_are_named() -> None:
    settings = CorsSettings(cors=("https://example.com",), cors_credentials=True)
    told = preflight(settings, *ASKED)
    assert told[b"access-control-allow-credentials"] == b"true"
    assert told[b"access-control-allow-origin"] == HOME
    assert answered(cors_feature(settings), [], *ASKED) == [VARY, allow(HOME), EXPOSED, TRUE]
    others = [(b"origin", b"https://evil.org"), (b"access-control-request-method", b"PUT")]
    assert b"access-control-allow-credentials" not in preflight(settings, *others)
    assert answered(cors_feature(settings), [], *others) == [VARY]
    assert answered(cors_feature(settings), []) == [VARY]
    assert answered(cors_feature(settings), [allow(HOME)], *ASKED) == [allow(HOME)]
    assert answered(cors_feature(settings), [TRUE], *ASKED) == [TRUE]


def test_credentials_are_not_for_all_sites() -> None:
    with pytest.raises(ValueError, match=r"^--cors-credentials: name the sites in cors"):
        cors_feature(CorsSettings(cors=("https://example.com", "*"), cors_credentials=True))


@pytest.mark.parametrize(
    ("methods", "told"), [((), b"PUT"), (("PUT", "DELETE"), b"PUT"), (("DELETE",), None), (("put",), None)]
)
def test_methods_can_be_named(methods: tuple[str, ...], told: bytes | None) -> None:
    settings = CorsSettings(cors=("https://example.com",), cors_methods=methods)
    assert preflight(settings, *ASKED).get(b"access-control-allow-methods") == told


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_methods_that_all_sites_may_use_may_have_fields_of_their_own(method: bytes) -> None:
    settings = CorsSettings(cors=("https://example.com",), cors_methods=("PUT",))
    asked = (b"access-control-request-method", method), (b"access-control-request-headers", b"authorization")
    told = preflight(settings, (b"origin", HOME), *asked)
    assert told[b"access-control-allow-headers"] == b"authorization"


def test_what_is_no_method_is_explained() -> None:
    with pytest.raises(ValueError, match=r"^--cors-methods: 'P UT' is no method"):
        cors_feature(CorsSettings(cors=("*",), cors_methods=("GET", "P UT")))


def test_credentials_are_not_allowed_by_themselves() -> None:
    request = [(b"origin", HOME), (b"access-control-request-method", b"GET")]
    for settings in (ONE, ALL):
        assert b"access-control-allow-credentials" not in preflight(settings, *request)
        assert b"access-control-allow-credentials" not in dict(answered(cors_feature(settings), [], *request))


def test_without_origins_there_is_no_feature() -> None:
    assert cors_feature(CorsSettings()) is None
