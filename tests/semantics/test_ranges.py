"""Byte ranges: what they ask for, what they cost and how they are told."""

import pytest

from pellucid.semantics.ranges import closing, content_range, parse_ranges, part_heads, unsatisfied_range

HUGE = b"9" * 5000


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        (b"bytes=0-499", ((0, 500),)),
        (b"Bytes=500-999", ((500, 1000),)),
        (b"bytes=-500", ((9500, 10000),)),
        (b"bytes=9500-", ((9500, 10000),)),
        (b"bytes=0-", ((0, 10000),)),
        (b"bytes=0-0,-1", ((0, 1), (9999, 10000))),
        (b"bytes= 0-999, 4500-5499, -1000", ((0, 1000), (4500, 5500), (9000, 10000))),
        (b"bytes=500-600,601-999", ((500, 1000),)),
        (b"bytes=500-700,601-999", ((500, 1000),)),
        (b"bytes=5-5,5-5,5-5", ((5, 6),)),
        (b"bytes=-1,0-0", ((9999, 10000), (0, 1))),
        (b"bytes=7000-7999,0-9,5-20,6000-6999", ((6000, 8000), (0, 21))),
        (b"bytes=100-199,0-49,50-99", ((0, 200),)),
        (b"bytes=0-9,20-29,10-19", ((0, 30),)),
        (b"bytes=0-99,10-19", ((0, 100),)),
        (b"bytes=,0-1,,2-3 ,", ((0, 4),)),
        (b"bytes=-99999", ((0, 10000),)),
        (b"bytes=0-99999", ((0, 10000),)),
        (b"bytes=0-" + HUGE, ((0, 10000),)),
        (b"bytes=-" + HUGE, ((0, 10000),)),
        (b"bytes=" + b"0" * 5000 + b"1-1", ((1, 2),)),
        (b"bytes=0-0,10000-", ((0, 1),)),
        (b"bytes=10000-", ()),
        (b"bytes=10000-10001", ()),
        (b"bytes=" + HUGE + b"-", ()),
        (b"bytes=-0", ()),
        (b"bytes=-0,20000-", ()),
    ],
)
def test_ranges_are_read_merged_and_kept_in_order(value: bytes, spans: tuple[tuple[int, int], ...]) -> None:
    assert parse_ranges(value, 10000) == spans


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"bytes",
        b"bytes=",
        b"bytes= , ,",
        b"bytes=-",
        b"bytes=1",
        b"bytes=a-b",
        b"bytes=2-1",
        b"bytes=0-1,2-1",
        b"bytes=1-2-3",
        b"bytes=+1-2",
        b"bytes=1 -2",
        b"bytes=--1",
        b"bytes =0-1",
        b"seconds=0-1",
        b"bytes=0-1;x",
        "bytes=\u0661-".encode(),
    ],
)
def test_what_is_not_a_byte_range_is_ignored(value: bytes) -> None:
    assert parse_ranges(value, 10000) is None


@pytest.mark.parametrize("value", [b"bytes=0-", b"bytes=-5", b"bytes=0-0", b"bytes=5-"])
def test_of_an_empty_content_there_are_no_ranges(value: bytes) -> None:
    assert parse_ranges(value, 0) is None


def test_more_ranges_than_allowed_are_ignored_in_all() -> None:
    assert len(parse_ranges(b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(0, 64, 2)), 100) or ()) == 32
    assert parse_ranges(b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(0, 66, 2)), 100) is None
    assert parse_ranges(b"bytes=0-0,2-2", 100, 1) is None
    assert parse_ranges(b"bytes=0-0", 100, 0) is None
    assert parse_ranges(b"bytes=" + b"0-," * 100_000, 100) is None


def test_content_range_counts_from_nought_to_the_last() -> None:
    assert content_range((0, 500), 1234) == b"bytes 0-499/1234"
    assert unsatisfied_range(1234) == b"bytes */1234"


def test_the_parts_of_a_multipart_body() -> None:
    heads = part_heads([(500, 1000), (7000, 8000)], 8000, b"application/pdf", b"THIS")
    assert heads == [
        b"--THIS\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-999/8000\r\n\r\n",
        b"\r\n--THIS\r\nContent-Type: application/pdf\r\nContent-Range: bytes 7000-7999/8000\r\n\r\n",
    ]
    assert closing(b"THIS") == b"\r\n--THIS--\r\n"
