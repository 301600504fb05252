"""HPACK: to the byte as in the RFC, every fault, the table's bookkeeping, bombs, and what is remembered of answers."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import WrongAnswer
from pellucid.message import Field
from pellucid.protocol.fields import KEPT, KEPT_LENGTH, SECRET
from pellucid.protocol.http2 import primitives
from pellucid.protocol.http2.hpack import (
    BOMB,
    KEPT_TAILS,
    NO_TABLE,
    TAIL_LENGTH,
    Bomb,
    Decoder,
    ListTooLarge,
    Representations,
    Statuses,
    encode_field,
    encode_status,
    represent,
)
from pellucid.protocol.http2.huffman import CompressionFault, DecodedStrings
from pellucid.protocol.http2.primitives import spell_integer, spell_string
from pellucid.protocol.http2.static_table import STATIC_TABLE
from protocol.http2.appendix_c import CONVERSATIONS, Example, fields_of

LIMIT = 32768


def indexed(name: bytes, value: bytes) -> bytes:
    """A literal with a name of its own that goes into the dynamic table."""
    return b"\x40" + spell_string(name) + spell_string(value)


def resized(size: int) -> bytes:
    """An update of the dynamic table's size."""
    return spell_integer(size, 0x1F, 0x20)


def reference(index: int) -> bytes:
    """A field by its index."""
    return spell_integer(index, 0x7F, 0x80)


def table_of(decoder: Decoder) -> list[Field]:
    """The dynamic table, newest entry first, of which it is known that its size is right."""
    assert decoder.dynamic_table_size == size_of(*decoder.dynamic_table)
    return list(decoder.dynamic_table)


def size_of(*fields: Field) -> int:
    return sum(len(name) + len(value) + 32 for name, value in fields)


@pytest.mark.parametrize(
    ("table_size", "examples"), CONVERSATIONS, ids=[examples[0].section for _, examples in CONVERSATIONS]
)
def test_the_conversations_of_the_rfc_are_read_as_it_says(table_size: int, examples: list[Example]) -> None:
    decoder = Decoder(LIMIT, table_size)
    for example in examples:
        assert decoder.decode(bytes.fromhex(example.block)) == fields_of(example.fields), example.section
        assert decoder.dynamic_table == fields_of(example.table), example.section
        assert decoder.dynamic_table_size == example.size, example.section


