"""A host is the same one in all spellings."""

import pytest

from pellucid.semantics.host import host_of


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"", b""),
        (b":80", b""),
        (b"a.example", b"a.example"),
        (b"A.b:1", b"a.b"),
        (b"a.b.", b"a.b"),
        (b"a.b.:1", b"a.b"),
        (b"[::1]", b"[::1]"),
        (b"[FE80::1]:2", b"[fe80::1]"),
    ],
)
def test_a_host_is_spelled_in_one_way(authority: bytes, host: bytes) -> None:
    assert host_of(authority) == host
