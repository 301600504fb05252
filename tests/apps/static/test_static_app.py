"""The app as a whole: questions and answers over a real folder."""

import errno
import os
import socket
from pathlib import Path

import pytest
from asking import Asking

from pellucid.apps.static.app import Static
from pellucid.apps.static.beneath import Walk
from pellucid.apps.static.entries import Entry
from pellucid.apps.static.representation import Representation
from pellucid.apps.static.source import FileSource
from pellucid.piece import OpenFile

BROWSER = (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")


def test_a_file_is_answered_with_all_that_is_known(ask: Asking) -> None:
    for _ in range(3):
        answer = ask("/style.css")
        assert (answer.status, answer.content) == (200, b"body{}" * 100)
        assert answer.response.headers.index == {
            b"content-type": b"text/css; charset=utf-8",
            b"cache-control": b"no-cache",
            b"x-content-type-options": b"nosniff",
            b"etag": b'"de0b6b3a7640000-258"',
            b"accept-ranges": b"bytes",
            b"last-modified": b"Sun, 09 Sep 2001 01:46:40 GMT",
        }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/index.html", 200),
        ("/index", 200),
        ("/%69ndex.html", 200),
        ("/sub/photo.png", 200),
        ("/sub/", 200),
        ("/.well-known/security.txt", 200),
        ("/large.bin", 200),
        ("/sub", 301),
        ("/style.css/", 301),
        ("//style.css", 301),
        ("/missing", 404),
        ("/missing/", 404),
        ("/style.css/x", 404),
        ("/.env", 404),
        ("/%2eenv", 404),
        ("/../secret", 404),
        ("/%2e%2e/secret", 404),
        ("/..%2fsecret", 404),
        ("/sub/%2e%2e%2f%2e%2e%2fsecret", 404),
        ("/sub/..\\..\\secret", 404),
        ("/%252e%252e/secret", 404),
        ("/index.html%00.png", 404),
        ("/" + "x" * 300, 404),
        ("/" + "x/" * 4000, 404),
        ("/%", 400),
        ("/%zz", 400),
        ("", 404),
    ],
)
def test_paths_and_what_they_get(ask: Asking, path: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        answer = ask(path, method=method)
        assert answer.status == status
        assert answer["x-content-type-options"] == b"nosniff"
        assert b"secret" not in (answer.body if isinstance(answer.body, bytes) else b"")


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/sub", b"", b"/sub/"),
        ("/sub", b"a=b&c", b"/sub/?a=b&c"),
        ("/style.css/", b"", b"/style.css"),
        ("/index/", b"", b"/index"),
        ("//evil.example", b"", b"/evil.example"),
        ("//evil.example/..//", b"", None),
        ("/%2fevil.example/", b"", None),
        ("/\\evil.example/", b"", None),
        ("///sub//", b"q", b"/sub/?q"),
    ],
)
def test_redirects_stay_here(ask: Asking, path: str, query: bytes, location: bytes | None) -> None:
    answer = ask(path, query=query)
    assert answer.status == (301 if location else 404)
    assert answer["location"] == location


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "CONNECT", "get", "QUERY"])
@pytest.mark.parametrize("path", ["/style.css", "/missing", "/%zz"])
def test_other_methods_are_told_what_is_allowed(ask: Asking, method: str, path: str) -> None:
    ask("/style.css")
    answer = ask(path, method=method)
    assert (answer.status, answer["allow"]) == (405, b"GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/style.css", "/missing", "*"])
