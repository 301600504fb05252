"""One table of features and what they do, tried on a folder, a WSGI and an ASGI app, over HTTP/1, HTTP/2 and TLS."""

from collections.abc import Iterator

import pytest
from siting import HELLO, KINDS, LARGE, PAGE, WAYS, Ask, Case, Sites, sites_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

TEXT = "text/plain"

THOUSAND_COOKIES = "; ".join(f"{name}={name}" for name in range(1000))

ALICE = ("-u", "alice:secret")

FROM_ELSEWHERE = ("-H", "Sec-Fetch-Site: cross-site", "-b", "a=b")


def compressed(codings: str) -> tuple[str, ...]:
    """Options of who takes these and decodes them."""
    return ("--compressed", "-H", f"Accept-Encoding: {codings}")


CASES = [
    Case("plain", "", [Ask(body=HELLO), Ask("/none", status=404)]),
    Case(
        "fields",
        'header = ["X-One: 1"]\nsecurity-headers = true',
        [
            Ask(fields={"x-one": "1", "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN"}),
            Ask("/none", status=404, fields={"x-one": "1"}),
        ],
    ),
    Case(
        "cors",
        'cors = ["https://a.example"]',
        [
            Ask(
                options=("-H", "Origin: https://a.example"), fields={"access-control-allow-origin": "https://a.example"}
            ),
            Ask(options=("-H", "Origin: https://b.example"), fields={"access-control-allow-origin": None}),
            Ask(
                options=(
                    "-X",
                    "OPTIONS",
                    "-H",
                    "Origin: https://a.example",
                    "-H",
                    "Access-Control-Request-Method: PUT",
                ),
                status=204,
                fields={"access-control-allow-methods": "PUT"},
            ),
        ],
    ),
    Case(
        "paths",
        'header = ["X-At: top"]\n[hosts."HOST".paths."/deep"]\nheader = ["X-At: deep"]',
        [
            Ask(fields={"x-at": "top"}, body=HELLO),
            Ask("/deep", status=404, fields={"x-at": "deep"}),
            Ask("/%64eep/x", status=404, fields={"x-at": "deep"}),
            Ask("/deeper", status=404, fields={"x-at": "top"}),
            Ask("//deep/x", status=400, fields={"x-at": "top"}),
            Ask("/x/../deep", status=400),
            Ask("/deep%2fx", status=400),
        ],
    ),
    Case(
        "sessions",
        'session = "memory"',
        [
            Ask(fields={"set-cookie": None, "vary": None}, body=HELLO),
            Ask(options=("-H", "Cookie: sid=stolen.signature"), fields={"set-cookie": None}, body=HELLO),
            Ask(options=("-H", f"Cookie: {THOUSAND_COOKIES}"), fields={"set-cookie": None}, body=HELLO),
        ],
    ),
    Case(
        "logins-elsewhere",
        'cors = "https://a.example"\ncors-credentials = true\ncors-methods = ["DELETE"]',
        [
            Ask(
                options=("-H", "Origin: https://a.example"),
                fields={
                    "access-control-allow-origin": "https://a.example",
                    "access-control-allow-credentials": "true",
                },
            ),
            Ask(options=("-H", "Origin: https://b.example"), fields={"access-control-allow-credentials": None}),
            *(
                Ask(
                    options=(
                        *("-X", "OPTIONS", "-H", "Origin: https://a.example"),
                        *("-H", f"Access-Control-Request-Method: {method}"),
                    ),
                    status=204,
                    fields={"access-control-allow-methods": told},
                )
                for method, told in (("DELETE", "DELETE"), ("PUT", None))
            ),
        ],
    ),
    Case(
        "elsewhere",
        'redirect = ["/old/* -> /*", "/away -> https://example.org/ 308"]\nrewrite = ["/app/* -> /hello.txt"]',
        [
            Ask("/old/hello.txt?q=1", status=307, fields={"location": "/hello.txt?q=1"}),
            Ask("/old//evil.example", status=307, fields={"location": "/evil.example"}),
            Ask("/away", status=308, fields={"location": "https://example.org/"}),
            Ask("/app/a/b?q=1", body=HELLO),
            Ask("/old", status=404),
        ],
    ),
    Case(
        "limited",
        'rate-limit = "100000/h"\nconcurrency-limit = 100\n'
        '[hosts."HOST".paths."/once"]\nrate-limit = "1/h"\nrate-limit-key = "header:X-Key"',
        [Ask(fields={"ratelimit-policy": '"default";q=100000;w=3600'}, body=HELLO)],
    ),
    Case(
        "basic",
        'auth = "basic"\nauth-users = "users"\nauth-groups = "groups"\n'
        '[hosts."HOST".paths."/others"]\nrequire = "group:others"\n'
        '[hosts."HOST".paths."/open"]\nrequire-methods = ["PUT"]',
        [
            Ask(status=401, fields={"www-authenticate": 'Basic realm="this site", charset="UTF-8"'}),
            Ask(options=ALICE, body=HELLO),
            Ask("/others", options=ALICE, status=403, fields={"www-authenticate": None}),
            Ask("/x/../others", options=ALICE, status=400),
            Ask("/open", status=404),
            Ask("/open", options=("-X", "PUT"), status=401),
            Ask(options=("-H", "Remote-User: alice"), status=401),
        ],
    ),
    Case(
        "who",
        'auth = "basic"\nauth-users = "users"\nrequire = "anyone"',
        [
            Ask("/who", body=b"nobody"),
            Ask("/who", options=ALICE, body=b"alice"),
            Ask("/who", options=("-H", "Remote-User: root", "-H", "REMOTE_USER: root"), body=b"nobody"),
        ],
        ("wsgi", "asgi"),
    ),
    Case(
        "digest",
        'auth = "digest"\nauth-digests = "digests"',
        [
            Ask(status=401),
            Ask(options=ALICE, status=401),
        ],
    ),
    Case(
        "form",
        f'auth = "form"\nauth-users = "users"\nsession = "cookie"\nsession-key = "{"k" * 40}"',
        [
            Ask(status=401, fields={"www-authenticate": 'Form realm="this site"'}),
            Ask(options=("-H", "Accept: text/html"), status=303, fields={"location": "/login?next=/hello.txt"}),
            Ask("/login", fields={"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}),
            Ask("/login", options=("-d", "user=alice&password=secret"), status=403),
        ],
    ),
    Case(
        "compressed",
        'compress = ["zstd", "br", "gzip"]',
        [
            Ask("/large.txt", ("--compressed",), fields={"content-encoding": "zstd"}, body=LARGE),
            Ask("/large.txt", compressed("br"), fields={"content-encoding": "br"}, body=LARGE),
            Ask("/large.txt", compressed("gzip, br;q=0.5"), fields={"content-encoding": "gzip"}, body=LARGE),
            Ask("/large.txt", ("-I", "--compressed"), fields={"content-encoding": "zstd", "content-length": None}),
            Ask("/large.txt", fields={"content-encoding": None, "content-length": str(len(LARGE))}, body=LARGE),
            Ask("/hello.txt", ("--compressed",), fields={"content-encoding": None}, body=HELLO),
            Ask("/large.txt", ("--compressed", *FROM_ELSEWHERE), fields={"content-encoding": None}, body=LARGE),
        ],
    ),
    Case(
        "ranges",
        'compress = ["gzip"]',
        [
            Ask("/large.txt", ("--compressed", "-r", "5-9"), 206, {"content-encoding": None}, LARGE[5:10]),
            Ask("/large.txt", compressed("gzip"), fields={"accept-ranges": None}, body=LARGE),
        ],
        ("folder",),
    ),
    Case(
        "pages",
        'error-pages = "pages"',
        [
            Ask("/none", ("-H", "Accept: text/html"), 404, {"content-type": "text/html; charset=utf-8"}, PAGE),
            Ask("/none", status=404, fields={"vary": "Accept"}),
            Ask(body=HELLO),
        ],
    ),
    Case(
        "closed",
        'maintenance = "Back at eight"\n[hosts."HOST".paths."/open"]\nmaintenance = ""\n'
        '[hosts."HOST".paths."/staff"]\nmaintenance-except = ["loopback"]',
        [
            Ask(status=503, fields={"retry-after": "300", "cache-control": "no-store"}, body=b"Back at eight\n"),
            Ask("/open/none", status=404),
            Ask("/staff/none", status=404),
        ],
    ),
]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with sites_of(CASES, tmp_path_factory.mktemp("sites"), "request-id = true") as sites:
        yield sites


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_feature_is_the_same_at_whatever_is_served_however_clients_come(case: Case, way: str, sites: Sites) -> None:
    for kind in case.kinds:
        sites.ask(case.host(kind), way, *case.asks)


@pytest.mark.parametrize("way", WAYS)
def test_a_host_that_is_not_in_the_file_is_told_so(way: str, sites: Sites) -> None:
    sites.ask("strange.folder.test", way, Ask(status=421))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_too_often_is_told_when_to_come_again(kind: str, way: str, sites: Sites) -> None:
    key = ("-H", f"X-Key: {kind} {way}")  # each of these is somebody else
    sites.ask(
        f"limited.{kind}.test",
        way,
        Ask("/once", key, 404, {"ratelimit": '"default";r=0;t=3600', "retry-after": None}),
        Ask("/once", key, 429, {"ratelimit-policy": '"default";q=1;w=3600', "retry-after": "3600"}),
    )


@pytest.mark.parametrize("way", WAYS)
def test_each_answer_has_a_name_of_its_own_which_no_client_can_choose(way: str, sites: Sites) -> None:
    answers = sites.ask("plain.asgi.test", way, *[Ask(options=("-H", "X-Request-ID: mine"))] * 2)
    names = {answer.fields["x-request-id"] for answer in answers}
    assert len(names) == 2
    assert "mine" not in names


@pytest.mark.parametrize("way", [way for way in WAYS if way != "h2"])  # for which some releases of curl are too simple
def test_curl_speaks_digest_however_it_comes(way: str, sites: Sites) -> None:
    for kind in KINDS:
        sites.ask(f"digest.{kind}.test", way, Ask(options=("--digest", *ALICE), body=HELLO))


@pytest.mark.parametrize("way", WAYS)
def test_who_has_a_compressed_file_hears_that_it_has_not_changed(way: str, sites: Sites) -> None:
    [first] = sites.ask("ranges.folder.test", way, Ask("/large.txt", compressed("gzip")))
    tag = first["etag"]
    assert tag.startswith("W/")
    asked = (*compressed("gzip"), "-H", f"If-None-Match: {tag}")
    sites.ask("ranges.folder.test", way, Ask("/large.txt", asked, 304, {"etag": tag, "vary": "Accept-Encoding"}, b""))
