"""HPACK beside the package hpack: what one encodes the other decodes, and both refuse the same blocks."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import hpack
import pytest
from hpack.huffman_table import decode_huffman

from pellucid.message import Field
from pellucid.protocol.fields import SECRET
from pellucid.protocol.http2.hpack import NO_TABLE, Bomb, Decoder, ListTooLarge, represent
from pellucid.protocol.http2.huffman import CompressionFault, decode, encode
from pellucid.protocol.http2.primitives import spell_integer, spell_string
from pellucid.protocol.http2.static_table import STATIC_TABLE

CONNECTIONS = 260
BLOCKS = 12
STRINGS = 8000
WILD = 20000
PARTS = 4
"""In so many tests each of them is cut."""

NAMES = [name for name, _ in STATIC_TABLE] + [b"x-one", b"x-two", b"priority", b"sec-ch-ua", b"", b"X\xff", b"n" * 200]
VALUES = [b"", b"1", b"gzip, deflate, br", b"text/html;q=0.9", b"\x00\xff\n", b"v" * 150, b"~" * 40, b"w" * 5000]
ALPHABETS = [b"abcdefghij/-. 0123456789", bytes(range(32, 127)), bytes(range(256))]


def text(chance: Random, most: int) -> bytes:
    alphabet = chance.choice(ALPHABETS)
    return bytes(chance.choices(alphabet, k=chance.randrange(most + 1)))


def fields_of(chance: Random, known: list[Field]) -> list[Field]:
    """A header list; half of it are fields that came before."""
    fields = []
    for _ in range(chance.randrange(25)):
        if known and chance.random() < 0.5:
            field = chance.choice(known)
        else:
            name = chance.choice(NAMES) if chance.random() < 0.8 else text(chance, 30)
            field = (name, chance.choice(VALUES) if chance.random() < 0.5 else text(chance, 60))
        fields.append(field)
    known.extend(fields)
    return fields


def other_decoder(table_size: int = 4096) -> hpack.Decoder:
    other = hpack.Decoder(max_header_list_size=1 << 40)
    other.max_allowed_table_size = table_size
    other.header_table_size = table_size
    return other


def decode_with(other: hpack.Decoder, block: bytes) -> tuple[Field, ...]:
    return tuple((bytes(name), bytes(value)) for name, value in other.decode(block, raw=True))


def table_sizes(chance: Random, size: int) -> list[int]:
    """The sizes that a table is given before a block: none, one, or a small one for a moment (RFC 7541 4.2)."""
    sizes = [other for other in (0, 40, 100, 300, 1000, 4095, 4096) if other != size]
    if chance.random() < 0.5:
        return []
    return [chance.choice(sizes)] if chance.random() < 0.5 else sorted(chance.sample(sizes, 2))


@pytest.mark.parametrize("part", range(PARTS))
def test_what_hpack_encodes_is_read_through_all_that_its_table_goes_through(part: int) -> None:
    insertions = 0
    for number in range(part, CONNECTIONS, PARTS):
        chance = Random(number)
        encoder = hpack.Encoder()
        decoder = Decoder(0)
        known: list[Field] = []
        for _ in range(BLOCKS):
            for size in table_sizes(chance, encoder.header_table_size):
                encoder.header_table_size = size
            fields = fields_of(chance, known)
            sensitive = [(name, value, chance.random() < 0.1) for name, value in fields]
            block = encoder.encode(sensitive, huffman=chance.random() < 0.7)
            assert decoder.decode(block) == tuple(fields), f"connection {number}"
            entries = [(bytes(name), bytes(value)) for name, value in encoder.header_table.dynamic_entries]
            assert decoder.dynamic_table == tuple(entries), f"connection {number}"
            insertions += len(entries)
    assert insertions > CONNECTIONS / PARTS * BLOCKS, "too few fields went into the tables to tell much"


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_represented_is_read_by_hpack_whatever_table_it_allows(part: int) -> None:
    for number in range(part, CONNECTIONS, PARTS):
        chance = Random(number)
        other = other_decoder()
        known: list[Field] = []
        for at in range(BLOCKS):
            fields = fields_of(chance, known)
            block = b"".join(represent(*field) for field in fields)
            if at == 1:
                other.max_allowed_table_size = chance.choice([0, 100, 4095])
                block = NO_TABLE + block
            read = other.decode(block, raw=True)
            assert [(bytes(name), bytes(value)) for name, value in read] == fields, f"connection {number}"
            assert [not field.indexable for field in read] == [name in SECRET for name, _ in fields]


@pytest.mark.parametrize("part", range(PARTS))
def test_strings_are_coded_by_both_alike(part: int) -> None:
    codec = hpack.huffman.HuffmanEncoder(
        hpack.huffman_constants.REQUEST_CODES, hpack.huffman_constants.REQUEST_CODES_LENGTH
    )
    for number in range(part, STRINGS, PARTS):
        plain = text(Random(number), 80)
        coded = encode(plain)
        assert coded == codec.encode(plain)
        assert decode(coded) == plain == decode_huffman(coded)


def outcome(read: Callable[[bytes], bytes], data: bytes) -> bytes | None:
    try:
        return read(data)
    except (CompressionFault, hpack.HPACKDecodingError):
        return None


@pytest.mark.parametrize("part", range(PARTS))
def test_of_any_bytes_both_make_the_same_string_or_none(part: int) -> None:
    strings = 0
    for number in range(part, WILD, PARTS):
        chance = Random(number)
        data = chance.randbytes(chance.randrange(1, 8)) + chance.choice([b"", b"", b"\x1f", b"\xff", b"\xff\xff"])
        plain = outcome(decode, data)
        assert plain == outcome(decode_huffman, data), data.hex()
        strings += plain is not None
    assert WILD / PARTS * 0.1 < strings < WILD / PARTS * 0.9


def wild_block(chance: Random) -> bytes:
    """Representations in any order with mistakes in them, some bytes of which were then changed."""
    parts = []
    for _ in range(chance.randrange(8)):
        index = chance.choice([0, 1, 2, 4, 14, 15, 32, 61, chance.randrange(1, 62), chance.randrange(62, 66)])
        first, prefix = chance.choice([(0x80, 0x7F), (0x40, 0x3F), (0x40, 0x3F), (0x00, 0x0F), (0x10, 0x0F)])
        if not index and first == 0x80:
            index = chance.choice([0, 62, 62, 63, 127, 200])
        part = spell_integer(index, prefix, first)
        if first != 0x80:
            part += spell_string(text(chance, 12)) * (2 if index == 0 else 1)
        if chance.random() < 0.02:
            part = spell_integer(chance.choice([0, 30, 31, 100, 4096, 4097]), 0x1F, 0x20)
        parts.append(part)
    if chance.random() < 0.3:
        parts.insert(0, spell_integer(chance.choice([0, 64, 4096, 5000]), 0x1F, 0x20))
    block = bytearray(b"".join(parts))
    while block and chance.random() < 0.2:
        block[chance.randrange(len(block))] = chance.randrange(256)
    return bytes(block[: chance.randrange(len(block) + 1)]) if chance.random() < 0.2 else bytes(block)


# Where Pellucid refuses what hpack reads: a part of the reason, and an example.
STRICTER = [
    ("an integer of more than five octets", bytes.fromhex("00007f8080808000") + b"v" * 127),
    ("a table size update that is not among the first two", bytes.fromhex("202020")),
]


@pytest.mark.parametrize("part", range(PARTS))
def test_of_any_block_both_make_the_same_fields_and_the_same_table_or_refuse_it(part: int) -> None:
    whole = 0
    for number in range(part, WILD, PARTS):
        chance = Random(number)
        decoder, other = Decoder(0), other_decoder()
        for _ in range(3):
            block = wild_block(chance)
            try:
                fields = decoder.decode(block)
            except CompressionFault as fault:
                if not any(why in fault.why for why, _ in STRICTER):
                    with pytest.raises(hpack.HPACKError):
                        other.decode(block, raw=True)
                break
            assert decode_with(other, block) == fields, f"{number}: {block.hex()}"
            entries = tuple((bytes(name), bytes(value)) for name, value in other.header_table.dynamic_entries)
            assert decoder.dynamic_table == entries, f"{number}: {block.hex()}"
            whole += 1
    assert WILD / PARTS * 0.5 < whole < WILD / PARTS * 2, "the blocks are too wild, or too tame, to tell much"


@pytest.mark.parametrize(("why", "block"), STRICTER, ids=[why for why, _ in STRICTER])
def test_each_stricter_row_of_hpack_is_still_a_difference(why: str, block: bytes) -> None:
    with pytest.raises(CompressionFault, match=why):
        Decoder(0).decode(block)
    assert decode_with(other_decoder(), block + b"\x82")[-1] == (b":method", b"GET")


def test_a_list_too_large_for_one_is_too_large_for_the_other() -> None:
    for number in range(500):
        chance = Random(number)
        fields = fields_of(chance, [])
        size = sum(len(name) + len(value) + 32 for name, value in fields)
        block = hpack.Encoder().encode(fields)
        limit = max(size + chance.choice([-1, 0, 1]), 1)
        other = hpack.Decoder(max_header_list_size=limit)
        if size <= limit:
            assert decode_with(other, block) == Decoder(limit).decode(block) == tuple(fields)
        else:
            with pytest.raises((ListTooLarge, Bomb)):
                Decoder(limit).decode(block)
            with pytest.raises(hpack.OversizedHeaderListError):
                other.decode(block, raw=True)
