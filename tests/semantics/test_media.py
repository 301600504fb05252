"""Media types: the table, its names and its rules."""

import pytest

from pellucid.semantics.media import _TABLE, EXTENSIONS, TEXT, UNKNOWN, compressible, media_type


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"index.html", b"text/html; charset=utf-8"),
        (b"INDEX.HTM", b"text/html; charset=utf-8"),
        (b"a.js", b"text/javascript; charset=utf-8"),
        (b"a.mjs", b"text/javascript; charset=utf-8"),
        (b"a.css", b"text/css; charset=utf-8"),
        (b"a.md", b"text/markdown; charset=utf-8"),
        (b"a.txt", TEXT),
        (b"a.py", TEXT),
        (b"a.csv", b"text/csv; charset=utf-8"),
        (b"a.ics", b"text/calendar; charset=utf-8"),
        (b"a.json", b"application/json"),
        (b"app.js.map", b"application/json"),
        (b"a.jsonld", b"application/ld+json"),
        (b"site.webmanifest", b"application/manifest+json"),
        (b"a.wasm", b"application/wasm"),
        (b"a.svg", b"image/svg+xml"),
        (b"a.xml", b"application/xml"),
        (b"a.webp", b"image/webp"),
        (b"a.avif", b"image/avif"),
        (b"a.jxl", b"image/jxl"),
        (b"a.woff2", b"font/woff2"),
        (b"a.mp4", b"video/mp4"),
        (b"a.webm", b"video/webm"),
        (b"a.opus", b"audio/opus"),
        (b"a.flac", b"audio/flac"),
        (b"a.glb", b"model/gltf-binary"),
        (b"a.epub", b"application/epub+zip"),
        (b"a.parquet", b"application/vnd.apache.parquet"),
        (b"a.tar.gz", b"application/gzip"),
        (b"a.css.br", b"application/x-brotli"),
        (b"a.zst", b"application/zstd"),
        (b"a.7z", b"application/x-7z-compressed"),
        (b"favicon.ico", b"image/vnd.microsoft.icon"),
        (b"README", TEXT),
        (b"LICENSE", TEXT),
        (b"Makefile", TEXT),
        (b"apple-app-site-association", b"application/json"),
        (b"security.txt", TEXT),
        (b"program", UNKNOWN),
        (b"a.unheard-of", UNKNOWN),
        (b".html", UNKNOWN),
        (b"html", UNKNOWN),
        (b"README.", UNKNOWN),
        (b"README.xyz", UNKNOWN),
        (b"\xff.\xfe", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_the_name_says_the_type(name: bytes, value: bytes) -> None:
    assert media_type(name) == value


def test_an_override_comes_first() -> None:
    overrides = {b"txt": b"text/x-log", b"feed.xml": b"application/rss+xml", b"foo": b"x/y"}
    assert media_type(b"a.TXT", overrides) == b"text/x-log"
    assert media_type(b"feed.xml", overrides) == b"application/rss+xml"
    assert media_type(b"other.xml", overrides) == b"application/xml"
    assert media_type(b"foo", overrides) == b"x/y"


def test_the_table_is_large_lower_case_and_says_nothing_twice() -> None:
    listed = [extension for line in _TABLE.strip().splitlines() for extension in line.split()[1:]]
    assert len(listed) == len(set(listed)) == len(EXTENSIONS) > 250
    assert all(extension == extension.lower() for extension in listed)
    assert all(value.count(b"/") == 1 for value in EXTENSIONS.values())


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        EXTENSIONS[b"html"] = b"x/y"  # type: ignore[index]  # that is the point


@pytest.mark.parametrize(
    ("value", "smaller"),
    [
        (b"text/html; charset=utf-8", True),
        (b"application/json", True),
        (b"application/ld+json", True),
        (b"image/svg+xml", True),
        (b"application/wasm", True),
        (b"model/gltf+json", True),
        (b"application/XML ; x=y", True),
        (b"image/png", False),
        (b"video/mp4", False),
        (b"font/woff2", False),
        (b"application/zip", False),
        (UNKNOWN, False),
    ],
)
def test_some_types_become_smaller_by_a_coding(value: bytes, smaller: bool) -> None:
    assert compressible(value) is smaller
