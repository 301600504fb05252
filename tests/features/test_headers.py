"""Fields are put on every answer, and none that would break the wire gets that far."""

import pytest
from carrying import answered

from pellucid.features.headers import (
    ENGINES_OWN,
    SECURITY,
    HeaderSettings,
    header_feature,
    parse_header,
    security_feature,
)
from pellucid.protocol.fields import check_outgoing

TYPE = (b"content-type", b"text/html")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("X-Answer: 42", (b"x-answer", b"42")),
        ("x-answer:42", (b"x-answer", b"42")),
        ("X-Empty:", (b"x-empty", b"")),
        ("Link:  </a>; rel=preload \t", (b"link", b"</a>; rel=preload")),
        ("Content-Security-Policy: default-src 'self'; img-src *:443",
         (b"content-security-policy", b"default-src 'self'; img-src *:443")),
    ],
)  # fmt: skip
def test_a_header_is_read_from_its_text(text: str, field: tuple[bytes, bytes]) -> None:
    assert parse_header(text) == field


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("X-Answer 42", "the header 'X-Answer 42' has no colon: write 'Name: value'"),
        (": 42", "cannot be sent: the field name '' is no lower-case token"),
        ("X Answer: 42", "cannot be sent: the field name 'x answer' is no lower-case token"),
        ("X-Answer : 42", "cannot be sent: the field name 'x-answer ' is no lower-case token"),
        ("X-Answer: 4\r\n2", "cannot be sent: the field x-answer has a control character in its value"),
        ("X-Answer: \x00", "cannot be sent: the field x-answer has a control character in its value"),
        ("X-Answer: é", "is not plain ASCII"),
        ("Ü: 1", "is not plain ASCII"),
        *(
            (f"{name.decode().title()}: 1", f"{name.decode()} belongs to the server itself")
            for name in sorted(ENGINES_OWN)
        ),
    ],
)
def test_a_header_that_must_not_be_sent_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        header_feature(HeaderSettings(header=("X-Fine: 1", text)))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_ones_own_fields_replace_those_of_the_app() -> None:
    feature = header_feature(HeaderSettings(header=("Cache-Control: no-store", "X-A: 1", "X-A: 2")))
    fields = [(b"cache-control", b"no-cache"), TYPE, (b"x-a", b"0")]
    assert answered(feature, fields) == [TYPE, (b"cache-control", b"no-store"), (b"x-a", b"1"), (b"x-a", b"2")]
    assert fields == [(b"cache-control", b"no-cache"), TYPE, (b"x-a", b"0")]


def test_the_preset_completes_an_answer_and_keeps_what_is_there() -> None:
    feature = security_feature(HeaderSettings(security_headers=True), shared=False)
    own = (b"x-frame-options", b"DENY")
    out = answered(feature, [TYPE, own], status=404)
    assert out[:2] == [TYPE, own]
    assert sorted(out) == sorted([TYPE, own, *(field for field in SECURITY if field[0] != b"x-frame-options")])


def test_the_preset_lets_other_sites_embed_what_is_shared_with_them() -> None:
    feature = security_feature(HeaderSettings(security_headers=True), shared=True)
    names = {name for name, _ in answered(feature, [])}
    assert names == {name for name, _ in SECURITY} - {b"cross-origin-resource-policy"}


def test_the_preset_can_be_sent() -> None:
    for name, value in SECURITY:
        check_outgoing(name, value)


def test_without_settings_there_is_no_feature() -> None:
    assert header_feature(HeaderSettings()) is None
    assert security_feature(HeaderSettings(), shared=False) is None
