"""The parts of a form that carries files (RFC 7578, RFC 2046 section 5.1), as its bytes arrive; it knows no file."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum

from pellucid.message import END, End

MOST_PARTS = 1000
"""How many parts a form may have."""

LONGEST_HEAD = 8192
"""How long the fields at the head of a part may be, in bytes."""


class BrokenForm(Exception):
    """The form breaks a rule, which the text tells."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part begins: the name of its field, and what the client calls the file; None where it is no file."""

    name: bytes
    file: bytes | None


PartEvent = Part | bytes | End
"""A part begins, some of its bytes, and its end."""


def boundary_of(content_type: bytes) -> bytes | None:
    """What parts the parts, from a Content-Type; None where it is no such form (RFC 2046 section 5.1.1)."""
    kind, _, parameters = content_type.partition(b";")
    if kind.strip().lower() != b"multipart/form-data":
        return None
    match = _BOUNDARY.search(b";" + parameters)
    return (match[1] or match[2]) if match else None


class Form:
    """A form as it arrives. After `feed` has given its last part, it is `finished`."""

    __slots__ = ("_at", "_buffer", "_delimiter", "_parts", "_state")

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first delimiter is like the others
        self._state = _State.BEFORE
        self._parts = 0
        self._at = 0

    @property
    def finished(self) -> bool:
        """Whether its end has come; what follows means nothing."""
        return self._state is _State.AFTER

    def feed(self, data: bytes) -> Iterator[PartEvent]:
        """What these bytes bring; all of it is to be taken. Raises BrokenForm."""
        self._buffer += data
        self._at = 0
        more = True
        while more and self._state is not _State.AFTER:
            if self._state is _State.HEAD:
                more = yield from self._read_head()
            else:
                more = yield from self._read_content()
        self._buffer = b"" if self._state is _State.AFTER else self._buffer[self._at :]

    def _read_content(self) -> Generator[PartEvent, None, bool]:
        # What goes before a delimiter, and the delimiter with the line that it ends; whether that was there.
        buffer, inside = self._buffer, self._state is _State.CONTENT
        found = buffer.find(self._delimiter, self._at)
        # Without one, the last bytes may still be the beginning of one.
        end = found if found >= 0 else max(self._at, len(buffer) - len(self._delimiter) + 1)
        if inside and end > self._at:
            yield buffer[self._at : end]
        self._at = end
        behind = found + len(self._delimiter)
        if found < 0 or len(buffer) < behind + 2:
            return False
        last = buffer.startswith(b"--", behind)
        line = behind if last else buffer.find(b"\r\n", behind)
        padding = buffer[behind : line if line >= 0 else len(buffer)]
        if padding.rstrip(b"\r").strip(b" \t") or len(padding) > LONGEST_HEAD:
            raise BrokenForm("a delimiter with something behind it (RFC 2046 5.1.1)")
        if line < 0:
            return False
        if inside:
            yield END
        # The end of the line stays: behind it a part without fields has its empty line.
        self._state, self._at = (_State.AFTER if last else _State.HEAD), line
        return True

    def _read_head(self) -> Generator[PartEvent, None, bool]:
        end = self._buffer.find(b"\r\n\r\n", self._at)
        if (end if end >= 0 else len(self._buffer)) - self._at > LONGEST_HEAD:
            raise BrokenForm("the fields of a part are too long")
        if end < 0:
            return False
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise BrokenForm(f"more than {MOST_PARTS} parts")
        yield _part(self._buffer[self._at : end])
        self._state, self._at = _State.CONTENT, end + 4
        return True


class _State(Enum):
    BEFORE = 1
    HEAD = 2
    CONTENT = 3
    AFTER = 4


# RFC 2046 5.1.1: bchars; a boundary of 1 to 70 of them that does not end in a space.
_BOUNDARY = re.compile(
    rb"""; [ \t]* boundary= (?: "([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])" | ([\w'+.-]{1,70}) )""",
    re.VERBOSE | re.IGNORECASE,
)
# RFC 7578 4.2, as browsers write it: whatever but a quote, which is %22 then.
_PARAMETER = re.compile(rb';[ \t]*([a-z]+)=(?:"([^"\r\n]*)"|([^ \t";\r\n]+))', re.IGNORECASE)
_ESCAPED = {b"%22": b'"', b"%0D": b"\r", b"%0A": b"\n"}


def _part(head: bytes) -> Part:
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() == b"content-disposition":
            told = {match[1].lower(): _plain(match[2] or match[3] or b"") for match in _PARAMETER.finditer(value)}
            if value.partition(b";")[0].strip().lower() == b"form-data" and b"name" in told:
                return Part(told[b"name"], told.get(b"filename"))
    raise BrokenForm("a part that does not tell its name (RFC 7578 4.2)")


def _plain(value: bytes) -> bytes:
    return re.sub(rb"%(?:22|0[DA])", lambda match: _ESCAPED[match[0]], value)
