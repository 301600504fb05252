"""curl at the real command: versions, connections, ranges, conditions, codings, uploads and paths."""

import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from curl import digest, downloading, fetch, fetch_all, run
from serving import Serving, serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

TEXT = "".join(f"line {number:04}\n" for number in range(500)).encode()
LARGE = random.Random(9110).randbytes(3 << 20)
SCRIPT = b"console.log('many times')\n" * 100
SECRET = b"beyond the root"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a little of everything, and a secret beside it."""
    beside = tmp_path_factory.mktemp("curl")
    folder = beside / "site"
    (folder / "sub" / "inner").mkdir(parents=True)
    (beside / "secret.txt").write_bytes(SECRET)
    (folder / "outside.txt").symlink_to("../secret.txt")
    (folder / ".hidden.txt").write_bytes(SECRET)
    os.mkfifo(folder / "fifo")
    (folder / "text.txt").write_bytes(TEXT)
    (folder / "large.bin").write_bytes(LARGE)
    (folder / "sub" / "a file.txt").write_bytes(b"one")
    (folder / "404.html").write_text("<!doctype html><title>lost</title>")
    (folder / "zipped.js").write_bytes(SCRIPT)
    (folder / "zipped.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "coded.js").write_bytes(SCRIPT)
    for coding in ("br", "zst", "gz"):
        (folder / f"coded.js.{coding}").write_bytes(b"opaque " + coding.encode())
    return folder


@pytest.fixture(scope="module")
def socket_path(folder: Path) -> Path:
    return folder.parent / "socket"


@pytest.fixture(scope="module")
def server(folder: Path, socket_path: Path) -> Iterator[Serving]:
    with serving(folder, "--bind", f"unix:{socket_path}") as server:
        yield server


# Connections and versions


def test_http_1_0_is_answered_and_the_connection_closed(server: Serving) -> None:
    first, second = fetch_all((f"{server.url}/text.txt", "--http1.0"), (f"{server.url}/large.bin", "--http1.0"))
    assert (first.status, first.body) == (200, TEXT)
    assert (second.status, digest(second.body)) == (200, digest(LARGE))
    assert (first.connects, second.connects) == (1, 1)


def test_http_1_0_keeps_the_connection_when_asked_to(server: Serving) -> None:
    request = (f"{server.url}/text.txt", "--http1.0", "--header", "Connection: keep-alive")
    first, second = fetch_all(request, request)
    assert (first.connects, second.connects) == (1, 0)
    assert first["connection"] == "keep-alive"
    assert (first.body, second.body) == (TEXT, TEXT)


def test_requests_share_a_connection(server: Serving) -> None:
    answers = fetch_all(*[(f"{server.url}/{name}",) for name in ("text.txt", "large.bin", "none", "sub/", "text.txt")])
    assert [answer.status for answer in answers] == [200, 200, 404, 200, 200]
    assert [answer.connects for answer in answers] == [1, 0, 0, 0, 0]
    assert (answers[0].body, digest(answers[1].body), answers[4].body) == (TEXT, digest(LARGE), TEXT)


def test_a_unix_socket_serves_the_same(server: Serving, socket_path: Path) -> None:
    answer = fetch("http://localhost/large.bin", "--unix-socket", str(socket_path))
    assert (answer.status, digest(answer.body)) == (200, digest(LARGE))


# Parts of files


@pytest.mark.parametrize(
    ("wanted", "first", "after"),
    [
        ("0-9", 0, 10),
        ("100-", 100, 5000),
        ("-7", 4993, 5000),
        ("4990-9999", 4990, 5000),
        ("0-0", 0, 1),
        ("-9999", 0, 5000),
    ],
)
def test_a_part_of_a_file(server: Serving, wanted: str, first: int, after: int) -> None:
    answer = fetch(f"{server.url}/text.txt", "--range", wanted)
    assert (answer.status, answer.body) == (206, TEXT[first:after])
    assert answer["content-range"] == f"bytes {first}-{after - 1}/{len(TEXT)}"


def test_a_part_beyond_the_end_is_416(server: Serving) -> None:
    answer = fetch(f"{server.url}/text.txt", "--range", "5000-")
    assert (answer.status, answer["content-range"]) == (416, "bytes */5000")


@pytest.mark.parametrize("name", ["text.txt", "large.bin"])
def test_several_parts_come_as_a_multipart(server: Serving, folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    answer = fetch(f"{server.url}/{name}", "--range", "0-9,100-109,-5")
    media_type, _, boundary = answer["content-type"].partition("; boundary=")
    assert (answer.status, media_type) == (206, "multipart/byteranges")
    before, *parts, after = (b"\r\n" + answer.body).split(b"\r\n--" + boundary.encode())
    assert (before, after) == (b"", b"--\r\n")
    heads, bodies = zip(*[part.split(b"\r\n\r\n", 1) for part in parts], strict=True)
    size, whole = len(content), fetch(f"{server.url}/{name}", "--head")
    assert [head.decode() for head in heads] == [
        f"\r\nContent-Type: {whole['content-type']}\r\nContent-Range: bytes {span}/{size}"
        for span in ("0-9", "100-109", f"{size - 5}-{size - 1}")
    ]
    assert bodies == (content[:10], content[100:110], content[-5:])


def test_a_cut_download_is_resumed(server: Serving, tmp_path: Path) -> None:
    target = tmp_path / "large.bin"
    with downloading(f"{server.url}/large.bin") as download:
        target.write_bytes(download.take(len(LARGE) // 2))
    resumed = (
        "--silent",
        "--continue-at",
        "-",
        "--output",
        str(target),
        "--write-out",
        "%{http_code} %{size_download}",
    )
    assert run(*resumed, f"{server.url}/large.bin")[:2] == (0, f"206 {len(LARGE) - len(LARGE) // 2}".encode())
    assert digest(target.read_bytes()) == digest(LARGE)


def test_a_download_is_not_resumed_with_another_file(server: Serving, tmp_path: Path) -> None:
    target = tmp_path / "large.bin"
    target.write_bytes(b"the beginning of another file")
    resumed = ("--silent", "--continue-at", "-", "--output", str(target), "--header", 'If-Range: "another"')
    assert run(*resumed, f"{server.url}/large.bin")[0] == 33
    assert target.read_bytes() == b"the beginning of another file"


def test_a_large_sparse_file_arrives_whole(tmp_path: Path) -> None:
    size = 200 << 20
    path = tmp_path / "sparse.bin"
    with open(path, "wb") as file:
        file.truncate(size)
        for place in range(0, size, 7 << 20):
            file.seek(place)
            file.write(b"an island at %d" % place)
    got = hashlib.sha256()
    with serving(tmp_path) as server, downloading(f"{server.url}/sparse.bin") as download:
        while data := download.take(1 << 20):
            got.update(data)
        assert download.rest() == (0, b"")
    with open(path, "rb") as file:
        assert got.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()


# Methods and bodies


@pytest.mark.parametrize("path", ["/text.txt", "/large.bin", "/sub/", "/coded.js", "/none"])
def test_head_tells_what_get_would(server: Serving, path: str) -> None:
    head, get = fetch_all((server.url + path, "--head"), (server.url + path,))
    told, got = ({name: value for name, value in each.fields.items() if name != "date"} for each in (head, get))
    assert (head.status, told) == (get.status, got)
    assert int(head["content-length"]) == len(get.body)


@pytest.mark.parametrize("target", ["/", "/text.txt", "/none", "*"])
def test_options_says_what_may_be_asked(server: Serving, target: str) -> None:
    answer = fetch(server.url, "--request", "OPTIONS", "--request-target", target)
    assert (answer.status, answer["allow"], answer.body) == (204, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("method", ["DELETE", "POST", "PATCH", "PROPFIND"])
def test_other_methods_are_405_and_say_what_is_allowed(server: Serving, method: str) -> None:
    refused, after = fetch_all((f"{server.url}/text.txt", "--request", method), (f"{server.url}/text.txt",))
    assert (refused.status, refused["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (after.status, after.body, after.connects) == (200, TEXT, 0)


def test_a_large_upload_that_waits_for_100_continue_is_never_sent(server: Serving, folder: Path) -> None:
    upload = ("--data-binary", f"@{folder / 'large.bin'}", "--expect100-timeout", "15")
    refused, after = fetch_all((f"{server.url}/text.txt", *upload), (f"{server.url}/text.txt",))
    assert (refused.status, refused.interim, refused.uploaded) == (405, (), 0)
    assert (after.status, after.body) == (200, TEXT)


@pytest.mark.parametrize("name", ["text.txt", "large.bin"])
@pytest.mark.parametrize("fields", [["--header", "Transfer-Encoding: chunked"], []], ids=["chunked", "length"])
def test_an_upload_is_refused_and_the_next_answer_is_right(
    server: Serving, folder: Path, name: str, fields: list[str]
) -> None:
    upload = ("--data-binary", f"@{folder / name}", "--header", "Expect:", *fields)
    refused, after = fetch_all((f"{server.url}/sub/", *upload), (f"{server.url}/text.txt",))
    assert (refused.status, refused["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (after.status, after.body) == (200, TEXT)
    # What a client may still be sending is not read for ever: then the connection is given up, and it is told so.
    assert after.connects == (refused.fields.get("connection") == "close")


# Conditions, codings and forms


def test_a_known_tag_is_304(server: Serving) -> None:
    first = fetch(f"{server.url}/text.txt")
    again = fetch(f"{server.url}/text.txt", "--header", f"If-None-Match: {first['etag']}")
    other = fetch(f"{server.url}/text.txt", "--header", 'If-None-Match: "other"')
    assert (again.status, again.body, again["etag"]) == (304, b"", first["etag"])
    assert (other.status, other.body) == (200, TEXT)


def test_a_known_date_is_304(server: Serving) -> None:
    modified = fetch(f"{server.url}/text.txt")["last-modified"]
    assert fetch(f"{server.url}/text.txt", "--time-cond", modified).status == 304
    assert fetch(f"{server.url}/text.txt", "--time-cond", "Sun, 06 Nov 1994 08:49:37 GMT").body == TEXT
    assert fetch(f"{server.url}/text.txt", "--time-cond", "-Sun, 06 Nov 1994 08:49:37 GMT").status == 412


def test_the_compressed_file_beside_is_sent_and_unpacked(server: Serving) -> None:
    plain, packed = fetch(f"{server.url}/zipped.js"), fetch(f"{server.url}/zipped.js", "--compressed")
    assert (plain.body, packed.body) == (SCRIPT, SCRIPT)
    assert "content-encoding" not in plain.fields
    assert packed["content-encoding"] == "gzip"
    assert int(packed["content-length"]) == len(gzip.compress(SCRIPT))
    assert plain["etag"] != packed["etag"]
    for answer in (plain, packed):
        assert answer["vary"] == "Accept-Encoding"
        assert answer["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("br", "br", b"opaque br"),
        ("zstd", "zstd", b"opaque zst"),
        ("gzip;q=0.5", "gzip", b"opaque gz"),
        ("br;q=0.1, gzip;q=0.9", "gzip", b"opaque gz"),
        ("gzip, zstd, br", "br", b"opaque br"),
        ("*, br;q=0", "zstd", b"opaque zst"),
        ("deflate", None, SCRIPT),
        ("identity", None, SCRIPT),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(
    server: Serving, accepted: str, coding: str | None, body: bytes
) -> None:
    answer = fetch(f"{server.url}/coded.js", "--header", f"Accept-Encoding: {accepted}")
    assert (answer.fields.get("content-encoding"), answer.body) == (coding, body)


def test_a_listing_is_json_or_text_for_programs(server: Serving) -> None:
    listing = fetch(f"{server.url}/sub/", "--header", "Accept: application/json")
    assert listing["content-type"] == "application/json"
    items = json.loads(listing.body)["items"]
    assert [(item["name"], item["kind"], item["size"]) for item in items] == [
        ("inner", "folder", None),
        ("a file.txt", "file", 3),
    ]
    text = fetch(f"{server.url}/sub/", "--header", "Accept: text/plain")
    assert text["content-type"] == "text/plain; charset=utf-8"
    assert b"a file.txt\n" in text.body
    assert fetch(f"{server.url}/sub/{items[1]['href']}".replace("/./", "/")).body == b"one"
    page = fetch(f"{server.url}/sub/", "--header", "Accept: text/html")
    assert page["content-type"] == "text/html; charset=utf-8"
    assert {each["vary"] for each in (listing, text, page)} == {"Accept"}


def test_what_is_not_found_is_a_page_or_text(server: Serving) -> None:
    page = fetch(f"{server.url}/none", "--header", "Accept: text/html")
    assert (page.status, page.body) == (404, b"<!doctype html><title>lost</title>")
    text = fetch(f"{server.url}/none", "--header", "Accept: text/plain")
    assert (text.status, text.body.split(b"\n")[0]) == (404, b"404 Not Found")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/sub/../text.txt",
        "/%2e%2e/secret.txt",
        "/.%2E/secret.txt",
        "/..%2fsecret.txt",
        "/sub%2f..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/..;/secret.txt",
        "/....//secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/text.txt%00.html",
        "/outside.txt",
        "/.hidden.txt",
        "/fifo",
        "/text.txt/secret.txt",
    ],
)
def test_no_path_leads_out_of_the_root(server: Serving, path: str) -> None:
    answer = fetch(server.url + path, "--location")
    # A backslash may not even stand in a target as it is (RFC 3986 section 2).
    assert answer.status == (400 if "\\" in path else 404)
    assert SECRET not in answer.body


def test_cors_own_fields_and_own_error_pages(folder: Path) -> None:
    options = ("--cors", "https://example.com", "--header", "X-Note: hello there", "--error-page", "405=404.html")
    with serving(folder, *options) as server:
        url = f"{server.url}/text.txt"
        allowed = fetch(url, "--header", "Origin: https://example.com")
        assert allowed["access-control-allow-origin"] == "https://example.com"
        other = fetch(url, "--header", "Origin: https://evil.example")
        assert "access-control-allow-origin" not in other.fields
        asked = ("--header", "Access-Control-Request-Method: GET", "--header", "Access-Control-Request-Headers: X-One")
        preflight = fetch(url, "--request", "OPTIONS", "--header", "Origin: https://example.com", *asked)
        assert (preflight.status, preflight["access-control-allow-headers"].lower()) == (204, "x-one")
        refused = fetch(url, "--request", "PUT", "--header", "Accept: text/html")
        assert (refused.status, refused.body) == (405, b"<!doctype html><title>lost</title>")
        assert {each["x-note"] for each in (allowed, other, preflight, refused)} == {"hello there"}
