"""HTTP's dates to seconds and back, in all three formats; it knows no clock: where one matters, `now` is handed in."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
LONG_DAYS = (b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday")
MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


def format_date(seconds: int) -> bytes:
    """The IMF-fixdate of a moment (RFC 9110 section 5.6.7), given in whole seconds since 1970, UTC.

    A moment that four digits of a year cannot say becomes the nearest one that they can.
    """
    days, rest = divmod(min(max(seconds, _FIRST), _LAST), 86400)
    day = date.fromordinal(days + _EPOCH)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return b"%s, %02d %s %04d %02d:%02d:%02d GMT" % (
        *(DAYS[day.weekday()], day.day, MONTHS[day.month - 1], day.year),
        *(hour, minute, second),
    )


def parse_date(value: bytes, now: int = 0) -> int | None:
    """The moment that an HTTP-date names, in seconds since 1970; None for whatever is not one (RFC 9110 section 5.6.7).

    Strict: letter case, spaces, and a day's name that is not that day's are all errors. The two-digit year of the
    rfc850 format is the latest one at most 50 years after `now` in which the day has that name.
    """
    if len(value) > _LONGEST:
        return None
    if match := _RFC850.fullmatch(value):
        name, day, month, short_year, *clock = match.groups()
        return _of_two_digits(name, int(short_year), month, day, clock, now)
    return _of_four_digits(value)


_LONGEST = len(b"Wednesday, 09-Nov-94 08:49:37 GMT")
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST = (date.min.toordinal() - _EPOCH) * 86400
_LAST = (date.max.toordinal() - _EPOCH + 1) * 86400 - 1

_MONTH = b"(" + b"|".join(MONTHS) + b")"
_NAME = b"(" + b"|".join(DAYS) + b")"
_LONG_NAME = b"(" + b"|".join(LONG_DAYS) + b")"
_TIME = rb"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)"

# IMF-fixdate  = day-name "," SP day SP month SP year SP time-of-day SP GMT
_IMF_FIXDATE = re.compile(_NAME + rb", ([0-9]{2}) " + _MONTH + rb" ([0-9]{4}) " + _TIME + b" GMT")
# rfc850-date  = day-name-l "," SP day "-" month "-" 2DIGIT SP time-of-day SP GMT
_RFC850 = re.compile(_LONG_NAME + rb", ([0-9]{2})-" + _MONTH + rb"-([0-9]{2}) " + _TIME + b" GMT")
# asctime-date = day-name SP month SP ( 2DIGIT / ( SP 1DIGIT )) SP time-of-day SP year
_ASCTIME = re.compile(_NAME + b" " + _MONTH + rb" ([0-9]{2}| [0-9]) " + _TIME + b" ([0-9]{4})")


# Clients send back the few dates that they were given, so the same values come again and again.
@lru_cache(1024)
def _of_four_digits(value: bytes) -> int | None:
    if match := _IMF_FIXDATE.fullmatch(value):
        name, day, month, year, *clock = match.groups()
        return _moment(DAYS, name, int(year), month, day, clock)
    if match := _ASCTIME.fullmatch(value):
        name, month, day, *clock, year = match.groups()
        return _moment(DAYS, name, int(year), month, day, clock)
    return None


def _of_two_digits(name: bytes, short_year: int, month: bytes, day: bytes, clock: list[bytes], now: int) -> int | None:
    this_year = date.fromordinal(now // 86400 + _EPOCH).year
    year = this_year + 50 - (this_year + 50 - short_year) % 100
    moment = _moment(LONG_DAYS, name, year, month, day, clock)
    horizon = now + round(50 * 365.2425 * 86400)
    if moment is None or moment > horizon:
        # The later months of the 50th year are too far; a day's name or a leap day may be right in one century only.
        return _moment(LONG_DAYS, name, year - 100, month, day, clock)
    return moment


def _moment(
    names: tuple[bytes, ...], name: bytes, year: int, month: bytes, day: bytes, clock: list[bytes]
) -> int | None:
    hour, minute, second = map(int, clock)
    if second == 60 and (hour, minute) != (23, 59):
        return None
    try:
        calendar = date(year, MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None
    if names[calendar.weekday()] != name:
        return None
    return (calendar.toordinal() - _EPOCH) * 86400 + hour * 3600 + minute * 60 + second
