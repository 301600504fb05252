"""Fields: what a line may be on its way in, what an app may send, and how little is remembered of either."""

import pytest

from pellucid.errors import WrongAnswer
from pellucid.protocol.fields import (
    KEPT,
    KEPT_LENGTH,
    NOT_IN_TRAILERS,
    Broken,
    CheckedFields,
    ReadLines,
    SpelledLines,
    check_field,
    check_outgoing,
    check_outgoing_trailers,
    check_trailers,
    parse_line,
)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"Name: value", (b"name", b"value")),
        (b"name:value", (b"name", b"value")),
        (b"NAME: \t value \t", (b"name", b"value")),
        (b"name:", (b"name", b"")),
        (b"name: \t ", (b"name", b"")),
        (b"name: a: b\tc", (b"name", b"a: b\tc")),
        (b"!#$%&'*+-.^_`|~0aZ: x", (b"!#$%&'*+-.^_`|~0az", b"x")),
        (b"name: \x80\xff", (b"name", b"\x80\xff")),
    ],
)
def test_a_line_is_read_as_a_small_name_and_a_stripped_value(line: bytes, field: tuple[bytes, bytes]) -> None:
    assert parse_line(line) == field


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "without a colon (RFC 9112 5)"),
        (b"name", "without a colon (RFC 9112 5)"),
        (b":", "name that is no token (RFC 9110 5.1)"),
        (b": value", "name that is no token (RFC 9110 5.1)"),
        (b" name: value", "obs-fold (RFC 9112 5.2)"),
        (b"\tname: value", "obs-fold (RFC 9112 5.2)"),
        (b"name : value", "white space before the colon of a field (RFC 9112 5.1)"),
        (b"name\t: value", "white space before the colon of a field (RFC 9112 5.1)"),
        (b"na me: value", "name that is no token (RFC 9110 5.1)"),
        (b"n\xe4me: value", "name that is no token (RFC 9110 5.1)"),
        (b'n"me: value', "name that is no token (RFC 9110 5.1)"),
    ],
)
def test_a_line_without_a_right_name_is_refused(line: bytes, why: str) -> None:
    with pytest.raises(Broken) as caught:
        parse_line(line)
    assert caught.value.status == 400
    assert why in caught.value.why
    assert str(caught.value) == caught.value.why


@pytest.mark.parametrize("byte", [*range(9), *range(10, 32), 127])
def test_no_control_character_passes_in_or_out(byte: int) -> None:
    for value in (b"a%cb" % byte, b"%c" % byte, b"a%c" % byte):
        with pytest.raises(Broken, match=r"field name: a control character in the value \(RFC 9110 5.5\)"):
            parse_line(b"name: " + value)
        with pytest.raises(WrongAnswer, match=r"the field name has a control character in its value \(RFC 9110 5.5\)"):
            check_outgoing(b"name", value)


@pytest.mark.parametrize("value", [b"", b"a", b"a b", b"a\tb", b"\xff"])
def test_a_right_field_goes_out(value: bytes) -> None:
    check_outgoing(b"x-a", value)
    assert SpelledLines()[(b"x-a", value)] == b"x-a: " + value + b"\r\n"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (b"", b"a", "no lower-case token"),
        (b"A", b"a", "no lower-case token"),
        (b"a b", b"a", "no lower-case token"),
        (b"a:", b"a", "no lower-case token"),
        (b"a\r\nb", b"a", "no lower-case token"),
        (b"\xe9", b"a", "no lower-case token"),
        (b"a", b" a", "white space around its value"),
        (b"a", b"a\t", "white space around its value"),
        ("a", b"a", "not str and bytes"),
        (b"a", "a", "not bytes and str"),
        (b"a", 5, "not bytes and int"),
    ],
)
def test_a_wrong_field_does_not_go_out(name: bytes, value: bytes, why: str) -> None:
    with pytest.raises(WrongAnswer, match=why):
        SpelledLines()[(name, value)]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (b"", b"a", "no token (RFC 9110 5.1)"),
        (b"a b", b"a", "no token (RFC 9110 5.1)"),
        (b":path", b"a", "no token (RFC 9110 5.1)"),
        (b"a\n", b"a", "no token (RFC 9110 5.1)"),
        (b"\xe9", b"a", "no token (RFC 9110 5.1)"),
        (b"Name", b"a", "in upper case (RFC 9113 8.2)"),
        (b"name", b"a\r\nb: c", "a control character in the value (RFC 9110 5.5)"),
        (b"name", b"a\0", "a control character in the value (RFC 9110 5.5)"),
        (b"name", b" a", "white space around the value (RFC 9113 8.2.1)"),
        (b"name", b"a\t", "white space around the value (RFC 9113 8.2.1)"),
    ],
)
def test_a_name_and_a_value_that_break_a_rule_are_refused(name: bytes, value: bytes, why: str) -> None:
    with pytest.raises(Broken) as caught:
        CheckedFields()[(name, value)]
    assert caught.value.status == 400
    assert why in caught.value.why