def test_options_tells_what_is_allowed(ask: Asking, path: str) -> None:
    answer = ask(path, method="OPTIONS")
    assert (answer.status, answer["allow"], answer.content) == (204, b"GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("path", ["/style.css", "/large.bin", "/", "/sub/"])
def test_head_is_get_without_the_body(ask: Asking, path: str) -> None:
    for _ in range(2):
        get, head = ask(path), ask(path, method="HEAD")
        assert (head.status, head.response.headers, head.length) == (get.status, get.response.headers, get.length)
        assert get.content


@pytest.mark.parametrize("path", ["/style.css", "/large.bin", "/", "/sub/"])
def test_what_the_client_has_is_not_sent_again(ask: Asking, path: str) -> None:
    first = ask(path)
    tag = first["etag"]
    assert tag
    assert first.content
    again = ask(path, (b"if-none-match", tag))
    assert (again.status, again["etag"], again.length) == (304, tag, first.length)
    assert ask(path, (b"if-match", b'"x"')).status == 412


def test_ranges_are_answered_from_memory_and_from_the_file(ask: Asking) -> None:
    for path, size in (("/style.css", 600), ("/large.bin", 200_000)):
        for _ in range(2):
            answer = ask(path, (b"range", b"bytes=2-5"))
            assert (answer.status, answer["content-range"]) == (206, b"bytes 2-5/%d" % size)
            assert len(answer.content) == 4
        answer = ask(path, (b"range", b"bytes=999999-"))
        assert (answer.status, answer["content-range"]) == (416, b"bytes */%d" % size)
    assert ask("/style.css").status == 200


def test_a_large_file_is_pulled_and_its_descriptor_closed(ask: Asking) -> None:
    before = os.listdir("/dev/fd")
    for _ in range(3):
        answer = ask("/large.bin")
        assert isinstance(answer.body, FileSource)
        assert answer.length == 200_000
        assert answer.content == b"0123456789" * 20_000
    assert os.listdir("/dev/fd") == before


# Settings.


def test_folders_are_shown_or_not(folder: Path) -> None:
    ask = Asking(folder)
    shown = ask("/sub/", (b"accept", b"application/json"))
    assert (shown.status, shown["content-type"]) == (200, b"application/json")
    assert b"photo.png" in shown.content
    assert Asking(folder, listing=False)("/sub/").status == 404
    assert len(Asking(folder, index=(), listing_limit=1)("/", (b"accept", b"text/plain")).content.splitlines()) < 8


def test_dot_files_are_served_on_demand(folder: Path) -> None:
    assert Asking(folder, dot_files=True)("/.env").content == b"secret"


def test_navigations_of_an_application_with_paths_of_its_own(folder: Path) -> None:
    ask = Asking(folder, spa="index.html")
    for path in ("/users/42", "/users/42/", "/a/b/c", "/style.css/x"):
        answer = ask(path, BROWSER)
        assert (answer.status, answer.content, answer["vary"]) == (200, b"<h1>hello", b"Accept")
        assert ask(path, BROWSER, (b"if-none-match", answer["etag"] or b"")).status == 304
        assert ask(path, (b"accept", b"*/*")).content == b"<h1>hello"
        assert ask(path + "x.js", (b"accept", b"*/*")).status == 404
        assert ask(path).status == 404
        assert ask(path, (b"accept", b"application/json, text/html;q=0")).status == 404
    assert ask("/.env", BROWSER).status == 404
    assert ask("/%zz", BROWSER).status == 400
    assert ask("/style.css", BROWSER).content.startswith(b"body")
    assert Asking(folder)("/x", BROWSER).status == 404
    (folder / "index.html").unlink()
    assert ask("/x", BROWSER).status == 404


def test_error_pages_are_ones_own(folder: Path) -> None:
    (folder / "404.html").write_bytes(b"<h1>own</h1>")
    (folder / "no.txt").write_bytes(b"no")
    (folder / "gone.html").write_bytes(b"soon gone")
    ask = Asking(folder, error_page=("405=no.txt", "400=gone.html", "412=large.bin"))
    (folder / "gone.html").unlink()
    for _ in range(2):
        answer = ask("/missing", BROWSER)
        assert (answer.status, answer.content) == (404, b"<h1>own</h1>")
        assert answer["content-type"] == b"text/html; charset=utf-8"
        assert answer["etag"] is None
    answer = ask("/", method="POST")
    assert (answer.status, answer.content, answer["allow"]) == (405, b"no", b"GET, HEAD, OPTIONS")
    assert ask("/%zz").content.startswith(b"400 Bad Request")
    assert ask("/style.css", (b"if-match", b'"x"')).content.startswith(b"412 ")


@pytest.mark.parametrize("path", ["/style.css", "/large.bin", "/"])
def test_ranges_are_promised_only_where_they_are_given(folder: Path, path: str) -> None:
    for ranges, told, status in ((1, b"bytes", 206), (0, b"none", 200)):
        ask = Asking(folder, ranges=ranges)
        for method, fields, expected in (
            ("GET", [(b"range", b"bytes=0-1")], status),
            ("GET", [], 200),
            ("HEAD", [], 200),
        ):
            answer = ask(path, *fields, method=method)
            assert (answer.status, answer["accept-ranges"]) == (expected, told)
            assert b"accept-ranges" not in ask(path, (b"if-none-match", answer["etag"] or b"")).response.headers


def test_cache_control_and_types_are_as_set(folder: Path) -> None:
    (folder / "app.3f2a9c1b.js").write_bytes(b"x")
    ask = Asking(folder, cache_control=("*.css=max-age=60",), media_type=("png=image/x-png",))
    assert ask("/style.css")["cache-control"] == b"max-age=60"
    assert ask("/app.3f2a9c1b.js")["cache-control"] == b"max-age=31536000, immutable"
    assert ask("/index.html")["cache-control"] == b"no-cache"
    assert ask("/sub/photo.png")["content-type"] == b"image/x-png"


def test_a_wrong_folder_or_setting_is_told_at_once(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Static(str(folder / "missing"))
    with pytest.raises(ValueError, match="error-page"):
        Asking(folder, error_page=("x",))


# Bounds and mishaps.


def test_what_is_kept_is_bounded(folder: Path) -> None:
    ask = Asking(folder, file_cache=100_000)
    for number in range(60):
        (folder / f"{number}.png").write_bytes(b"x" * 5000)
        assert ask(f"/{number}.png").status == 200
        assert ask.app._entries.used <= 100_000
    assert 5 < len(ask.app._known) < 15
    for number in range(1000):
        ask(b"/" + b"".join(b"%%%02x" % byte for byte in b"%d.png" % (number % 60)))
    assert ask.app._entries.used <= 100_000


def test_nothing_is_kept_without_room(folder: Path) -> None:
    ask = Asking(folder, file_cache=0)
    for _ in range(2):
        assert ask("/style.css").status == 200
    assert ask.app._known == {}


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.EACCES, 403),
        (errno.EPERM, 403),
        (errno.EMFILE, 503),
        (errno.ENFILE, 503),
        (errno.ENAMETOOLONG, 404),
        (errno.ELOOP, 404),
        (errno.EINVAL, 404),
        (errno.EILSEQ, 404),
        (errno.ENXIO, 404),
        (errno.ENOTDIR, 404),
    ],
)
def test_what_the_system_says_becomes_a_status(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def fail(self: Walk, names: object, start: object = ()) -> None:
        raise OSError(number, "said the system")

    monkeypatch.setattr(Walk, "look", fail)
    answer = ask("/style.css")
    assert answer.status == status
    assert (answer["retry-after"] is not None) == (status == 503)


def test_a_file_that_cannot_be_opened_is_refused_by_get_and_head(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Representation, root: int) -> OpenFile:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Representation, "open", fail)
    for path in ("/style.css", "/large.bin"):
        for method in ("GET", "HEAD"):
            assert ask(path, method=method).status == 403


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of mode 0 cannot be read, which those who run tests as root would not notice."""

    def access(name: bytes, mode: int, *, dir_fd: int) -> bool:
        return bool(os.stat(name, dir_fd=dir_fd).st_mode & 0o400)

    monkeypatch.setattr(os, "access", access)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("path", ["/style.css", "/large.bin"])
@pytest.mark.parametrize(
    "field", [(b"if-none-match", b"*"), (b"if-match", b'"x"'), (b"range", b"bytes=999999-"), (b"accept", b"text/html")]
)
def test_nothing_is_told_of_a_file_that_may_not_be_read(
    ask: Asking, folder: Path, path: str, field: tuple[bytes, bytes]
) -> None:
    assert ask(path).status == 200
    (folder / path[1:]).chmod(0)
    for method in ("GET", "HEAD"):
        answer = ask(path, field, method=method)
        assert (answer.status, answer["etag"], answer["content-range"]) == (403, None, None)
    (folder / path[1:]).chmod(0o600)
    assert ask(path).status == 200


@pytest.mark.usefixtures("locked")
def test_a_variant_that_may_not_be_read_is_as_good_as_absent(ask: Asking, folder: Path) -> None:
    gzip = (b"accept-encoding", b"gzip")
    (folder / "style.css.gz").write_bytes(b"packed")
    assert ask("/style.css", gzip).content == b"packed"
    (folder / "style.css.gz").chmod(0)
    answer = ask("/style.css", gzip)
    assert (answer.status, answer["content-encoding"], answer["vary"]) == (200, None, None)


def test_a_fault_of_the_machine_is_not_hidden(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Walk, names: object, start: object = ()) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(Walk, "look", fail)
    with pytest.raises(OSError, match="broken"):
        ask("/style.css")


def test_special_files_and_circles_are_absent(ask: Asking, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "fifo")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "circle").symlink_to("circle")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("/fifo", "/zero", "/circle", "/socket"):
            assert ask(path).status == 404


def test_a_kept_file_costs_one_look_in_a_round_and_none_after_it(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counting(name: str) -> None:
        call = getattr(os, name)

        def counted(*arguments: object, **more: object) -> object:
            calls.append(name)
            return call(*arguments, **more)

        monkeypatch.setattr(os, name, counted)

    ask("/sub/photo.png")
    for name in ("open", "stat", "lstat", "fstat", "pread", "readlink", "access", "scandir"):
        counting(name)
    ask("/sub/photo.png")
    assert calls == ["stat"]
    ask.same_round = True
    assert ask("/sub/photo.png").status == 200
    assert calls == ["stat"]


def test_only_a_file_whose_folder_matters_has_it_looked_at(ask: Asking) -> None:
    ask("/sub/photo.png")
    ask("/style.css")
    entries: dict[bytes, Entry] = ask.app._known
    assert [path for path, _ in entries[b"/sub/photo.png"].conditions] == []
    assert [path for path, _ in entries[b"/style.css"].conditions] == [b"."]


def test_closing_lets_go_of_all(folder: Path) -> None:
    before = os.listdir("/dev/fd")
    ask = Asking(folder)
    ask("/style.css")
    running = ask("/large.bin")
    ask.app.close()
    assert len(running.content) == 200_000
    assert os.listdir("/dev/fd") == before
