"""The grammar: sets and patterns at their edges."""

import pytest

from pellucid.protocol.grammar import (
    AUTHORITY,
    CHUNK,
    ESCAPED_DELIMITER,
    FIELD_VALUE,
    QUERY_ACCEPTED,
    TOKEN,
    is_token,
    list_members,
)


def test_a_token_is_what_the_rfc_says() -> None:
    delimiters = b'"(),/:;<=>?@[\\]{}'
    assert sorted(TOKEN) == [byte for byte in range(0x21, 0x7F) if byte not in delimiters]
    assert is_token(TOKEN)
    assert not is_token(b"")
    assert not is_token(b"a b")


def test_a_value_holds_what_can_be_seen_and_spaces_and_tabs() -> None:
    assert sorted(FIELD_VALUE) == [0x09, *range(0x20, 0x7F), *range(0x80, 0x100)]


def test_nothing_that_ends_a_target_is_in_one() -> None:
    assert not set(b' \t\r\n\x00\x7f#"<>') & set(QUERY_ACCEPTED)
    assert max(QUERY_ACCEPTED) < 0x7F


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (b"a", b"a", None),
        (b"a:", b"a", b""),
        (b"a:80", b"a", b"80"),
        (b"[::1]:80", b"[::1]", b"80"),
        (b"a%c3%A9", b"a%c3%A9", None),
        (b"a" * 255, b"a" * 255, None),
    ],
)
def test_an_authority_is_host_and_port(text: bytes, host: bytes, port: bytes | None) -> None:
    match = AUTHORITY.fullmatch(text)
    assert match is not None
    assert (match["host"], match["port"]) == (host, port)


@pytest.mark.parametrize(
    "text",
    [b"", b":80", b"a:b", b"a:123456", b"a,b", b"a b", b"a/", b"a?", b"a@b", b"[::1", b"[]", b"[g::]", b"a" * 256],
)
def test_what_is_no_authority(text: bytes) -> None:
    assert AUTHORITY.fullmatch(text) is None


def test_the_escapes_of_delimiters_and_controls_are_told_from_others() -> None:
    refused = {*range(0x20), 0x7F, *b":/?#[]@\\"}
    for spelling in (b"%%%02x", b"%%%02X"):
        assert {byte for byte in range(256) if ESCAPED_DELIMITER.fullmatch(spelling % byte)} == refused


def test_a_chunk_line_is_judged_in_no_time_however_it_is_made() -> None:
    for part in (b" ", b"\t", b"; a", b";a=", b' ;a="', b'\\"', b";a = b "):
        line = b"5" + part * (256 // len(part)) + b"\x00"
        assert CHUNK.fullmatch(line) is None


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", []),
        (b" , ,\t", []),
        (b"a", [b"a"]),
        (b"Close , ,keep-Alive", [b"close", b"keep-alive"]),
        (b"a b", [b"a b"]),
    ],
)
def test_a_list_is_its_members_in_small_letters(value: bytes, members: list[bytes]) -> None:
    assert list_members(value) == members