# The fields of appendix C as they go out without a dynamic table: what is in the static table to the byte, the others
# with the RFC's Huffman strings behind another first octet.
REPRESENTED = [
    (b":method", b"GET", "82"),
    (b":method", b"POST", "83"),
    (b":scheme", b"http", "86"),
    (b":scheme", b"https", "87"),
    (b":path", b"/", "84"),
    (b":path", b"/index.html", "85"),
    (b":authority", b"www.example.com", "01 8c f1e3c2e5f23a6ba0ab90f4ff"),
    (b"cache-control", b"no-cache", "0f09 86 a8eb10649cbf"),
    (b"cache-control", b"private", "0f09 85 aec3771a4b"),
    (b"custom-key", b"custom-value", "00 88 25a849e95ba97d7f 89 25a849e95bb8e8b4bf"),
    (b":status", b"302", "08 82 6402"),
    (b":status", b"307", "08 0333 3037"),
    (b":status", b"200", "88"),
    (b"date", b"Mon, 21 Oct 2013 20:13:21 GMT", "0f12 96 d07abe941054d444a8200595040b8166e082a62d1bff"),
    (b"location", b"https://www.example.com", "0f1f 91 9d29ad171863c78f0b97c8e9ae82ae43d3"),
    (b"content-encoding", b"gzip", "0f0b 83 9bd9ab"),
    (
        b"set-cookie",
        b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        "1f28 ad 94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ),
]


@pytest.mark.parametrize(("name", "value", "data"), REPRESENTED)
def test_the_fields_of_the_rfc_are_represented_without_a_table(name: bytes, value: bytes, data: str) -> None:
    assert represent(name, value).hex() == bytes.fromhex(data).hex()
    assert Decoder(LIMIT).decode(bytes.fromhex(data)) == ((name, value),)


@pytest.mark.parametrize(("index", "field"), list(enumerate(STATIC_TABLE, 1)))
def test_each_field_of_the_static_table_goes_out_and_comes_in_by_its_index(index: int, field: Field) -> None:
    decoder = Decoder(LIMIT)
    assert decoder.decode(reference(index)) == (field,)
    assert decoder.decode(represent(*field)) == (field,)
    assert field[0] in SECRET or represent(*field) == reference(index)


FAULTS = [
    ("80", "has the index 0"),
    ("8280", "has the index 0"),
    ("be", "has the index 62"),
    ("bf", "has the index 63"),
    ("fe", "has the index 126"),
    ("ff00", "has the index 127"),
    ("ffffffff7f", "has the index 268435582"),
    ("7e0161", "has the index 62"),
    ("7f000161", "has the index 63"),
    ("0f2f0161", "has the index 62"),
    ("1f2f0161", "has the index 62"),
    ("ff", "ends in an integer"),
    ("ff80", "ends in an integer"),
    ("ffffffffff01", "an integer of more than five octets"),
    ("ff8080808000", "an integer of more than five octets"),
    ("7fffffffffff", "an integer of more than five octets"),
    ("0fffffffffff", "an integer of more than five octets"),
    ("3fffffffffff", "an integer of more than five octets"),
    ("007fffffffffff", "an integer of more than five octets"),
    ("40", "ends before a string"),
    ("00", "ends before a string"),
    ("10", "ends before a string"),
    ("41", "ends before a string"),
    ("0f", "ends in an integer"),
    ("4001", "ends in a string"),
    ("400161", "ends before a string"),
    ("40016101", "ends in a string"),
    ("417fffffff7f", "ends in a string"),
    ("418361", "ends in a string"),
    ("4184ffffffff", "EOS in a Huffman string"),
    ("4181ff", "padding of a Huffman string"),
    ("41821fff", "padding of a Huffman string"),
    ("418118", "padding of a Huffman string"),
    ("40811861", "padding of a Huffman string"),
    ("0f118118", "padding of a Huffman string"),
    ("1f118118", "padding of a Huffman string"),
    ("3fe21f", "a table size update to more than 4096"),
    ("20 3fe21f", "a table size update to more than 4096"),
    ("3fffffff7f", "a table size update to more than 4096"),
    ("202020", "a table size update that is not among the first two"),
    ("20 3fe11f 3fe11f", "a table size update that is not among the first two"),
    ("8220", "a table size update that is not among the first two"),
    ("82 3fe11f 84", "a table size update that is not among the first two"),
    ("3f", "ends in an integer"),
    ("3fe1", "ends in an integer"),
]


@pytest.mark.parametrize("limit", [0, 20, LIMIT])
@pytest.mark.parametrize(("block", "why"), FAULTS)
def test_what_breaks_the_rfc_is_a_fault(block: str, why: str, limit: int) -> None:
    with pytest.raises(CompressionFault, match=why) as caught:
        Decoder(limit).decode(bytes.fromhex(block))
    assert caught.value.why == str(caught.value)
    assert "(RFC 7541 " in caught.value.why


WHOLE = [bytes.fromhex(example.block) for _, examples in CONVERSATIONS for example in examples[:1]]
WHOLE += [
    b"\x82\x84" + indexed(b"a", b"b") + reference(62) + indexed(b"c" * 200, b"d" * 300) + reference(63) + b"\x87",
    resized(0) + resized(4096) + indexed(b"name", b"value") + represent(b"cookie", b"secret") + reference(62),
    represent(b"location", b"/" * 200) + represent(b"x-" + b"\xff" * 130, b"\x00" * 130) + b"\x88",
    b"".join(indexed(b"n%d" % number, b"") for number in range(70)) + reference(127) + reference(131),
]


@pytest.mark.parametrize("block", WHOLE, ids=range(len(WHOLE)))
def test_a_block_that_is_cut_off_anywhere_is_a_fault_unless_it_is_between_fields(block: bytes) -> None:
    fields = Decoder(LIMIT).decode(block)
    parts: list[tuple[Field, ...]] = []
    reasons: list[str] = []
    for end in range(len(block)):
        try:
            parts.append(Decoder(LIMIT).decode(block[:end]))
        except CompressionFault as fault:
            reasons.append(fault.why)
    assert all(why.startswith("a block that ends") for why in reasons)
    assert all(fields[: len(part)] == part for part in parts)
    assert {len(part) for part in parts} == set(range(len(fields)))
    assert len(parts) - len(fields) == (2 if block.startswith(resized(0)) else 0)


def test_an_empty_block_has_no_fields() -> None:
    assert Decoder(LIMIT).decode(b"") == ()


def test_the_newest_entry_comes_first_and_two_may_be_alike() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"a", b"1") + indexed(b"b", b"2") + indexed(b"a", b"1"))
    assert table_of(decoder) == [(b"a", b"1"), (b"b", b"2"), (b"a", b"1")]
    assert decoder.decode(b"\xbe\xbf\xc0") == decoder.dynamic_table
    assert decoder.dynamic_table_size == 3 * 34


