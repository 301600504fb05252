"""The content codings, each by the library that has it; nobody else imports these, and they only where they are on."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

LEVELS = {"zstd": (1, 3, 22), "br": (0, 4, 11), "gzip": (1, 4, 9)}
"""The least level of each coding, the usual one and the most. Measured on a page of 70 KB: zstd 3 takes 0.24 ms and
leaves 34 %, br 4 takes 0.84 ms and leaves 33 %, gzip 4 takes 1.2 ms and leaves 33 %; one level more takes a half more
time, and leaves 1 to 2 % less of the page.
"""

NEAR = {"brotli": "br", "gz": "gzip", "zst": "zstd", "zstandard": "zstd"}
"""What people call them besides."""

PACKAGES = 'compressing by {} takes a package: pip install "pellucid[compression]"'

WINDOW = 17
"""How far back a stream's encoder looks, as a power of two: with more, each client that reads slowly holds more."""

GZIP = 16 + zlib.MAX_WBITS


class Encoder(Protocol):
    """Encodes one stream. What it gives back may be empty, if it keeps what it was given for later."""

    def encode(self, data: bytes) -> bytes:
        """Take some more."""

    def flush(self) -> bytes:
        """Give all that was taken, so that it can be decoded."""

    def finish(self) -> bytes:
        """The rest, and the end."""


class Coding(Protocol):
    """A content coding at its level."""

    name: bytes

    def whole(self, body: bytes) -> bytes:
        """A whole body, encoded."""

    def begin(self) -> Encoder:
        """An encoder for a stream."""


def codings_of(names: Iterable[str], levels: Iterable[str]) -> list[Coding]:
    """The codings of these names, in their order, at the levels that texts such as br=6 give. ValueError says what is
    wrong, or which package is missing.
    """
    chosen = {name: level for text in levels for name, level in [_level(text)]}
    codings: dict[str, Coding] = {}
    for name in (part.strip() for text in names for part in text.split(",")):
        if name not in _CODINGS:
            near = f" (did you mean {NEAR[name.lower()]}?)" if name.lower() in NEAR else ""
            raise ValueError(f"--compress: {name!r} is no coding{near}: write {', '.join(_CODINGS)}")
        codings[name] = _CODINGS[name](chosen.get(name, LEVELS[name][1]))
    return [*codings.values()]


def _level(text: str) -> tuple[str, int]:
    name, _, level = text.strip().partition("=")
    if name not in LEVELS:
        raise ValueError(f"--compress-level: {text!r} names no coding: write one such as br=6")
    least, _, most = LEVELS[name]
    if not (level.isascii() and level.isdigit() and least <= int(level[:9]) <= most):
        raise ValueError(f"--compress-level: {text!r} is no level of {name}: they are {least} to {most}")
    return name, int(level)


class _Zstd:
    # RFC 8878, and its windows on the web RFC 9659.

    name = b"zstd"

    def __init__(self, level: int) -> None:
        self._library = _zstd()
        self._level = level
        self._whole = self._library.ZstdCompressor(level)

    def whole(self, body: bytes) -> bytes:
        # One context for all: it begins anew with each frame, and is made for the size that it is told.
        whole = self._whole
        whole.set_pledged_input_size(len(body))
        coded: bytes = whole.compress(body, whole.FLUSH_FRAME)
        return coded

    def begin(self) -> Encoder:
        names = self._library.CompressionParameter
        options = {names.compression_level: self._level, names.window_log: WINDOW}
        stream = self._library.ZstdCompressor(options=options)
        return _Encoder(stream.compress, lambda: stream.flush(stream.FLUSH_BLOCK), stream.flush)


class _Brotli:
    # RFC 7932.

    name = b"br"

    def __init__(self, level: int) -> None:
        try:
            import brotli
        except ImportError as error:
            raise ValueError(PACKAGES.format("br")) from error
        self._library = brotli
        self._level = level

    def whole(self, body: bytes) -> bytes:
        coded: bytes = self._library.compress(body, quality=self._level, lgwin=WINDOW)
        return coded

    def begin(self) -> Encoder:
        stream = self._library.Compressor(quality=self._level, lgwin=WINDOW)
        return _Encoder(stream.process, stream.flush, stream.finish)


class _Gzip:
    # RFC 1952.

    name = b"gzip"

    def __init__(self, level: int) -> None:
        self._level = level

    def whole(self, body: bytes) -> bytes:
        return zlib.compress(body, self._level, GZIP)

    def begin(self) -> Encoder:
        stream = zlib.compressobj(self._level, zlib.DEFLATED, GZIP)
        return _Encoder(stream.compress, lambda: stream.flush(zlib.Z_SYNC_FLUSH), stream.flush)


class _Encoder:
    # The three calls of a library.

    __slots__ = ("encode", "finish", "flush")

    def __init__(
        self, encode: Callable[[bytes], bytes], flush: Callable[[], bytes], finish: Callable[[], bytes]
    ) -> None:
        self.encode = encode
        self.flush = flush
        self.finish = finish


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise ValueError(PACKAGES.format("zstd")) from error
    return zstd


_CODINGS: dict[str, Callable[[int], Coding]] = {"zstd": _Zstd, "br": _Brotli, "gzip": _Gzip}
