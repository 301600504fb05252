"""Whether a build tool has put a hash of the content into a file's name; it knows names and types, and no file.

A browser that was told to keep a file for a year does not see its changes, so only what is certain counts: to ask once
too often costs little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

# What build tools name. Pictures and sound are named by people too, and documents and data are what people come back
# to by their name.
_BUILT = frozenset(b"css js mjs cjs map wasm woff woff2 ttf otf".split())
_MEDIA = (b"image/", b"audio/", b"video/")

# SvelteKit's and Next.js's folders: all in them is named by its content, or by the build.
_IMMUTABLE = frozenset([(b"_app", b"immutable"), (b"_next", b"static")])

# Between `-` or `.` and `.`: webpack's hexadecimal digits, changing to letters and back, as no date or word does;
_HEXADECIMAL = re.compile(rb"[-.](?=[0-9a-f]*[0-9][a-f][0-9a-f]*[0-9]|[0-9a-f]*[a-f][0-9]+[a-f])[0-9a-f]{8,64}\.")
# esbuild's eight of A-Z and 2-7, with a digit that does not end a word;
_BASE32 = re.compile(rb"[-.](?=[A-Z2-7]*[2-7][A-Z])[A-Z2-7]{8}\.")
# and rollup's and Vite's eight of base64url, which words can be too: only below `assets`, and only with a digit in both
# cases of letters.
_BASE64URL = re.compile(rb"[-.](?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[0-9A-Za-z_-]{8}\.")


def fingerprinted(names: Sequence[bytes], content_type: bytes) -> bool:
    """Whether the content of the file at this path can never change, as far as its name tells."""
    name, folders = names[-1], names[:-1]
    if name.rpartition(b".")[2].lower() not in _BUILT:
        return content_type.startswith(_MEDIA) and _HEXADECIMAL.search(name) is not None
    if any(pair in _IMMUTABLE for pair in pairwise(folders)):
        return True
    if _HEXADECIMAL.search(name) or _BASE32.search(name):
        return True
    return b"assets" in folders and _BASE64URL.search(name) is not None