def test_the_oldest_entries_give_way_to_a_new_one() -> None:
    decoder = Decoder(LIMIT, 100)
    decoder.decode(indexed(b"a", b"1") + indexed(b"b", b"2"))
    decoder.decode(indexed(b"c", b""))  # 34 + 34 + 33 is one too many
    assert table_of(decoder) == [(b"c", b""), (b"b", b"2")]
    decoder.decode(indexed(b"", b""))  # 33 + 34 + 32 fits
    assert table_of(decoder) == [(b"", b""), (b"c", b""), (b"b", b"2")]
    assert decoder.dynamic_table_size == 99


def test_an_entry_that_just_fits_is_alone_and_one_that_does_not_leaves_nothing() -> None:
    decoder = Decoder(LIMIT, 100)
    decoder.decode(indexed(b"a", b"1") + indexed(b"name", b"v" * 64))
    assert table_of(decoder) == [(b"name", b"v" * 64)]
    assert decoder.decode(indexed(b"name", b"v" * 65)) == ((b"name", b"v" * 65),)
    assert table_of(decoder) == []
    assert decoder.decode(indexed(b"a", b"1") + b"\xbe") == ((b"a", b"1"), (b"a", b"1"))


def test_a_new_entry_may_have_the_name_of_one_that_gives_way_to_it() -> None:
    decoder = Decoder(LIMIT, 100)
    decoder.decode(indexed(b"name", b"v" * 60))
    assert decoder.decode(b"\x7e" + spell_string(b"w" * 60)) == ((b"name", b"w" * 60),)
    assert table_of(decoder) == [(b"name", b"w" * 60)]


def test_literals_that_are_not_indexed_leave_the_table_alone() -> None:
    decoder = Decoder(LIMIT)
    for kind in (b"\x00", b"\x10"):
        assert decoder.decode(kind + spell_string(b"a") + spell_string(b"b")) == ((b"a", b"b"),)
    assert table_of(decoder) == []
    assert decoder.changes == 0


@pytest.mark.parametrize(("first", "prefix"), [(0x40, 0x3F), (0x00, 0x0F), (0x10, 0x0F)])
@pytest.mark.parametrize("index", [1, 14, 15, 16, 61, 62, 63, 64, 126])
def test_a_name_is_found_by_its_index_in_either_table(first: int, prefix: int, index: int) -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(b"".join(indexed(b"n%d" % number, b"") for number in range(65)))
    name = (*STATIC_TABLE, *decoder.dynamic_table)[index - 1][0]
    assert decoder.decode(spell_integer(index, prefix, first) + spell_string(b"new")) == ((name, b"new"),)


