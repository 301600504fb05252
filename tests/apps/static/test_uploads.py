"""Files that clients send are there whole, where they belong and nowhere else, or not at all."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from conversing import Client, Stage

from pellucid.apps.static.app import Static
from pellucid.apps.static.settings import StaticSettings

FORM = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: text/plain\r\n\r\n%b\r\n'
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "old.txt").write_text("old")
    (root / "out").symlink_to(tmp_path)
    return root


def serve(root: Path, **settings: object) -> Client:
    chosen = StaticSettings(**{"upload": True, **settings})  # type: ignore[arg-type]  # by name
    return Stage(Static(str(root), chosen)).client(holds=1 << 20)


def head(method: str, path: str, length: int, fields: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: example.com\r\nContent-Length: {length}\r\n{fields}\r\n".encode()


def put(client: Client, path: str, data: bytes = b"new", fields: str = "") -> bytes:
    return client.talk(head("PUT", path, len(data), fields) + data)


def post(client: Client, path: str, *files: tuple[bytes, bytes], fields: str = "") -> bytes:
    body = b"".join(FORM % file for file in files) + b"--XX--\r\n"
    return client.talk(
        head("POST", path, len(body), "Content-Type: multipart/form-data; boundary=XX\r\n" + fields) + body
    )


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_the_setting_nothing_is_taken(root: Path) -> None:
    client = serve(root, upload=False)
    assert status(put(client, "/a")) == 405
    assert status(post(serve(root, upload=False), "/", (b"a", b"x"))) == 405
    assert names(root) == ["old.txt", "out", "sub"]


def test_a_file_is_put(root: Path) -> None:
    client = serve(root)
    answer = put(client, "/sub/a%20b.txt", b"x" * 100_000)
    assert status(answer) == 201
    assert b"\r\nlocation: /sub/a%20b.txt\r\n" in answer.lower()
    assert (root / "sub" / "a b.txt").read_bytes() == b"x" * 100_000
    assert names(root / "sub") == ["a b.txt"]
    assert client.talk(b"GET /sub/a%20b.txt HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"x" * 100_000)
    assert status(put(client, "/empty", b"")) == 201
    assert (root / "empty").read_bytes() == b""


def test_a_chunked_body_is_a_file_too(root: Path) -> None:
    answer = serve(root).talk(
        b"PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert status(answer) == 201
    assert (root / "a").read_bytes() == b"abcde"


def test_nothing_is_replaced_unless_that_is_wished(root: Path) -> None:
    assert status(put(serve(root), "/old.txt")) == 409
    assert status(post(serve(root), "/", (b"old.txt", b"new"))) == 409
    assert (root / "old.txt").read_text() == "old"
    assert status(put(serve(root, upload_overwrite=True), "/old.txt", fields="If-None-Match: *\r\n")) == 412
    assert status(put(serve(root, upload_overwrite=True), "/old.txt")) == 204
    assert (root / "old.txt").read_text() == "new"
    assert status(put(serve(root, upload_overwrite=True), "/sub")) == 409
    assert names(root) == ["old.txt", "out", "sub"]


def test_nobody_shows_by_a_file_that_the_site_is_theirs(root: Path) -> None:
    (root / ".well-known" / "acme-challenge").mkdir(parents=True)
    assert status(put(serve(root), "/.well-known/acme-challenge/token")) == 403
    assert status(post(serve(root), "/.well-known/acme-challenge/", (b"token", b"key"))) == 403
    assert names(root / ".well-known" / "acme-challenge") == []
    assert status(put(serve(root, dot_files=True), "/.well-known/acme-challenge/token")) == 201


@pytest.mark.parametrize("ending", ["br", "zst", "gz"])
def test_what_is_there_is_not_changed_by_a_compressed_file_beside_it(root: Path, ending: str) -> None:
    (root / "app.js").write_text("mine;" * 100)
    os.utime(root / "app.js", (1e9, 1e9))
    assert status(put(serve(root), f"/app.js.{ending}")) == 409
    assert status(post(serve(root), "/", (b"app.js.%b" % ending.encode(), b"theirs"))) == 409
    assert status(put(serve(root), f"/other.js.{ending}", b"theirs")) == 201
    assert status(put(serve(root), f"/.{ending}")) == 404
    (root / "other.js").write_text("mine;" * 100)
    os.utime(root / "other.js", (1e9, 1e9))
    answer = serve(root).talk(b"GET /other.js HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, zstd, gzip\r\n\r\n")
    assert answer.endswith(b"mine;" * 100)
    assert status(put(serve(root, upload_overwrite=True), f"/app.js.{ending}")) == 201


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("/", "", 409),
        ("/sub/", "", 409),
        ("/sub//a", "", 409),
        ("/none/a", "", 404),
        ("/old.txt/a", "", 404),
        ("/out/a", "", 404),
        ("/sub/../../a", "", 404),
        ("/sub/%2e%2e%2f%2e%2e%2fa", "", 404),
        ("/a%00b", "", 404),
        ("/a%0d%0ab", "", 403),
        ("/.htaccess", "", 404),
        ("/" + "x" * 300, "", 403),
        ("/%zz", "", 400),
        ("/a", "Content-Range: bytes 0-2/10\r\n", 400),
        ("/a", "Content-Encoding: gzip\r\n", 415),
        ("/a", 'If-Match: "x"\r\n', 412),
    ],
)
def test_what_is_not_taken_leaves_nothing(root: Path, path: str, fields: str, expected: int) -> None:
    assert status(put(serve(root), path, fields=fields)) == expected
    assert names(root) == ["old.txt", "out", "sub"]
    assert names(root.parent) == ["root"]
    assert not names(root / "sub")


def test_what_is_too_large_is_refused_before_it_is_sent(root: Path) -> None:
    client = serve(root, upload_size=1000)
    assert status(client.talk(head("PUT", "/a", 1001))) == 413
    chunk = b"%x\r\n%b\r\n" % (600, b"x" * 600)
    answer = serve(root, upload_size=1000).talk(
        b"PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk
    )
    assert status(answer) == 413
    assert status(put(serve(root, upload_size=1000), "/b", b"x" * 1000)) == 201
    assert names(root) == ["b", "old.txt", "out", "sub"]


def test_what_is_cut_leaves_nothing(root: Path) -> None:
    descriptors = len(os.listdir("/dev/fd"))
    client = serve(root)
    client.talk(head("PUT", "/a", 1000) + b"x" * 500)
    assert len(names(root)) == 4
    client.link.abort()
    client.stage.settle()
    assert names(root) == ["old.txt", "out", "sub"]
    assert len(os.listdir("/dev/fd")) <= descriptors + 1  # the folder itself


def test_files_come_in_a_form(root: Path) -> None:
    answer = post(serve(root), "/sub/", (b"a", b"one"), (b"C:\\temp\\b", b"two"), (b"", b""), fields=BROWSER)
    assert status(answer) == 303
    assert b"\r\nlocation: /sub/\r\n" in answer.lower()
    assert {path.name: path.read_text() for path in (root / "sub").iterdir()} == {"a": "one", "b": "two"}


def test_a_program_is_told_what_it_has_sent(root: Path) -> None:
    answer = post(serve(root), "/sub/", ("\u00e4 b".encode(), b"one"))
    assert status(answer) == 201
    assert answer.endswith(b'{"items": [{"name": "\\u00e4 b", "href": "./%C3%A4%20b"}]}\n')


@pytest.mark.parametrize(
    ("name", "expected"),
    [(b"..", 403), (b".env", 403), (b"a\x00b", 403), (b"%0Aa", 403), (b"a/../../../b", 201), (b"x" * 256, 403)],
)
def test_a_form_cannot_name_what_is_elsewhere(root: Path, name: bytes, expected: int) -> None:
    assert status(post(serve(root), "/sub/", (name, b"x"))) == expected
    assert names(root.parent) == ["root"]
    assert names(root / "sub") == (["b"] if expected == 201 else [])


def test_of_a_form_what_was_whole_stays(root: Path) -> None:
    assert status(post(serve(root), "/sub/", (b"a", b"1"), (b"a", b"2"), (b"b", b"3"))) == 409
    assert names(root / "sub") == ["a"]


@pytest.mark.parametrize(
    ("path", "body", "fields", "expected"),
    [
        ("/sub/", b"--XX--", "Content-Type: multipart/form-data; boundary=XX\r\n", 400),
        ("/sub/", b"--XX\r\nA: b\r\n\r\n", "Content-Type: multipart/form-data; boundary=XX\r\n", 400),
        ("/sub/", FORM % (b"a", b"x") + b"--X", "Content-Type: multipart/form-data; boundary=XX\r\n", 400),
        ("/sub/", b"a=b", "Content-Type: application/x-www-form-urlencoded\r\n", 415),
        ("/old.txt", b"--XX--", "Content-Type: multipart/form-data; boundary=XX\r\n", 409),
        ("/none/", b"--XX--", "Content-Type: multipart/form-data; boundary=XX\r\n", 404),
    ],
)
def test_a_form_that_cannot_be_taken_is_told_why(
    root: Path, path: str, body: bytes, fields: str, expected: int
) -> None:
    assert status(serve(root).talk(head("POST", path, len(body), fields) + body)) == expected
    assert not [name for name in names(root / "sub") if name.startswith(".")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", 303),
        ("Sec-Fetch-Site: same-origin\r\n", 303),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Origin: http://example.com\r\n", 303),
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
    ],
)
def test_pages_of_other_sites_cannot_send_forms(root: Path, fields: str, expected: int) -> None:
    assert status(post(serve(root), "/sub/", (b"a", b"x"), fields=BROWSER + fields)) == expected
    assert names(root / "sub") == (["a"] if expected == 303 else [])


def test_what_may_be_asked_is_told(root: Path) -> None:
    answer = serve(root).talk(b"OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"\r\nallow: GET, HEAD, OPTIONS, POST, PUT\r\n" in answer.replace(b"Allow", b"allow")
    assert status(serve(root).talk(b"DELETE /old.txt HTTP/1.1\r\nHost: x\r\n\r\n")) == 405


def test_a_page_that_shows_a_folder_has_a_form_for_it(root: Path) -> None:
    asked = b"GET /sub/ HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"
    page = serve(root).talk(asked)
    assert b'<form class="upload" method="post" action="./" enctype="multipart/form-data">' in page
    policy = re.search(rb"content-security-policy: (.*)\r\n", page)
    assert policy is not None
    for tag, directive in ((b"style", b"style-src"), (b"script", b"script-src")):
        (text,) = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), page, re.DOTALL)
        digest = b64encode(sha256(text).digest())
        assert b"%b 'sha256-%b'" % (directive, digest) in policy[1]
    without = serve(root, upload=False).talk(asked)
    assert b"<form" not in without
    assert b"script-src" not in without
