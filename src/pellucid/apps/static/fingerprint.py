"""Whether a build tool has put a hash of the content into a file's name; it knows names and types, and no file.

A browser that was told to keep a file for a year does not see its changes, so only what is certain counts: to ask once
too often costs little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise


def fingerprinted(names: Sequence[bytes], content_type: bytes) -> bool:
    """Whether the content of the file at this path can never change, as far as its name tells.

    Scripts, styles, WebAssembly and fonts are named by build tools; pictures, sound and films also by people, so that
    for them only hexadecimal digits count; pages, documents, data and archives are what people come back to by name.
    """
    name, folders = names[-1], tuple(names[:-1])
    built = name.rpartition(b".")[2].lower() in _BUILT
    if not built and not content_type.startswith((b"image/", b"audio/", b"video/")):
        return False
    if any(pair in _IMMUTABLE for pair in pairwise(folders)):
        return True
    if any(_hexadecimal(part) for part in _parts_of(name)):
        return True
    generous = b"assets" in folders
    if built:
        return any(_coded(part, generous) for part in _parts_of(name)) or _base32(name)
    return generous and any(_coded(part, False) for part in _parts_of(name))


# .map is of a script or a style.
_BUILT = frozenset(b"css js mjs cjs map wasm woff woff2 ttf otf eot".split())

# SvelteKit's and Next.js's folders: all in them is named by its content, or by the build.
_IMMUTABLE = frozenset([(b"_app", b"immutable"), (b"_next", b"static")])

# Between `.` or `-` and `.`; rollup's and Vite's eight characters of base64url may hold `-` and `_` themselves.
_PART = re.compile(rb"(?<=[.-])[0-9A-Za-z]{8,64}(?=\.)")
_BASE64URL = re.compile(rb"(?<=[.-])(?=.{0,7}[_-])[0-9A-Za-z_-]{8}(?=\.)")
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_YEAR = re.compile(rb"(?:19|20)[0-9]{2}")
_DATE = re.compile(rb"(?:19|20)[0-9]{6}")

_HEXADECIMAL = re.compile(rb"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,64}")
_TURN = re.compile(rb"(?<=[0-9])(?=[a-f])|(?<=[a-f])(?=[0-9])")

# What people would call the words of a name such as darkMode2 or HTML5Video.
_WORD = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SAYABLE = re.compile(rb"(?=.*[aeiouyAEIOUY])(?:[A-Z][a-z]{2,}|[A-Za-z]{4,})")

# esbuild: eight characters of A-Z and 2-7; what is split off is always called chunk.
_BASE32 = re.compile(rb"(?:(?P<chunk>\Achunk)|.)[.-](?P<hash>[A-Z2-7]{8})\.")
_LOUD_WORD = re.compile(rb"(?=(?:.*[AEIOUY]){2})(?!.*[B-DF-HJ-NP-TV-XZ]{4})[A-Z]{5,}[2-7]*|[2-7]+")


def _parts_of(name: bytes) -> list[bytes]:
    # An identifier that looks like a hash names something that may change.
    name = _UUID.sub(b"", name)
    return _PART.findall(name) + _BASE64URL.findall(name)


def _hexadecimal(part: bytes) -> bool:
    return (
        _HEXADECIMAL.fullmatch(part) is not None
        and not _DATE.match(part)
        and len(_TURN.findall(part)) > 1  # not facade2024
    )


def _coded(part: bytes, generous: bool) -> bool:
    """Whether the part is more random than what people write: in both cases, and of many very short words."""
    words = _WORD.findall(part)
    separated = not part.isalnum()
    if part in (part.lower(), part.upper()) or _YEAR.match(part):
        return False
    if generous and len(part) == 8:
        return len(words) >= (4 if separated else 3)
    if len(words) * 2 == len(part) and not separated:
        return any(map(bytes.isdigit, words)) and not any(map(_SAYABLE.fullmatch, words))
    return len(words) * 2 > len(part)


def _base32(name: bytes) -> bool:
    match = _BASE32.search(name)
    if match is None:
        return False
    return match["chunk"] is not None or not _LOUD_WORD.fullmatch(match["hash"])
