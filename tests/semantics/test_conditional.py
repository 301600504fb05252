"""The five preconditions, their order, and the two ways to compare."""

import pytest

from pellucid.semantics.conditional import parse_tags, precondition, range_applies
from pellucid.semantics.dates import format_date

TAG = b'"a,b"'
MODIFIED = 784111777
NOW = 1_793_000_000
BEFORE, EXACTLY, AFTER = (format_date(MODIFIED + shift) for shift in (-1, 0, 1))

IF_MATCH, IF_NONE_MATCH = b"if-match", b"if-none-match"
SINCE, NOT_SINCE = b"if-modified-since", b"if-unmodified-since"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize(
    ("fields", "for_readers", "for_writers"),
    [
        ({}, None, None),
        ({IF_MATCH: TAG}, None, None),
        ({IF_MATCH: b'"x", "a,b"'}, None, None),
        ({IF_MATCH: b"*"}, None, None),
        ({IF_MATCH: b'"x"'}, 412, 412),
        ({IF_MATCH: b"W/" + TAG}, 412, 412),
        ({IF_MATCH: b"a,b"}, 412, 412),
        ({IF_MATCH: b""}, 412, 412),
        ({NOT_SINCE: EXACTLY}, None, None),
        ({NOT_SINCE: AFTER}, None, None),
        ({NOT_SINCE: BEFORE}, 412, 412),
        ({NOT_SINCE: b"yesterday"}, None, None),
        ({NOT_SINCE: BEFORE + b", " + BEFORE}, None, None),
        ({IF_MATCH: TAG, NOT_SINCE: BEFORE}, None, None),
        ({IF_NONE_MATCH: TAG}, 304, 412),
        ({IF_NONE_MATCH: b"W/" + TAG}, 304, 412),
        ({IF_NONE_MATCH: b'"x" , , W/"a,b"'}, 304, 412),
        ({IF_NONE_MATCH: b"*"}, 304, 412),
        ({IF_NONE_MATCH: b'"x"'}, None, None),
        ({IF_NONE_MATCH: b'"a", "b"'}, None, None),
        ({IF_NONE_MATCH: b""}, None, None),
        ({IF_NONE_MATCH: b"a,b"}, None, 412),
        ({SINCE: EXACTLY}, 304, None),
        ({SINCE: AFTER}, 304, None),
        ({SINCE: BEFORE}, None, None),
        ({SINCE: b"0"}, None, None),
        ({IF_NONE_MATCH: b'"x"', SINCE: AFTER}, None, None),
        ({IF_MATCH: TAG, IF_NONE_MATCH: TAG}, 304, 412),
        ({IF_MATCH: b'"x"', IF_NONE_MATCH: TAG}, 412, 412),
        ({NOT_SINCE: BEFORE, IF_NONE_MATCH: TAG}, 412, 412),
        ({NOT_SINCE: EXACTLY, SINCE: EXACTLY}, 304, None),
    ],
)
def test_preconditions_in_their_order(
    method: str, fields: dict[bytes, bytes], for_readers: int | None, for_writers: int | None
) -> None:
    expected = for_writers if method == "PUT" else for_readers
    assert precondition(method, fields, TAG, MODIFIED, NOW) == expected


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({IF_MATCH: b"*"}, 412),
        ({IF_MATCH: TAG}, 412),
        ({IF_NONE_MATCH: b"*"}, None),
        ({IF_NONE_MATCH: TAG}, None),
        ({SINCE: AFTER}, None),
        ({NOT_SINCE: BEFORE}, None),
    ],
)
def test_where_there_is_nothing_yet_only_its_creation_may_go_on(
    fields: dict[bytes, bytes], outcome: int | None
) -> None:
    assert precondition("PUT", fields, None, None, NOW) == outcome
    assert precondition("GET", fields, None, None, NOW) == outcome


def test_a_weak_tag_satisfies_no_if_match() -> None:
    assert precondition("GET", {IF_MATCH: b'W/"a"'}, b'W/"a"', None, NOW) == 412
    assert precondition("GET", {IF_NONE_MATCH: b'"a"'}, b'W/"a"', None, NOW) == 304


@pytest.mark.parametrize(
    ("value", "applies"),
    [
        (None, True),
        (TAG, True),
        (b'"x"', False),
        (b"W/" + TAG, False),
        (TAG + b", " + TAG, False),
        (b"*", False),
        (EXACTLY, True),
        (BEFORE, False),
        (AFTER, False),
        (b"yesterday", False),
        (b"", False),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", True),
    ],
)
def test_if_range_compares_strongly_and_exactly(value: bytes | None, applies: bool) -> None:
    assert range_applies(value, TAG, MODIFIED, NOW) is applies


def test_if_range_never_trusts_a_weak_tag_or_a_date_of_this_second() -> None:
    assert not range_applies(b'W/"a"', b'W/"a"', None, NOW)
    assert not range_applies(EXACTLY, TAG, MODIFIED, MODIFIED)
    assert not range_applies(EXACTLY, TAG, None, NOW)


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (b'""', [b'""']),
        (b'"a"', [b'"a"']),
        (b',"a",, W/"b\\" ,', [b'"a"', b'W/"b\\"']),
        (b'"\xff,!"', [b'"\xff,!"']),
        (b"", []),
        (b'w/"a"', None),
        (b'W/ "a"', None),
        (b'"a" "b"', None),
        (b'"a', None),
        (b'"a b"', None),
        (b"a", None),
        (b'"a",*', None),
    ],
)
def test_a_list_of_tags_is_read_whole_or_not_at_all(value: bytes, tags: list[bytes] | None) -> None:
    assert parse_tags(value) == tags


@pytest.mark.parametrize("filler", [b'"a",', b'"', b", ", b'W/"a" ', b'"a'])
def test_a_hostile_list_of_tags_costs_little(filler: bytes) -> None:
    value = filler * 100_000 + b"x"
    assert parse_tags(value) is None
    assert precondition("GET", {IF_NONE_MATCH: value}, TAG, None, NOW) is None
