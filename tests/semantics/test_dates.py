"""Dates: three formats in, one out."""

import pytest

from pellucid.semantics.dates import format_date, parse_date

FAMOUS = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, the RFC's example
IN_2026 = 1_793_000_000


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (FAMOUS, b"Sun, 06 Nov 1994 08:49:37 GMT"),
        (951782400, b"Tue, 29 Feb 2000 00:00:00 GMT"),
        (-1, b"Wed, 31 Dec 1969 23:59:59 GMT"),
        (253402300799, b"Fri, 31 Dec 9999 23:59:59 GMT"),
        (10**15, b"Fri, 31 Dec 9999 23:59:59 GMT"),
        (-(10**15), b"Mon, 01 Jan 0001 00:00:00 GMT"),
    ],
)
def test_a_moment_is_written_as_imf_fixdate(seconds: int, written: bytes) -> None:
    assert format_date(seconds) == written


@pytest.mark.parametrize("seconds", [-62135596800, -1, 0, FAMOUS, 1709164800, 4102444800, 253402300799])
def test_what_was_written_is_read_back(seconds: int) -> None:
    assert parse_date(format_date(seconds)) == seconds


@pytest.mark.parametrize(
    ("value", "now", "seconds"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 0, FAMOUS),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", IN_2026, FAMOUS),
        (b"Sun Nov  6 08:49:37 1994", 0, FAMOUS),
        (b"Wed Nov 16 08:49:37 1994", 0, FAMOUS + 864000),
        (b"Sat, 31 Dec 2016 23:59:60 GMT", 0, 1483228800),
    ],
)
def test_all_three_formats_are_read(value: bytes, now: int, seconds: int) -> None:
    assert parse_date(value, now) == seconds


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (b"Thursday, 01-Jan-76 00:00:00 GMT", b"Thu, 01 Jan 1976 00:00:00 GMT"),
        (b"Friday, 01-Jan-76 00:00:00 GMT", None),
        (b"Wednesday, 01-Jan-76 00:00:00 GMT", b"Wed, 01 Jan 2076 00:00:00 GMT"),
        (b"Friday, 31-Dec-76 00:00:00 GMT", b"Fri, 31 Dec 1976 00:00:00 GMT"),  # in 2076 more than 50 years away
        (b"Saturday, 01-Jan-77 00:00:00 GMT", b"Sat, 01 Jan 1977 00:00:00 GMT"),
        (b"Saturday, 01-Jan-00 00:00:00 GMT", b"Sat, 01 Jan 2000 00:00:00 GMT"),
        (b"Thursday, 31-Feb-26 00:00:00 GMT", None),
    ],
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead(value: bytes, written: bytes | None) -> None:
    moment = parse_date(value, IN_2026)
    assert (None if moment is None else format_date(moment)) == written


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"0",
        b"Sun, 06 Nov 1994 08:49:37",
        b"Sun, 06 Nov 1994 08:49:37 UTC",
        b"Sun, 06 Nov 1994 08:49:37 +0000",
        b"sun, 06 nov 1994 08:49:37 gmt",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun,  06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT ",
        b"Sun, 06 Nov 1994 24:00:00 GMT",
        b"Sun, 06 Nov 1994 08:60:37 GMT",
        b"Sun, 06 Nov 1994 08:49:60 GMT",
        b"Sun, 31 Nov 1994 08:49:37 GMT",
        b"Sat, 00 Jan 0000 00:00:00 GMT",
        b"Mon, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun Nov 6 08:49:37 1994",
        b"Monday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:3\u0667 GMT".encode(),
        b"x" * 100_000,
    ],
)
def test_whatever_is_not_a_date_is_none(value: bytes) -> None:
    assert parse_date(value, IN_2026) is None
