"""Hosts and paths are read as requests will name them, and what could never match is told."""

import pytest

from pellucid.config.names import host_name, mount_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("a_b.example", "a_b.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("2001:DB8::7", "[2001:db8::7]"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("2001:db8:0:0::7", "[2001:db8::7]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.Bücher\uff0eexample", "*.xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_host_is_as_requests_name_it(text: str, name: str) -> None:
    assert host_name(text) == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is no name of a host"),
        ("*", "what is for all other hosts stands at the top"),
        ("https://example.com/a", 'a host is a name alone: write [hosts."example.com"]'),
        ("example.com/a", 'a host is a name alone: write [hosts."example.com"]'),
        ("example.com:443", "write 'example.com'"),
        ("www.*.com", "'www.*.com' is no name of a host; a * stands for the first part of a name, as in *.example.com"),
        ("*.*.com", "a * stands for the first part"),
        ("exa mple", "'exa mple' is no name of a host"),
        ("a..b", "is no name of a host"),
        ("ü..b", "is no name of a host"),
        ("[1234]", "'[1234]' is no name of a host"),
        ("[::1]x", "is no name of a host"),
        ("-a.b", "is no name of a host"),
        ("ü" * 99, "cannot be a name of a host (RFC 5890)"),
        ("a." * 130 + "b", "is no name of a host"),
    ],
)
def test_what_no_request_names_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        host_name(text)
    assert told in str(error.value)


@pytest.mark.parametrize(("text", "mount"), [("/api", "/api"), ("/api/", "/api"), ("/a b/é", "/a%20b/%C3%A9")])
def test_a_path_is_a_mount(text: str, mount: str) -> None:
    assert mount_name(text) == mount


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api", 'a path begins with a slash: write [paths."/api"]'),
        ("/", "what is for all paths stands in the table around this one"),
        ("/*", "what is for all paths stands in the table around this one"),
        ("/api/*", 'a path holds all that is beneath it; write [paths."/api"]'),
        ("/a?b", "cannot be a mount"),
        ("/../a", "cannot be a mount"),
    ],
)
def test_what_is_no_path_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        mount_name(text)
    assert told in str(error.value)
