"""Accept and Accept-Encoding, with weights as people and machines write them."""

import pytest

from pellucid.message import Headers
from pellucid.semantics.negotiation import choose_coding, choose_type, varying

CODINGS = (b"br", b"zstd", b"gzip")
TYPES = (b"text/html", b"application/json", b"text/plain")


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (None, None),
        (b"", None),
        (b" ", None),
        (b"identity", None),
        (b"gzip", b"gzip"),
        (b"GZip", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"br"),
        (b"gzip, zstd", b"zstd"),
        (b"br;q=0.5, gzip;q=0.8", b"gzip"),
        (b"br;q=0.5,gzip;q=0.500", b"br"),
        (b"br;q=0.501,gzip;q=0.5", b"br"),
        (b"br;q=0, *", b"zstd"),
        (b"*", b"br"),
        (b"*;q=0", None),
        (b"*;q=0, gzip", b"gzip"),
        (b"identity;q=0", None),
        (b"identity;q=0, gzip;q=0.001", b"gzip"),
        (b"identity, gzip;q=0.5", None),
        (b"identity;q=0.5, gzip;q=0.5", b"gzip"),
        (b"gzip;q=0.5", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;Q=1.000", b"gzip"),
        (b"gzip ; q=0.1", b"gzip"),
        (b"gzip;q=1.001", None),
        (b"gzip;q=0.1234", None),
        (b"gzip;q=-1", None),
        (b"gzip;q=", None),
        (b"gzip;q=1;x=y", b"gzip"),
        (b"gzip;x=y", None),
        (b"gzip;q=0, gzip;q=1", None),
        (b";;;,,=,q=1", None),
        (b"\xff\x00gzip", None),
        (b"deflate", None),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(value: bytes | None, chosen: bytes | None) -> None:
    assert choose_coding(value, CODINGS) == chosen


def test_without_an_offer_the_content_goes_as_it_is() -> None:
    assert choose_coding(b"gzip", ()) is None


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (None, b"text/html"),
        (b"", b"text/html"),
        (b"*/*", b"text/html"),
        (b"application/json", b"application/json"),
        (b"Application/JSON", b"application/json"),
        (b"text/*", b"text/html"),
        (b"text/*, text/html;q=0.3", b"text/plain"),
        (b"text/plain;q=0.9, */*;q=0.8", b"text/plain"),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", b"text/html"),
        (b"application/json;q=0.5, text/html;q=0.4", b"application/json"),
        (b"application/json;charset=utf-8", b"application/json"),
        (b"application/json;version=1", None),
        (b'application/json;version="1,2", text/plain', b"text/plain"),
        (b"*/*;q=0", None),
        (b"*/*, text/html;q=0", b"application/json"),
        (b"image/png", None),
        (b"text/html;q=2", None),
        (b"text/html;q=0.5;level=1", b"text/html"),
        (b"nonsense", None),
        (b";q=1", None),
    ],
)
def test_the_type_is_the_one_of_the_most_specific_range(value: bytes | None, chosen: bytes | None) -> None:
    assert choose_type(value, TYPES) == chosen


def test_nothing_is_chosen_from_nothing() -> None:
    assert choose_type(b"*/*", ()) is None


@pytest.mark.parametrize("filler", [b"x/y,", b"gzip;q=0.5,", b'"', b";q=", b'a";', b"*,"])
def test_a_hostile_value_costs_little_and_breaks_nothing(filler: bytes) -> None:
    value = filler * 50_000
    assert choose_type(value, TYPES) is None
    assert choose_coding(value, CODINGS) in (None, b"br", b"gzip")


def test_what_stands_after_many_members_is_not_looked_at() -> None:
    assert choose_coding(b"x," * 63 + b"gzip", CODINGS) == b"gzip"
    assert choose_coding(b"x," * 64 + b"gzip", CODINGS) is None


@pytest.mark.parametrize(
    ("vary", "after"),
    [
        ([], b"Cookie"),
        ([b"Accept"], b"Accept, Cookie"),
        ([b"A", b"B"], b"A, B, Cookie"),
        ([b"accept, COOKIE"], b"accept, COOKIE"),
        ([b"*"], b"*"),
    ],
)
def test_an_answer_says_what_it_depends_on_once(vary: list[bytes], after: bytes) -> None:
    assert varying(Headers([(b"vary", value) for value in vary]), b"Cookie").get(b"vary") == after
