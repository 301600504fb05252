"""Huffman's code: to the byte as in the RFC, every fault that its end can have, and what is remembered of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.protocol.fields import KEPT, KEPT_LENGTH
from pellucid.protocol.http2.huffman import LENGTHS, CompressionFault, DecodedStrings, decode, encode

# RFC 7541 appendix C.4 and C.6.
STRINGS = [
    (b"www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"),
    (b"no-cache", "a8eb10649cbf"),
    (b"custom-key", "25a849e95ba97d7f"),
    (b"custom-value", "25a849e95bb8e8b4bf"),
    (b"302", "6402"),
    (b"307", "640eff"),
    (b"private", "aec3771a4b"),
    (b"Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"),
    (b"Mon, 21 Oct 2013 20:13:22 GMT", "d07abe941054d444a8200595040b8166e084a62d1bff"),
    (b"https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"),
    (b"gzip", "9bd9ab"),
    (
        b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ),
    (b"", ""),
]

# RFC 7541 appendix B: an octet, its code and how many bits that has.
CODES = [
    (0, 0x1FF8, 13),
    (10, 0x3FFFFFFC, 30),
    (22, 0x3FFFFFFE, 30),
    (ord(" "), 0x14, 6),
    (ord("/"), 0x18, 6),
    (ord("0"), 0x0, 5),
    (ord("Z"), 0xFD, 8),
    (ord("\\"), 0x7FFF0, 19),
    (ord("~"), 0x1FFD, 13),
    (127, 0xFFFFFFC, 28),
    (128, 0xFFFE6, 20),
    (199, 0x1FFFFEC, 25),
    (249, 0xFFFFFFE, 28),
    (255, 0x3FFFFEE, 26),
]

EOS = "1" * 30


def octets(bits: str) -> bytes:
    """Whole octets from bits and the white space between them."""
    bits = bits.replace(" ", "")
    assert len(bits) % 8 == 0
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


@pytest.mark.parametrize(("plain", "coded"), STRINGS)
def test_the_strings_of_the_rfc_are_coded_to_the_byte(plain: bytes, coded: str) -> None:
    assert encode(plain).hex() == coded
    assert decode(bytes.fromhex(coded)) == plain


@pytest.mark.parametrize(("octet", "code", "length"), CODES)
def test_an_octet_has_its_code(octet: int, code: int, length: int) -> None:
    padding = -length % 8
    assert encode(bytes((octet,))) == (((code + 1) << padding) - 1).to_bytes((length + padding) // 8, "big")
    assert LENGTHS[octet] == length


def test_the_code_uses_every_bit_there_is() -> None:
    assert len(LENGTHS) == 257
    assert sum(2 ** (30 - length) for length in LENGTHS) == 2**30


def test_each_pair_of_octets_comes_back() -> None:
    for first in range(256):
        for second in (0, 10, 48, 92, 97, 127, 200, 255, first):
            assert decode(encode(bytes((first, second)))) == bytes((first, second))


# Strings, and with how many ones they are filled up.
PADDED = [
    ("11111000", 0, b"&"),
    ("1110100 1", 1, b"j"),
    ("100011 11", 2, b"b"),
    ("00011 111", 3, b"a"),
    ("00011 1110100 1111", 4, b"aj"),
    ("00011 100011 11111", 5, b"ab"),
    ("1111111011 111111", 6, b")"),
    ("11111111011 100011 1111111", 7, b"+b"),
]
PADDED_IDS = [plain.decode() for _, _, plain in PADDED]


@pytest.mark.parametrize(("bits", "ones", "plain"), PADDED, ids=PADDED_IDS)
def test_a_string_is_filled_up_with_as_many_ones_as_it_takes(bits: str, ones: int, plain: bytes) -> None:
    assert decode(octets(bits)) == plain
    assert encode(plain) == octets(bits)


@pytest.mark.parametrize("more", [8, 16])
@pytest.mark.parametrize(("bits", "ones", "plain"), PADDED, ids=PADDED_IDS)
def test_more_than_seven_ones_at_the_end_are_a_fault(bits: str, ones: int, plain: bytes, more: int) -> None:
    with pytest.raises(CompressionFault, match="the padding of a Huffman string is not up to 7 ones"):
        decode(octets(bits + "1" * more))


@pytest.mark.parametrize(("bits", "ones", "plain"), PADDED, ids=PADDED_IDS)
def test_no_padding_with_a_zero_in_it_is_taken_for_one(bits: str, ones: int, plain: bytes) -> None:
    code = bits.replace(" ", "")
    code = code[: len(code) - ones]
    for padding in range(2**ones - 1):
        data = octets(f"{code}{padding:0{ones}b}")
        other = decode_or_none(data)
        assert other is None or (ones >= 5 and encode(other) == data and len(other) == len(plain) + 1)


def decode_or_none(data: bytes) -> bytes | None:
    try:
        return decode(data)
    except CompressionFault:
        return None


@pytest.mark.parametrize(
    "bits",
    [
        EOS + "11",
        EOS + "00011 11111",
        "00011" + EOS + "11111",
        "11111000" + EOS + "11",
        "11" + EOS,
        "1111111010" + EOS,
    ],
)
def test_the_end_of_string_symbol_is_a_fault(bits: str) -> None:
    for _ in range(2):
        with pytest.raises(CompressionFault, match="EOS in a Huffman string") as caught:
            decode(octets(bits))
        assert caught.value.why == str(caught.value)


@settings(deadline=None)
@given(st.binary())
def test_what_is_encoded_is_decoded(plain: bytes) -> None:
    assert decode(encode(plain)) == plain


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_one_string_has_one_code(data: bytes) -> None:
    plain = decode_or_none(data)
    assert plain is None or encode(plain) == data


@settings(deadline=None)
@given(st.binary())
def test_a_string_is_never_decoded_to_much_more(data: bytes) -> None:
    assert len(decode_or_none(data) or b"") <= len(data) * 8 / 5


def test_a_string_is_remembered() -> None:
    kept = DecodedStrings()
    assert kept[encode(b"no-cache")] == b"no-cache"
    assert dict(kept) == {encode(b"no-cache"): b"no-cache"}
    assert kept[encode(b"no-cache")] is kept[encode(b"no-cache")]


def test_a_fault_is_a_fault_each_time() -> None:
    kept = DecodedStrings()
    for _ in range(2):
        with pytest.raises(CompressionFault):
            kept[b"\xff"]
    assert not kept


@pytest.mark.parametrize("plain", [b"/a?b=c", b"/?", b"a" * (KEPT_LENGTH + 1)])
def test_a_path_with_a_query_and_a_long_string_are_not_remembered(plain: bytes) -> None:
    kept = DecodedStrings()
    assert kept[encode(plain)] == plain
    assert not kept


@pytest.mark.parametrize("plain", [b"", b"/a", b'"Not?A_Brand"', b"?0", b"a" * KEPT_LENGTH])
def test_other_strings_are(plain: bytes) -> None:
    kept = DecodedStrings()
    assert kept[encode(plain)] == plain
    assert list(kept.values()) == [plain]


def test_what_is_remembered_of_huffman_strings_is_bounded() -> None:
    kept = DecodedStrings()
    for number in range(KEPT * 2 + 10):
        plain = b"%d" % number
        assert kept[encode(plain)] == plain
        assert len(kept) <= KEPT
