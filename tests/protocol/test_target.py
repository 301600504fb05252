"""Targets and hosts: every form that is read, and every way in which one can be wrong, with the rule."""

import pytest

from pellucid.protocol import target
from pellucid.protocol.fields import KEPT, KEPT_LENGTH, Broken
from protocol.battery import accept, refuse, request

TARGETS = [
    ("a target without a form", b"GET index.html HTTP/1.1", 400, "none of the four forms (RFC 9112 3.2)"),
    ("userinfo for a target", b"GET @evil.com HTTP/1.1", 400, "none of the four forms (RFC 9112 3.2)"),
    ("an authority for a target", b"GET example.com:80 HTTP/1.1", 400, "none of the four forms (RFC 9112 3.2)"),
    ("a fragment", b"GET /a#b HTTP/1.1", 400, "a fragment in the request target (RFC 9112 3.2)"),
    ("a fragment behind a query", b"GET /a?b#c HTTP/1.1", 400, "a fragment in the request target (RFC 9112 3.2)"),
    ("a NUL in the target", b"GET /a\x00 HTTP/1.1", 400, "percent-encoded (RFC 3986 2)"),
    ("a DEL in the target", b"GET /a\x7f HTTP/1.1", 400, "percent-encoded (RFC 3986 2)"),
    ("a tab in the target", b"GET /a\tb HTTP/1.1", 400, "percent-encoded (RFC 3986 2)"),
    ("a backslash in the path", b"GET /a\\b HTTP/1.1", 400, "percent-encoded (RFC 3986 2)"),
    ("raw UTF-8 in the path", "GET /é HTTP/1.1".encode(), 400, "percent-encoded (RFC 3986 2)"),
    ("a quote in the query", b'GET /?a="b" HTTP/1.1', 400, "percent-encoded (RFC 3986 2)"),
    ("an asterisk with GET", b"GET * HTTP/1.1", 400, "the target * is for OPTIONS only (RFC 9112 3.2.4)"),
    ("an asterisk with more", b"OPTIONS *a HTTP/1.1", 400, "none of the four forms (RFC 9112 3.2)"),
    ("an absolute target with userinfo", b"GET http://a@b/ HTTP/1.1", 400, "userinfo (RFC 9110 4.2.4)"),
    ("an absolute target without a host", b"GET http:///a HTTP/1.1", 400, "empty (RFC 9110 4.2.1)"),
    ("an absolute target with a list", b"GET http://a,b/ HTTP/1.1", 400, "list (RFC 9112 3.2)"),
    ("an absolute target with a large port", b"GET http://a:65536/ HTTP/1.1", 400, "no host (RFC 9110 7.2)"),
    ("an absolute target with no address in brackets", b"GET http://[:::::]/ HTTP/1.1", 400, "RFC 3986 3.2.2"),
    ("an absolute target with an escaped delimiter", b"GET http://a%2Fb/ HTTP/1.1", 400, "RFC 3986 3.2.2"),
    ("an absolute target with a fragment", b"GET http://a#b HTTP/1.1", 400, "RFC 9110 7.2"),
    ("an absolute target with a NUL", b"GET http://a/\x00 HTTP/1.1", 400, "RFC 3986 2"),
    ("another scheme", b"GET ftp://a/ HTTP/1.1", 400, "not http or https (RFC 9110 4.2)"),
    ("a script for a scheme", b"GET javascript://a/ HTTP/1.1", 400, "not http or https (RFC 9110 4.2)"),
    ("CONNECT to a path", b"CONNECT /a HTTP/1.1", 400, "as its target (RFC 9112 3.2.3)"),
    ("CONNECT without a port", b"CONNECT a HTTP/1.1", 400, "as its target (RFC 9112 3.2.3)"),
    ("CONNECT with an empty port", b"CONNECT a: HTTP/1.1", 400, "as its target (RFC 9112 3.2.3)"),
    ("CONNECT with a large port", b"CONNECT a:99999 HTTP/1.1", 400, "no host (RFC 9110 7.2)"),
    ("CONNECT to no address in brackets", b"CONNECT [:::::]:80 HTTP/1.1", 400, "RFC 3986 3.2.2"),
    ("CONNECT with an escaped delimiter", b"CONNECT a%40b:80 HTTP/1.1", 400, "RFC 3986 3.2.2"),
    ("CONNECT with userinfo", b"CONNECT a@b:80 HTTP/1.1", 400, "as its target (RFC 9112 3.2.3)"),
    ("CONNECT with a URL", b"CONNECT http://a:80 HTTP/1.1", 400, "as its target (RFC 9112 3.2.3)"),
]


