"""What all schemes say and take alike: texts in quotes, and the names of users."""

import pytest

from pellucid.features.auth.scheme import is_name, quoted


def test_a_realm_is_quoted() -> None:
    assert quoted('the "inner\\outer" circle') == b'"the \\"inner\\\\outer\\" circle"'


@pytest.mark.parametrize(
    ("text", "can_be"),
    [
        ("ada", True),
        ("Ada Lövelace", True),
        ("a" * 255, True),
        ("a" * 256, False),
        ("", False),
        ("a\nb", False),
        ("\x7f", False),
        ("ad\ud800a", False),
        ("L\udcc3\udcb6velace", False),
    ],
)
def test_a_name_is_short_and_has_no_control_character(text: str, can_be: bool) -> None:
    assert is_name(text) is can_be