def test_a_smaller_size_lets_the_oldest_go_and_the_size_can_be_restored() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"a", b"1") + indexed(b"b", b"2") + indexed(b"c", b"3"))
    decoder.decode(resized(68))
    assert table_of(decoder) == [(b"c", b"3"), (b"b", b"2")]
    decoder.decode(resized(67) + b"\x82")
    assert table_of(decoder) == [(b"c", b"3")]
    decoder.decode(indexed(b"d", b"4"))
    assert table_of(decoder) == [(b"d", b"4")]
    assert decoder.decode(resized(0) + resized(4096)) == ()
    assert table_of(decoder) == []
    decoder.decode(indexed(b"a", b"1") + indexed(b"b", b"2") + indexed(b"c", b"3"))
    assert len(decoder.dynamic_table) == 3


def test_our_own_update_tells_that_there_is_no_table() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"a", b"1"))
    assert decoder.decode(NO_TABLE + encode_status(200)) == ((b":status", b"200"),)
    assert table_of(decoder) == []
    assert resized(0) == NO_TABLE


@pytest.mark.parametrize(
    ("block", "changed"),
    [
        (b"", False),
        (b"\x82\xbe\xbf", False),
        (represent(b"x-name", b"value"), False),
        (resized(4096), False),
        (resized(4096) * 2 + b"\xbe", False),
        (resized(4095), True),
        (resized(40), True),
        (resized(40) + resized(4096), True),
        (indexed(b"x-name", b"value"), True),
        (indexed(b"a", b"1"), True),
        (indexed(b"x-name", b"v" * 5000), True),
    ],
)
def test_changes_grow_with_all_that_changes_the_table(block: bytes, changed: bool) -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"a", b"1") + indexed(b"a", b"1"))
    before = decoder.changes
    fields = decoder.decode(block)
    assert (decoder.changes > before) is changed
    if not changed:
        assert decoder.decode(block) == fields


def at_path(path: bytes) -> bytes:
    """A path as a literal that no table takes up."""
    return b"\x04" + spell_string(path)


def test_what_stands_behind_a_literal_again_means_what_the_table_says_now() -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"a", b"1"))
    for path in (b"/", b"/2", b"/3"):
        assert decoder.decode(at_path(path) + b"\x86\xbe") == ((b":path", path), (b":scheme", b"http"), (b"a", b"1"))
    decoder.decode(indexed(b"a", b"2"))
    assert decoder.decode(at_path(b"/") + b"\x86\xbe") == ((b":path", b"/"), (b":scheme", b"http"), (b"a", b"2"))
    decoder.decode(resized(0))
    with pytest.raises(CompressionFault):
        decoder.decode(at_path(b"/") + b"\x86\xbe")


def test_what_stands_behind_a_literal_goes_into_the_table_each_time() -> None:
    decoder = Decoder(LIMIT)
    block = at_path(b"/") + indexed(b"a", b"1")
    assert decoder.decode(block) == decoder.decode(block)
    assert table_of(decoder) == [(b"a", b"1")] * 2


def test_what_stands_behind_a_literal_counts_each_time() -> None:
    decoder = Decoder(1000)
    decoder.decode(indexed(*FIELD))
    small, large = at_path(b"/"), at_path(b"/" + b"p" * 200)
    assert decoder.decode(small + b"\xbe" * 9) == ((b":path", b"/"), *[FIELD] * 9)
    with pytest.raises(ListTooLarge) as caught:
        decoder.decode(large + b"\xbe" * 9)
    assert caught.value.fields[1:] == (FIELD,) * 9


def test_what_is_kept_of_what_stands_behind_literals_is_bounded() -> None:
    decoder = Decoder(LIMIT)
    for number in range(KEPT_TAILS * 3):
        decoder.decode(at_path(b"/") + b"\x86" * (number + 1))
    decoder.decode(at_path(b"/") + b"\x86" * (TAIL_LENGTH + 1))
    kept = decoder._tails
    assert 0 < len(kept) <= KEPT_TAILS
    assert max(map(len, kept)) <= TAIL_LENGTH


FIELD = (b"x-field", b"v" * 61)
"""A field that counts 100."""