@pytest.mark.parametrize(("name", "line", "status", "why"), TARGETS, ids=[row[0] for row in TARGETS])
def test_a_wrong_target_is_refused(name: str, line: bytes, status: int, why: str) -> None:
    refuse(request(line), status, why)


HOSTS = [
    ("two Hosts", request(b"GET / HTTP/1.1", b"Host: i"), "the Host field is a list (RFC 9112 3.2)"),
    ("twice the same Host", request(b"GET / HTTP/1.1", b"Host: h"), "the Host field is a list (RFC 9112 3.2)"),
    ("two empty Hosts", request(b"GET / HTTP/1.1", b"Host:", host=b""), "the Host field is a list (RFC 9112 3.2)"),
    ("two Hosts in HTTP/1.0", request(b"GET / HTTP/1.0", b"Host: i"), "the Host field is a list (RFC 9112 3.2)"),
    ("a Host that is a list", request(host=b"a, b"), "the Host field is a list (RFC 9112 3.2)"),
    ("a Host with userinfo", request(host=b"a@b"), "the Host field has userinfo (RFC 9110 4.2.4)"),
    ("a Host with a path", request(host=b"a/b"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with path and query", request(host=b"a/b?c"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a fragment", request(host=b"a#b"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a backslash", request(host=b"a\\b"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a space", request(host=b"a b"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with markup", request(host=b"<a>"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host that is not ASCII", request(host=b"\xe9"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a port only", request(host=b":80"), "the Host field is empty (RFC 9110 4.2.1)"),
    ("a Host with two ports", request(host=b"a:80:80"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a port of letters", request(host=b"a:http"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a large port", request(host=b"a:65536"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with a broken escape", request(host=b"a%2"), "the Host field is no host (RFC 9110 7.2)"),
    ("a Host with an escaped NUL", request(host=b"a%00"), "the Host field has an escaped delimiter"),
    ("a Host with an escaped line end", request(host=b"a%0d%0Ab"), "or control character (RFC 3986 3.2.2)"),
    ("a Host with an escaped DEL", request(host=b"a%7fb"), "escaped delimiter or control character (RFC 3986 3.2.2)"),
    ("a Host with an escaped userinfo", request(host=b"a%40b"), "escaped delimiter or control character"),
    ("a Host with an escaped path", request(host=b"a%2fb:80"), "escaped delimiter or control character"),
    ("a Host with an escaped port", request(host=b"a%3A80"), "escaped delimiter or control character"),
    ("a Host with an escaped backslash", request(host=b"a%5cb"), "escaped delimiter or control character"),
    ("an IPv6 Host of colons", request(host=b"[:::::]"), "no IPv6 address between its brackets (RFC 3986 3.2.2)"),
    ("an IPv6 Host of a number", request(host=b"[1.2]:80"), "no IPv6 address between its brackets (RFC 3986 3.2.2)"),
    ("an IPv4 Host in brackets", request(host=b"[1.2.3.4]"), "no IPv6 address between its brackets (RFC 3986 3.2.2)"),
    ("an IPv6 Host that is too long", request(host=b"[1:2:3:4:5:6:7:8:9]"), "no IPv6 address between its brackets"),
    ("an IPv6 Host with a zone", request(host=b"[fe80::1%25lo]"), "the Host field is no host (RFC 9110 7.2)"),
    ("an IPv6 Host of a future version", request(host=b"[v1.a]"), "the Host field is no host (RFC 9110 7.2)"),
    ("an IPv6 Host without its end", request(host=b"[::1"), "the Host field is no host (RFC 9110 7.2)"),
    ("an IPv6 Host without brackets", request(host=b"::1"), "the Host field is empty (RFC 9110 4.2.1)"),
    ("a wrong Host beside an authority", request(b"GET http://a/ HTTP/1.1", host=b"b/c"), "no host (RFC 9110 7.2)"),
    ("a wrong Host in HTTP/1.0", request(b"GET / HTTP/1.0", host=b"b/c"), "no host (RFC 9110 7.2)"),
]


@pytest.mark.parametrize(("name", "data", "why"), HOSTS, ids=[row[0] for row in HOSTS])
def test_a_wrong_host_is_refused(name: str, data: bytes, why: str) -> None:
    refuse(data, 400, why)


READ = [
    (b"GET / HTTP/1.1", "GET", b"/", b"", b"h", "1.1"),
    (b"GET /a/b?c=d?e/f HTTP/1.1", "GET", b"/a/b", b"c=d?e/f", b"h", "1.1"),
    (b"GET /? HTTP/1.1", "GET", b"/", b"", b"h", "1.1"),
    (b"GET //evil.com/%2e%2e/%00 HTTP/1.1", "GET", b"//evil.com/%2e%2e/%00", b"", b"h", "1.1"),
    (b"GET /[]^|`{}?\\ HTTP/1.1", "GET", b"/[]^|`{}", b"\\", b"h", "1.1"),
    (b"GET / HTTP/1.0", "GET", b"/", b"", b"h", "1.0"),
    (b"GET / HTTP/1.9", "GET", b"/", b"", b"h", "1.1"),
    (b"get / HTTP/1.1", "get", b"/", b"", b"h", "1.1"),
    (b"!#$%&'*+-.^_`|~09 / HTTP/1.1", "!#$%&'*+-.^_`|~09", b"/", b"", b"h", "1.1"),
    (b"QUERY /a HTTP/1.1", "QUERY", b"/a", b"", b"h", "1.1"),
    (b"OPTIONS * HTTP/1.1", "OPTIONS", b"*", b"", b"h", "1.1"),
    (b"GET http://A.b:81/c?d HTTP/1.1", "GET", b"/c", b"d", b"A.b:81", "1.1"),
    (b"GET http://a HTTP/1.1", "GET", b"/", b"", b"a", "1.1"),
    (b"GET HTTPS://a?b HTTP/1.1", "GET", b"/", b"b", b"a", "1.1"),
    (b"GET http://a/ HTTP/1.0", "GET", b"/", b"", b"a", "1.0"),
    (b"OPTIONS http://a HTTP/1.1", "OPTIONS", b"*", b"", b"a", "1.1"),
    (b"OPTIONS http://a/ HTTP/1.1", "OPTIONS", b"/", b"", b"a", "1.1"),
    (b"CONNECT a.b:443 HTTP/1.1", "CONNECT", b"", b"", b"a.b:443", "1.1"),
    (b"CONNECT [::1]:443 HTTP/1.1", "CONNECT", b"", b"", b"[::1]:443", "1.1"),
]


@pytest.mark.parametrize(("line", "method", "path", "query", "authority", "version"), READ)
@pytest.mark.parametrize("first", [b"", b"\r\n"])
def test_a_right_line_is_taken_apart(
    line: bytes, method: str, path: bytes, query: bytes, authority: bytes, version: str, first: bytes
) -> None:
    read = accept(first + request(line))
    assert (read.method, read.target) == (method, line.split(b" ")[1])
    assert (read.path, read.query, read.authority, read.version) == (path, query, authority, version)
    assert read.headers.get(b"host") == authority


@pytest.mark.parametrize(
    "host",
    [
        b"a",
        b"a:",
        b"a:0",
        b"a:65535",
        b"[::]",
        b"[::1]",
        b"[1:2:3:4:5:6:7:8]",
        b"[::ffff:1.2.3.4]:80",
        b"1.2.3.4",
        b"a_b",
        b"a%20b",
        b"a%c3%A9",
    ],
)
def test_a_right_host_is_the_authority(host: bytes) -> None:
    assert accept(request(host=host)).authority == host


def test_what_is_remembered_of_hosts_is_bounded_and_short() -> None:
    for at in range(KEPT + 1):
        target.check_host(b"a%d" % at, "this")
    with pytest.raises(Broken, match=r"this is no host \(RFC 9110 7.2\)"):
        target.check_host(b"/" * (KEPT_LENGTH + 1), "this")
    assert len(target._hosts) <= KEPT
    assert max(map(len, target._hosts)) <= KEPT_LENGTH
