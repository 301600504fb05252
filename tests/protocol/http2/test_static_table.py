"""The static table: as the RFC has it."""

import pytest

from pellucid.protocol.http2.static_table import STATIC_TABLE


@pytest.mark.parametrize(
    ("index", "field"),
    [
        (1, (b":authority", b"")),
        (2, (b":method", b"GET")),
        (8, (b":status", b"200")),
        (14, (b":status", b"500")),
        (15, (b"accept-charset", b"")),
        (16, (b"accept-encoding", b"gzip, deflate")),
        (32, (b"cookie", b"")),
        (33, (b"date", b"")),
        (58, (b"user-agent", b"")),
        (61, (b"www-authenticate", b"")),
    ],
)
def test_a_field_has_its_index(index: int, field: tuple[bytes, bytes]) -> None:
    assert STATIC_TABLE[index - 1] == field


def test_there_are_61_and_no_two_alike() -> None:
    assert len(STATIC_TABLE) == len(set(STATIC_TABLE)) == 61


def test_behind_the_pseudo_fields_they_stand_nearly_in_the_order_of_their_names() -> None:
    names = [name for name, _ in STATIC_TABLE[14:]]
    assert [name for name in names if name != b"accept"] == sorted(set(names) - {b"accept"})
    assert names.index(b"accept") == names.index(b"accept-ranges") + 1