def test_a_list_may_count_as_much_as_its_limit_and_one_more_is_too_large() -> None:
    decoder = Decoder(1000)
    assert decoder.decode(indexed(*FIELD) + b"\xbe" * 9) == (FIELD,) * 10
    with pytest.raises(ListTooLarge, match=r"too large \(RFC 9113 10.5.1\)") as caught:
        decoder.decode(b"\xbe" * 9 + indexed(FIELD[0], FIELD[1] + b"v"))
    assert caught.value.fields == (FIELD,) * 9 + ((FIELD[0], FIELD[1] + b"v"),)


def test_behind_a_list_that_is_too_large_the_table_is_in_step() -> None:
    decoder = Decoder(1000)
    with pytest.raises(ListTooLarge):
        decoder.decode(indexed(*FIELD) + b"\xbe" * 20 + indexed(b"last", b"entry"))
    assert decoder.decode(b"\xbe\xbf") == ((b"last", b"entry"), FIELD)


def test_a_list_of_four_times_its_limit_is_read_and_what_is_beyond_is_a_bomb() -> None:
    decoder = Decoder(1000)
    with pytest.raises(ListTooLarge):
        decoder.decode(indexed(*FIELD) + b"\xbe" * (BOMB * 10 - 1))
    with pytest.raises(Bomb, match=r"more than 4 times its limit \(RFC 9113 10.5.1\)") as caught:
        decoder.decode(b"\xbe" * (BOMB * 10) + b"\x82")
    assert caught.value.why == str(caught.value)


def test_a_bomb_is_not_read_to_its_end() -> None:
    with pytest.raises(Bomb):
        Decoder(1000).decode(indexed(*FIELD) + b"\xbe" * 40 + b"\x80")  # at its end there is a fault


@pytest.mark.parametrize(
    "spark",
    [
        reference(62),
        b"\x0f\x2f\x00",
        b"\x7e\x00",
        b"\x00\x00\x00",
        b"\x40\x00\x00",
        represent(b"a", b"b" * 4000),
    ],
    ids=["by index", "by name", "by name, indexed", "empty", "empty, indexed", "long literals"],
)
def test_a_bomb_costs_little_memory_however_long_its_block_is(spark: bytes) -> None:
    decoder = Decoder(LIMIT)
    decoder.decode(indexed(b"n" * 2000, b"v" * 2000))
    block = spark * (8_000_000 // len(spark))
    tracemalloc.start()
    try:
        with pytest.raises(Bomb):
            decoder.decode(block)
        assert tracemalloc.get_traced_memory()[1] < 40 * LIMIT
    finally:
        tracemalloc.stop()


def test_without_a_limit_all_is_read_and_a_reference_copies_nothing() -> None:
    decoder = Decoder(0)
    (field,) = decoder.decode(indexed(b"n" * 2000, b"v" * 2000))
    fields = decoder.decode(b"\xbe" * 100_000)
    assert len(fields) == 100_000
    assert all(other is field for other in fields)


NAMES = st.one_of(
    st.binary(max_size=20), st.sampled_from([name for name, _ in STATIC_TABLE]), st.sampled_from([b"a", b"b"])
)
FIELDS = st.lists(st.one_of(st.tuples(NAMES, st.binary(max_size=60)), st.sampled_from(STATIC_TABLE)), max_size=20)


@settings(deadline=None)
@given(FIELDS)
def test_what_is_represented_is_read(fields: list[Field]) -> None:
    decoder = Decoder(0)
    assert decoder.decode(b"".join(represent(*field) for field in fields)) == tuple(fields)
    assert table_of(decoder) == []
    assert decoder.changes == 0


@settings(deadline=None)
@given(st.lists(FIELDS, max_size=8), st.integers(0, 400))
def test_the_table_holds_the_newest_entries_that_fit(blocks: list[list[Field]], table_size: int) -> None:
    decoder = Decoder(0, table_size)
    newest: list[Field] = []
    for fields in blocks:
        assert decoder.decode(b"".join(indexed(*field) for field in fields)) == tuple(fields)
        for field in fields:
            newest = [field, *newest]
            while size_of(*newest) > table_size:
                newest.pop()
        assert table_of(decoder) == newest


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from([0, 100, LIMIT]))
def test_any_bytes_are_read_or_refused_and_the_table_keeps_its_bounds(blocks: list[bytes], limit: int) -> None:
    decoder = Decoder(limit)
    for block in blocks:
        try:
            fields = decoder.decode(block)
        except ListTooLarge as large:
            fields = large.fields
            assert limit < size_of(*fields) <= limit * BOMB
        except (CompressionFault, Bomb):
            break
        else:
            assert not limit or size_of(*fields) <= limit
        assert size_of(*table_of(decoder)) <= 4096


