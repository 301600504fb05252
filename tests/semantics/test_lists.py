"""The list syntax, quoted strings and hostile lengths."""

import pytest

from pellucid.semantics.lists import split_list


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", []),
        (b" , ,\t,", []),
        (b"a", [b"a"]),
        (b"a,b ,\tc", [b"a", b"b", b"c"]),
        (b'a;x="1,2", b', [b'a;x="1,2"', b"b"]),
        (b'"a,b","c"', [b'"a,b"', b'"c"']),
        (rb'"a\",b", c', [rb'"a\",b"', b"c"]),
        (rb'"a\\", c', [rb'"a\\"', b"c"]),
        (b'"a,b,,c"', [b'"a,b,,c"']),
        (b'a, "b, c', [b"a", b'"b, c']),
    ],
)
def test_a_comma_within_quotes_separates_nothing(value: bytes, members: list[bytes]) -> None:
    assert split_list(value) == members


def test_the_separator_can_be_another() -> None:
    assert split_list(b'text/html;level="1;2"; q=0.5', b";") == [b"text/html", b'level="1;2"', b"q=0.5"]


def test_a_hostile_list_is_read_in_linear_time() -> None:
    assert len(split_list(b'",' * 200_000)) == 100_000
