"""Paths: decoded once, hostile ones refused, and encoded again without a way out."""

import pytest

from pellucid.semantics.path import Fault, Route, canonical_path, parse_path


@pytest.mark.parametrize(
    ("path", "segments", "folder", "doubled"),
    [
        (b"/", (), True, False),
        (b"/a", (b"a",), False, False),
        (b"/a/", (b"a",), True, False),
        (b"/a/b.html", (b"a", b"b.html"), False, False),
        (b"/%61%2E%68", (b"a.h",), False, False),
        (b"/%2561", (b"%61",), False, False),
        (b"/%252e%252e/x", (b"%2e%2e", b"x"), False, False),
        (b"/a%20b%C3%A9%ff", (b"a b\xc3\xa9\xff",), False, False),
        (b"/a;b=c/@:", (b"a;b=c", b"@:"), False, False),
        (b"/.../..a/.b", (b"...", b"..a", b".b"), False, False),
        (b"//", (), True, True),
        (b"//a", (b"a",), False, True),
        (b"/a//b///c//", (b"a", b"b", b"c"), True, True),
    ],
)
def test_a_path_is_names_and_slashes(path: bytes, segments: tuple[bytes, ...], folder: bool, doubled: bool) -> None:
    assert parse_path(path) == Route(segments, folder, doubled)


@pytest.mark.parametrize("path", [b"/%", b"/%4", b"/%zz", b"/a%2", b"/%2%65", b"/%%41", b"/ok/%g0", b"/%u0041"])
def test_a_wrong_percent_sign_is_malformed(path: bytes) -> None:
    assert parse_path(path) is Fault.MALFORMED


@pytest.mark.parametrize(
    "path",
    [
        *(b"/..", b"/../etc/passwd", b"/a/../b", b"/.", b"/a/./b", b"/a/.."),
        *(b"/%2e%2e/x", b"/.%2E", b"/%2e", b"/a/%2e%2e%2fb"),
        *(b"/a%2fb", b"/a%2Fb", b"/%2f", b"/%2fetc"),
        *(b"/a\\b", b"/%5c", b"/..\\x", b"/%5C%2e%2e"),
        *(b"/%00", b"/a%00.html", b"/\0"),
        *(b"", b"*", b"a/b", b"http://x/"),
    ],
)
def test_what_could_lead_elsewhere_is_unservable(path: bytes) -> None:
    assert parse_path(path) is Fault.UNSERVABLE


@pytest.mark.parametrize(
    ("segments", "folder", "path"),
    [
        ((), True, b"/"),
        ((), False, b"/"),
        ((b"a",), False, b"/a"),
        ((b"a", b"b"), True, b"/a/b/"),
        ((b"evil.example",), True, b"/evil.example/"),
        ((b"a b", b"50%", b"\xff?#"), False, b"/a%20b/50%25/%FF%3F%23"),
        ((b"it's~(1)", b"a:b@c"), False, b"/it's~(1)/a:b@c"),
        ((b"x\r\nSet-Cookie: y",), False, b"/x%0D%0ASet-Cookie:%20y"),
        ((b'"<>`{}|^',), False, b"/%22%3C%3E%60%7B%7D%7C%5E"),
    ],
)
def test_the_canonical_path_is_encoded_and_begins_with_one_slash(
    segments: tuple[bytes, ...], folder: bool, path: bytes
) -> None:
    assert canonical_path(segments, folder=folder) == path


def test_every_byte_in_a_name_comes_back() -> None:
    name = bytes(byte for byte in range(1, 256) if byte not in b"/\\")
    assert parse_path(canonical_path((name, name), folder=True)) == Route((name, name), True, False)


@pytest.mark.parametrize("path", [b"//evil.example", b"///evil.example/", b"//evil.example/%2561//"])
def test_no_canonical_path_names_another_host(path: bytes) -> None:
    route = parse_path(path)
    assert isinstance(route, Route)
    canonical = canonical_path(route.segments, folder=route.folder)
    assert canonical.startswith(b"/evil.example")