@settings(deadline=None)
@given(st.sampled_from(sorted(SECRET)), st.binary(max_size=60))
def test_a_secret_is_never_to_be_indexed(name: bytes, value: bytes) -> None:
    data = represent(name, value)
    assert data[0] & 0xF0 == 0x10
    assert Decoder(LIMIT).decode(data) == ((name, value),)


def test_a_secret_that_comes_in_is_in_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DecodedStrings()
    monkeypatch.setattr(primitives, "_decoded_strings", kept)
    for name in SECRET:
        for first in (b"\x40", b"\x00", b"\x10"):
            block = first + spell_string(name) + spell_string(b"secret-value")
            assert Decoder(LIMIT).decode(block) == ((name, b"secret-value"),)
    assert set(kept.values()) == SECRET
    assert Decoder(LIMIT).decode(indexed(b"x-name", b"some-value")) == ((b"x-name", b"some-value"),)
    assert b"some-value" in kept.values()


@pytest.mark.parametrize("status", [100, 101, 103, 200, 204, 302, 304, 404, 418, 500, 599])
def test_a_status_goes_out(status: int) -> None:
    assert Decoder(LIMIT).decode(encode_status(status)) == ((b":status", b"%d" % status),)


@pytest.mark.parametrize("status", [-1, 0, 99, 600, 1000, True, "200", b"200", None, 418.5])
def test_what_is_no_status_does_not_go_out(status: object) -> None:
    with pytest.raises(WrongAnswer, match=r"is no status code \(RFC 9110 15\)"):
        encode_status(status)  # type: ignore[arg-type]  # apps are not all typed


def test_each_status_is_spelled_once() -> None:
    statuses = Statuses()
    assert statuses[418] is statuses[418]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (b"", b"a", "no lower-case token"),
        (b"Name", b"a", "no lower-case token"),
        (b":path", b"a", "no lower-case token"),
        (b"na me", b"a", "no lower-case token"),
        (b"name\r\n", b"a", "no lower-case token"),
        (b"name", b"a\r\nb: c", "a control character in its value"),
        (b"name", b"a\x00", "a control character in its value"),
        (b"set-cookie", b"a\n", "a control character in its value"),
        (b"name", b" a", "white space around its value"),
        (b"name", "a", "a field is a pair of bytes"),
    ],
)
def test_a_field_that_must_not_go_out_is_wrong_each_time(name: bytes, value: bytes, why: str) -> None:
    for _ in range(2):
        with pytest.raises(WrongAnswer, match=why):
            encode_field((name, value))


def test_the_representation_of_a_field_is_remembered() -> None:
    kept = Representations()
    field = (b"x-name", b"value")
    assert kept[field] == represent(*field)
    assert kept[field] is kept[field]


@pytest.mark.parametrize("field", [*((name, b"a") for name in sorted(SECRET)), (b"x-name", b"v" * KEPT_LENGTH)])
def test_the_representation_of_a_secret_or_a_long_field_is_not(field: Field) -> None:
    kept = Representations()
    assert kept[field] == represent(*field)
    assert not kept


def test_what_is_remembered_of_representations_is_bounded() -> None:
    kept = Representations()
    for number in range(KEPT * 2 + 10):
        field = (b"content-length", b"%d" % number)
        assert kept[field] == represent(*field)
        assert len(kept) <= KEPT
