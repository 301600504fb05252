"""What is said of a message's content under every version of HTTP: how long it is, and what may be expected."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.errors import WrongAnswer
from pellucid.protocol.fields import Broken
from pellucid.protocol.limits import UNBOUNDED, Limits

FRAMED_ALIKE = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""Methods whose answers are framed alike, so that a head that goes out again is not spelled anew."""


class Content(NamedTuple):
    """How an answer's content goes out: `wanted` is False where there is none, whatever the app gives; `length` is None
    where it is not known, and `announced` whether it stands in a Content-Length.
    """

    wanted: bool
    length: int | None
    announced: bool


def content_of(method: str, status: int, declared: int | None, length: int | None) -> Content:
    """Decide on the content of an answer whose app declared one length and whose body has another, None for not known.

    Raises WrongAnswer where the two differ (RFC 9110 section 8.6).
    """
    if status == 204:
        return Content(False, 0, False)  # RFC 9110 8.6: no Content-Length with 204
    if status == 205:
        return Content(False, 0, True)  # RFC 9110 15.3.6: no content, and said so
    if length is not None and (type(length) is not int or length < 0):
        raise WrongAnswer(f"a body cannot be {length!r} bytes long (RFC 9110 8.6)")
    bodiless = method == "HEAD" or status == 304
    if declared is not None and length is not None and declared != length and not (bodiless and length == 0):
        raise WrongAnswer(f"a body of {length} bytes with a Content-Length of {declared} (RFC 9110 8.6)")
    if declared is None and length == 0 and bodiless:
        return Content(False, 0, False)  # RFC 9110 8.6: the length of a GET's 200, or nothing
    length = declared if declared is not None else length
    return Content(not bodiless, length, length is not None)


def declared_length(value: bytes | None) -> int | None:
    """The length that an answer's Content-Length gives, None where there is none. Raises WrongAnswer."""
    if value is not None and not (value.isdigit() and len(value) < 19):
        raise WrongAnswer(f"the Content-Length {value!r} is not one row of digits (RFC 9110 8.6)")
    return None if value is None else int(value)


def content_length(value: bytes, limits: Limits) -> int:
    """The length that a request's Content-Length gives; a list, a sign or anything but digits is refused (RFC 9110
    section 8.6). Raises Broken.
    """
    if not value.isdigit():
        raise Broken(400, "Content-Length is not one row of digits (RFC 9110 8.6)")
    most = limits.body_size or UNBOUNDED
    digits = value.lstrip(b"0")
    if len(digits) > 18 or int(digits or b"0") > most:
        raise too_large(most)
    return int(digits or b"0")


def too_large(most: int) -> Broken:
    """The refusal of a body that is larger than body-size."""
    return Broken(413, f"a body of more than {most} bytes: body-size (RFC 9110 15.5.14)")


def check_expectation(value: bytes) -> None:
    """Refuse an expectation other than 100-continue (RFC 9110 section 10.1.1). Raises Broken."""
    if value.lower() != b"100-continue":
        raise Broken(417, "an expectation other than 100-continue (RFC 9110 10.1.1)")
