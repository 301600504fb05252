"""A request's path, as it stands on the wire, to the names of folders and files and back; it knows no file system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote_from_bytes, unquote_to_bytes


class Fault(Enum):
    """What is wrong with a path: the number is the status to answer with."""

    MALFORMED = 400  # a percent sign that is not followed by two hexadecimal digits (RFC 3986 section 2.1)
    UNSERVABLE = 404  # well-formed, but it names no file that anyone would serve


@dataclass(frozen=True, slots=True)
class Route:
    """A path, decoded once and never again: its names, and what its slashes say."""

    segments: tuple[bytes, ...]
    folder: bool
    """It ends with a slash: the folder is meant, not a file."""
    doubled: bool
    """It has empty segments: `canonical_path` of the same names is a better way to say it."""


def parse_path(path: bytes) -> Route | Fault:
    """The names in a percent-encoded path, or why it names nothing.

    Each name is decoded exactly once (RFC 3986 section 2.4), and must be servable, however it was spelled.
    """
    if not path.startswith(b"/"):
        return Fault.UNSERVABLE
    raw = path.split(b"/")[1:]
    names = [segment for segment in raw if segment]
    folder = not raw[-1]
    if b"%" in path:
        if path.count(b"%") != len(_ENCODED.findall(path)):
            return Fault.MALFORMED
        names = [unquote_to_bytes(segment) for segment in names]
    if not all(map(servable, names)):
        return Fault.UNSERVABLE
    return Route(tuple(names), folder, len(names) + folder != len(raw))


def servable(name: bytes) -> bool:
    """Whether a decoded name can stand in a path: not one with a slash, a backslash or a NUL in it, nor `.` or `..`.

    On some file system or other it would lead elsewhere.
    """
    return name not in _DOTS and not _SEPARATORS.search(name)


def canonical_path(segments: tuple[bytes, ...], *, folder: bool) -> bytes:
    """The path of these names, encoded: it begins with exactly one slash.

    So, in a Location field, it can never be read as another host's (`//evil.example`, RFC 3986 section 4.2).
    """
    path = "/".join(quote_from_bytes(segment, safe=_PCHAR) for segment in segments).encode()
    return b"/%b/" % path if folder and segments else b"/" + path


_ENCODED = re.compile(rb"%[0-9A-Fa-f]{2}")
_SEPARATORS = re.compile(rb"[/\\\0]")
_DOTS = (b".", b"..")

# pchar = unreserved / pct-encoded / sub-delims / ":" / "@"  (RFC 3986 section 3.3); letters, digits and -._~ are given.
_PCHAR = "!$&'()*+,;=:@"
