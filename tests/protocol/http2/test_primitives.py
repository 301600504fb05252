"""Integers and strings of HPACK: as in the RFC, cut off at every octet, and too long to be of use."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.protocol.http2 import primitives
from pellucid.protocol.http2.huffman import CompressionFault, DecodedStrings, encode
from pellucid.protocol.http2.primitives import read_integer, read_string, spell_integer, spell_string

PREFIXES = [0x07, 0x0F, 0x1F, 0x3F, 0x7F, 0xFF]

INTEGERS = [
    ("C.1.1", 10, 0x1F, "0a"),
    ("C.1.2", 1337, 0x1F, "1f9a0a"),
    ("C.1.3", 42, 0xFF, "2a"),
    ("the largest in its prefix", 30, 0x1F, "1e"),
    ("the first behind its prefix", 31, 0x1F, "1f00"),
    ("one more octet", 31 + 127, 0x1F, "1f7f"),
    ("two more octets", 31 + 128, 0x1F, "1f8001"),
    ("four more octets", 31 + 2**28 - 1, 0x1F, "1fffffff7f"),
]


@pytest.mark.parametrize(("name", "value", "prefix", "data"), INTEGERS, ids=[row[0] for row in INTEGERS])
def test_an_integer_is_spelled_as_in_the_rfc(name: str, value: int, prefix: int, data: str) -> None:
    octets = bytes.fromhex(data)
    assert spell_integer(value, prefix) == octets
    assert read_integer(octets, 0, prefix) == (value, len(octets))


def test_what_stands_before_the_prefix_is_no_part_of_the_integer() -> None:
    assert spell_integer(10, 0x1F, 0x20) == b"\x2a"
    assert spell_integer(1337, 0x1F, 0xE0) == b"\xff\x9a\x0a"
    assert read_integer(b"\x82\x2a\x82", 1, 0x1F) == (10, 2)
    assert read_integer(b"\x82\xff\x9a\x0a\x82", 1, 0x1F) == (1337, 4)


def test_zeros_before_an_integer_are_read_within_its_octets() -> None:
    assert read_integer(b"\x1f\x80\x80\x80\x00", 0, 0x1F) == (31, 5)


@settings(deadline=None)
@given(st.integers(0, 2**28 - 1), st.sampled_from(PREFIXES), st.binary(max_size=3), st.binary(max_size=3))
def test_an_integer_comes_back(value: int, prefix: int, before: bytes, behind: bytes) -> None:
    data = spell_integer(value, prefix, 0xFF - prefix)
    assert read_integer(before + data + behind, len(before), prefix) == (value, len(before + data))


@pytest.mark.parametrize("data", ["1f", "1f9a", "1fff", "1fffffff"])
def test_an_integer_that_is_cut_off_is_a_fault(data: str) -> None:
    with pytest.raises(CompressionFault, match="a block that ends in an integer"):
        read_integer(bytes.fromhex(data), 0, 0x1F)


@pytest.mark.parametrize("data", ["1fffffffff", "1f8080808000", "1fffffffff7f", "1f" + "80" * 1000 + "00"])
def test_an_integer_of_more_than_five_octets_is_a_fault(data: str) -> None:
    with pytest.raises(CompressionFault, match="an integer of more than five octets"):
        read_integer(bytes.fromhex(data), 0, 0x1F)


STRINGS = [
    ("a plain one", "0a637573746f6d2d6b6579", b"custom-key"),
    ("an empty one", "00", b""),
    ("an empty one in Huffman's code", "80", b""),
    ("one in Huffman's code", "8825a849e95ba97d7f", b"custom-key"),
    ("one of 126", "7e" + "61" * 126, b"a" * 126),
    ("one of 127", "7f00" + "61" * 127, b"a" * 127),
    ("one of 128", "7f01" + "61" * 128, b"a" * 128),
    ("any octets", "04000aff80", b"\x00\x0a\xff\x80"),
]


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize(("name", "data", "octets"), STRINGS, ids=[row[0] for row in STRINGS])
def test_a_string_is_read_with_its_place(name: str, data: str, octets: bytes, secret: bool) -> None:
    block = bytes.fromhex("82" + data + "84")
    assert read_string(block, 1, secret) == (octets, len(block) - 1)


@pytest.mark.parametrize(("name", "data", "octets"), STRINGS, ids=[row[0] for row in STRINGS])
def test_a_string_that_is_cut_off_anywhere_is_a_fault(name: str, data: str, octets: bytes) -> None:
    block = bytes.fromhex(data)
    for end in range(len(block)):
        with pytest.raises(CompressionFault, match=r"a block that ends (before a string|in a string|in an integer)"):
            read_string(block[:end], 0)


@pytest.mark.parametrize(
    ("octets", "data"),
    [
        (b"", "00"),
        (b"custom-key", "8825a849e95ba97d7f"),
        (b"&", "0126"),
        (b"a", "0161"),
        (b"aa", "0261 61"),
        (b"aaa", "82 18c7"),
        (b"\x00\xff", "0200ff"),
        (b"a" * 203, "ff00" + "18c6318c63" * 25 + "18c7"),
    ],
)
def test_a_string_is_spelled_in_the_shorter_way(octets: bytes, data: str) -> None:
    assert spell_string(octets) == bytes.fromhex(data)


@settings(deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=3), st.binary(max_size=3))
def test_a_string_comes_back(octets: bytes, before: bytes, behind: bytes) -> None:
    data = spell_string(octets)
    assert len(data) <= len(octets) + 2 + (len(octets) >= 127 + 128)
    assert read_string(before + data + behind, len(before)) == (octets, len(before + data))


def test_a_secret_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DecodedStrings()
    monkeypatch.setattr(primitives, "_decoded_strings", kept)
    data = spell_string(b"no-cache")
    assert read_string(data, 0, secret=True) == (b"no-cache", len(data))
    assert not kept
    assert read_string(data, 0) == (b"no-cache", len(data))
    assert dict(kept) == {encode(b"no-cache"): b"no-cache"}
