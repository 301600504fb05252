"""Server-sent events as bytes (WHATWG HTML section 9.2): how they are spelled, and where a client goes on; no I/O."""

from __future__ import annotations

import re

from pellucid.errors import WrongAnswer
from pellucid.message import Headers

MEDIA_TYPE = b"text/event-stream"

LONGEST_ID = 1024
"""How long an event's id may be, in bytes: it comes back in the head of a request, which has a limit too."""


def spell_event(
    data: str | None,
    event: str = "",
    id: str | None = None,  # noqa: A002 - the standard's own name
    retry: int | None = None,
) -> bytes:
    """One event. Data of several lines arrives with LF between them, whatever stood there.

    `event` is its type, "message" where it is empty; `id` is what a client that comes back tells as the last that it
    has seen, and an empty one makes it forget; `retry` is after how many milliseconds it comes back. Without data
    nobody is told of an event, and the rest counts. Raises WrongAnswer for what cannot be told: a line break or NUL in
    `event` or `id`, an id that cannot stand in a field, half of a surrogate pair, a negative time, what is no text.
    """
    lines = []
    if retry is not None:
        lines.append(f"retry: {_milliseconds(retry)}\n")
    if id is not None:
        lines.append(f"id: {_id(id)}\n")
    if event:
        lines.append(f"event: {_type(event)}\n")
    if data is not None:
        lines += [f"data: {line}\n" for line in _lines(data)]
    lines.append("\n")
    return _encoded("".join(lines))


def spell_comment(text: str = "") -> bytes:
    """Lines that no client looks at, as a sign of life."""
    return _encoded("".join(f": {line}\n" for line in _lines(text)) + "\n")


def last_event_id(headers: Headers) -> str:
    """The id of the last event that the client has seen, as it says in Last-Event-ID; empty where it does not, or where
    that cannot have been an id of `spell_event`.
    """
    values = headers.all(b"last-event-id")
    if len(values) != 1 or len(values[0]) > LONGEST_ID:
        return ""
    try:
        told = values[0].decode()
    except UnicodeDecodeError:
        return ""
    return "" if _UNTELLABLE.search(told) else told


# Section 9.2.5: end-of-line = CRLF / LF / CR. That is less than str.splitlines breaks at.
_END_OF_LINE = re.compile(r"\r\n|\n|\r")
_NO_NAME = re.compile(r"[\r\n\0]")
# What a field's value cannot hold, or would lose at its ends (RFC 9110 section 5.5).
_UNTELLABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|\A[ \t]|[ \t]\Z")


def _lines(text: str) -> list[str]:
    _check_text(text, "data")
    if "\r" in text:
        return _END_OF_LINE.split(text)
    return text.split("\n")


def _milliseconds(retry: int) -> int:
    if not isinstance(retry, int) or retry < 0:
        raise WrongAnswer(f"a client comes back after a whole number of milliseconds, not {retry!r:.80}")
    return retry


def _id(name: str) -> str:
    _check_text(name, "id")
    if _UNTELLABLE.search(name) or len(_encoded(name)) > LONGEST_ID:
        raise WrongAnswer(f"an event's id must fit into a field, with which a client comes back: {name[:80]!r}")
    return name


def _type(name: str) -> str:
    _check_text(name, "type")
    if _NO_NAME.search(name):
        raise WrongAnswer(f"a line break or NUL in an event's type: {name[:80]!r}")
    return name


def _check_text(text: object, part: str) -> None:
    if not isinstance(text, str):
        raise WrongAnswer(f"an event's {part} is a str, not {text!r:.80}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise WrongAnswer(f"half of a surrogate pair is no text: {error}") from None
