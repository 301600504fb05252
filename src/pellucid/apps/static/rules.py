"""What the settings say about a file of a given name; it knows names only, no file."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from pellucid.apps.static.fingerprint import fingerprinted
from pellucid.apps.static.settings import StaticSettings
from pellucid.message import PHRASES
from pellucid.semantics.media import media_type
from pellucid.semantics.path import Fault, parse_path

REVALIDATE = b"no-cache"
# Whether others may be given it is for those to say who know who has asked.
IMMUTABLE = b"max-age=31536000, immutable"

Names = tuple[bytes, ...]


class Rules:
    """The settings made ready to be asked. ValueError says which setting is wrong and how to write it."""

    __slots__ = ("_cache_control", "_media_types", "_settings", "error_pages", "index", "own_pages", "spa")

    def __init__(self, settings: StaticSettings) -> None:
        self._settings = settings
        self._cache_control = [
            (
                b"/" in pattern,
                re.compile(fnmatch.translate(pattern.decode("latin-1").removeprefix("/")).encode("latin-1")),
                value,
            )
            for pattern, value in _pairs("cache-control", "PATTERN=VALUE", settings.cache_control)
        ]
        self._media_types: dict[bytes, bytes] = {}
        for extension, value in _pairs("media-type", "EXTENSION=TYPE", settings.media_type):
            if not _MEDIA_TYPE.match(value):
                raise ValueError(f"media-type: {value.decode(errors='replace')!r} is no type: write it as text/plain")
            # ".foo", "foo" and "FOO" are the same extension to whoever writes it; a whole name is as it is written.
            self._media_types[extension] = self._media_types[extension.removeprefix(b".").lower()] = value
        self.index: Names = tuple(_file_name(name) for name in settings.index)
        self.spa: Names = _names("spa", settings.spa) if settings.spa else ()
        self.own_pages: Mapping[int, Names] = {
            _status(status): _names("error-page", page.decode("utf-8", "surrogateescape"))
            for status, page in _pairs("error-page", "STATUS=FILE", settings.error_page)
        }
        self.error_pages: Mapping[int, Names] = {404: (b"404.html",), **self.own_pages}

    def hidden(self, names: Names) -> bool:
        """Whether a path is not served because of a name with a dot before it; RFC 8615's folder is no secret."""
        if self._settings.dot_files:
            return False
        return any(name.startswith(b".") and (place or name != b".well-known") for place, name in enumerate(names))

    def media_type(self, name: bytes) -> bytes:
        """The Content-Type of a file."""
        return media_type(name, self._media_types)

    def cache_control(self, names: Names, content_type: bytes) -> bytes:
        """The Cache-Control of a file: that of the first pattern, else by its name."""
        path = b"/".join(names)
        for from_root, pattern, value in self._cache_control:
            if pattern.match(path if from_root else names[-1]):
                return value
        if self._settings.immutable and fingerprinted(names, content_type):
            return IMMUTABLE
        return REVALIDATE


# type "/" subtype and what may follow (RFC 9110 section 8.3.1).
_MEDIA_TYPE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(?:;|\Z)")


def _pairs(option: str, form: str, texts: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip() or not value.isprintable():
            raise ValueError(f"{option} {text!r} is not of the form {form}")
        pairs.append((key.strip().encode("utf-8", "surrogateescape"), value.strip().encode("utf-8", "surrogateescape")))
    return pairs


def _status(text: bytes) -> int:
    if not text.isdigit() or int(text) not in PHRASES or int(text) < 400:
        raise ValueError(f"error-page: {text.decode(errors='replace')!r} is not a status from 400 to 599")
    return int(text)


def _file_name(name: str) -> bytes:
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise ValueError(f"index {name!r} is not the name of a file")
    return name.encode("utf-8", "surrogateescape")


def _names(option: str, file: str) -> Names:
    # A file of the settings is written as it is named on disk, so a percent sign in it is only that.
    raw = file.encode("utf-8", "surrogateescape").replace(b"%", b"%25")
    route = parse_path(b"/" + raw.removeprefix(b"/"))
    if isinstance(route, Fault) or not route.segments or route.folder:
        raise ValueError(f"{option}: {file!r} is not the path of a file within the folder")
    return route.segments
