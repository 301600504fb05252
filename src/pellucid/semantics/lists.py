"""The list syntax that many fields share (RFC 9110 section 5.6.1), quoted strings respected; it knows no field."""

from __future__ import annotations


def split_list(value: bytes, separator: bytes = b",") -> list[bytes]:
    """The members of a list, stripped, empty ones left out; a separator within a quoted string does not separate.

    A quoted string that never ends takes all that follows. The work is linear in the value's length.
    """
    parts = value.split(separator)
    if b'"' in value:
        parts = _joined(parts, separator)
    return [member for part in parts if (member := part.strip(b" \t"))]


def _joined(parts: list[bytes], separator: bytes) -> list[bytes]:
    whole: list[bytes] = []
    open_parts: list[bytes] = []
    for part in parts:
        # What is escaped within a quoted string (RFC 9110 section 5.6.4) opens and ends nothing.
        quotes = part.replace(rb"\\", b"").replace(rb"\"", b"").count(b'"')
        if open_parts:
            open_parts.append(part)
            if quotes % 2:
                whole.append(separator.join(open_parts))
                open_parts = []
        elif quotes % 2:
            open_parts = [part]
        else:
            whole.append(part)
    if open_parts:
        whole.append(separator.join(open_parts))
    return whole