def test_right_fields_are_checked_once_and_secrets_each_time() -> None:
    checked = CheckedFields()
    for field in [(b"a", b""), (b"a", b"b c"), (b"cookie", b"a=b"), (b"x-long", b"a" * KEPT_LENGTH), (b"a", b"\xff")]:
        check_field(*field)
        assert checked[field] == field
    assert set(checked) == {(b"a", b""), (b"a", b"b c"), (b"a", b"\xff")}
    for at in range(KEPT + 5):
        checked[(b"a", b"%d" % at)]
        assert len(checked) <= KEPT


def test_a_trailer_of_an_app_that_belongs_into_the_head_is_wrong() -> None:
    check_outgoing_trailers([(b"digest", b"a")])
    with pytest.raises(WrongAnswer, match=r"not allowed in the trailers \(RFC 9110 6.5.1\)"):
        check_outgoing_trailers([(b"content-length", b"5")])


def test_lines_that_come_again_are_read_once_and_bounded() -> None:
    lines = ReadLines()
    assert lines[b"A: b"] is lines[b"A: b"]
    for at in range(KEPT + 5):
        assert lines[b"A: %d" % at] == (b"a", b"%d" % at)
        assert len(lines) <= KEPT


def test_fields_that_go_again_are_spelled_once_and_bounded() -> None:
    lines = SpelledLines()
    assert lines[(b"a", b"b")] is lines[(b"a", b"b")]
    for at in range(KEPT + 5):
        assert lines[(b"a", b"%d" % at)] == b"a: %d\r\n" % at
        assert len(lines) <= KEPT


@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"set-cookie", b"proxy-authorization"])
def test_a_secret_is_not_remembered(name: bytes) -> None:
    read, spelled = ReadLines(), SpelledLines()
    assert read[name.title() + b": a"] == (name, b"a")
    assert spelled[(name, b"a")] == name + b": a\r\n"
    assert (read, spelled) == ({}, {})


def test_a_long_line_is_not_remembered() -> None:
    read, spelled = ReadLines(), SpelledLines()
    assert read[b"a: " + b"b" * KEPT_LENGTH][1] == b"b" * KEPT_LENGTH
    assert len(spelled[(b"a", b"b" * KEPT_LENGTH)]) > KEPT_LENGTH
    assert (read, spelled) == ({}, {})


def test_what_is_wrong_is_wrong_again() -> None:
    lines = ReadLines()
    for _ in range(2):
        with pytest.raises(Broken):
            lines[b"a"]


def test_trailers_that_frame_route_or_authenticate_are_refused() -> None:
    check_trailers([(b"digest", b"a"), (b"server-timing", b"b"), (b"etag", b"c")])
    for name in NOT_IN_TRAILERS:
        with pytest.raises(Broken) as caught:
            check_trailers([(b"digest", b"a"), (name, b"b")])
        assert caught.value.why == f"{name.decode()} is not allowed in the trailers (RFC 9110 6.5.1)"
