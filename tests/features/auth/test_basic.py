"""Names and passwords are read as RFC 7617 has them, and nothing else is."""

import base64

import pytest

from pellucid.features.auth.basic import read_basic


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"Aladdin:open sesame", ("Aladdin", "open sesame")),
        ("test:123\u00a3".encode(), ("test", "123\u00a3")),
        (b"a:b:c", ("a", "b:c")),
        (b"a:", ("a", "")),
        ("zoe\u0308:x".encode(), ("zo\u00eb", "x")),
        (b":x", None),
        (b"a", None),
        (b"a:b\n", None),
        (b"a\0:b", None),
        (b"a:\xff", None),
    ],
)
def test_a_name_and_a_password_are_apart_by_the_first_colon(text: bytes, shown: tuple[str, str] | None) -> None:
    assert read_basic(base64.b64encode(text)) == shown


def test_the_example_of_the_rfc_is_read() -> None:
    assert read_basic(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == ("Aladdin", "open sesame")


@pytest.mark.parametrize("credentials", [b"", b"=", b"YTp", b"YT pi", b"YTpi,", b"\xff", b"YTpi" * 5000 + b"%"])
def test_what_is_no_base64_is_nothing(credentials: bytes) -> None:
    assert read_basic(credentials) is None
