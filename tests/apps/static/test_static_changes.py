"""The app over a folder that changes between two questions, and while one is answered."""

import gzip
import os
import shutil
from pathlib import Path

import pytest
from asking import EARLY, LATE, Asking

from pellucid.apps.static.beneath import Root
from pellucid.apps.static.representation import Representation
from pellucid.errors import FileChanged
from pellucid.piece import OpenFile

GZIP = (b"accept-encoding", b"gzip")


def test_a_changed_file_is_seen_at_once(ask: Asking, folder: Path) -> None:
    assert ask("/style.css").content.startswith(b"body")
    first = ask("/style.css")["etag"]
    (folder / "style.css").write_bytes(b"changed")
    second = ask("/style.css")
    assert second.content == b"changed"
    assert second["etag"] != first
    assert ask("/style.css", (b"if-none-match", first or b"")).status == 200
    (folder / "style.css").unlink()
    assert ask("/style.css").status == 404
    (folder / "style.css").write_bytes(b"new")
    assert ask("/style.css").content == b"new"


def test_a_large_file_that_changed_is_seen_at_once(ask: Asking, folder: Path) -> None:
    assert len(ask("/large.bin").content) == 200_000
    (folder / "large.bin").write_bytes(b"x" * 100_000)
    assert ask("/large.bin").content == b"x" * 100_000


def test_a_replaced_folder_is_seen_at_once(ask: Asking, folder: Path, tmp_path: Path) -> None:
    assert ask("/sub/photo.png").content == b"png"
    (folder / "sub").rename(folder / "old")
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "photo.png").write_bytes(b"secret")
    (folder / "sub").symlink_to(tmp_path / "evil")
    assert ask("/sub/photo.png").status == 404
    assert ask("/old/photo.png").content == b"png"


def test_a_file_replaced_by_a_link_out_or_a_fifo_is_gone(ask: Asking, folder: Path, tmp_path: Path) -> None:
    for name in ("style.css", "large.bin"):
        assert ask(f"/{name}").status == 200
        (folder / name).unlink()
        (folder / name).symlink_to(tmp_path / "secret")
        assert ask(f"/{name}").status == 404
        (folder / name).unlink()
        os.mkfifo(folder / name)
        assert ask(f"/{name}").status == 404


def test_a_better_index_is_seen_at_once(ask: Asking, folder: Path) -> None:
    (folder / "sub" / "index.htm").write_bytes(b"second")
    assert ask("/sub/").content == b"second"
    assert ask("/sub/").content == b"second"
    (folder / "sub" / "index.html").write_bytes(b"first")
    assert ask("/sub/").content == b"first"
    (folder / "sub" / "index.html").unlink()
    (folder / "sub" / "index.htm").unlink()
    assert b"photo.png" in ask("/sub/").content


def test_a_clean_url_gives_way_to_a_file_of_its_name(ask: Asking, folder: Path) -> None:
    (folder / "about.html").write_bytes(b"page")
    assert ask("/about").content == b"page"
    (folder / "about").write_bytes(b"file")
    assert ask("/about").content == b"file"


@pytest.mark.parametrize(
    ("link", "target", "standing", "path"),
    [
        ("sub/index.html", "../other/page", "sub/index.htm", "/sub/"),
        ("sub/index.html", "../other/folder", "sub/index.htm", "/sub/"),
        ("about", "other/page", "about.html", "/about"),
        ("page.html.gz", "other/page", "page.html", "/page.html"),
        ("page.html.gz", "other/folder", "page.html", "/page.html"),
    ],
)
def test_a_link_that_comes_to_lead_somewhere_is_seen_at_once(
    ask: Asking, folder: Path, link: str, target: str, standing: str, path: str
) -> None:
    (folder / "other" / "folder").mkdir(parents=True)
    (folder / standing).write_bytes(b"standing in")
    (folder / link).symlink_to(target)
    for _ in range(2):
        assert ask(path, GZIP).content == b"standing in"
    before = (folder / link).parent.stat()
    wanted = (folder / link).parent / target
    if wanted.is_dir():
        wanted.rmdir()
    wanted.write_bytes(b"wanted")
    os.utime(wanted, (LATE, LATE))
    assert (folder / link).parent.stat().st_mtime_ns == before.st_mtime_ns
    assert ask(path, GZIP).content == b"wanted"


def test_all_requests_of_one_round_share_one_look(ask: Asking, folder: Path) -> None:
    ask("/style.css")
    ask.same_round = True
    (folder / "style.css").write_bytes(b"changed")
    assert ask("/style.css").content.startswith(b"body")
    ask.same_round = False
    assert ask("/style.css").content == b"changed"


def test_a_fresh_file_is_read_in_every_round(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Asking(folder, clock=EARLY)
    reads = []
    read = Representation.read

    def counting(self: Representation, root: int) -> bytes:
        reads.append(self.body is None)
        return read(self, root)

    monkeypatch.setattr(Representation, "read", counting)
    for _ in range(3):
        assert ask("/style.css").status == 200
    assert reads == [True] * 3
    assert ask("/style.css")["last-modified"] is None


def test_a_file_that_never_rests_is_not_served(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenFile, "changed", property(lambda self: True))
    before = os.listdir("/dev/fd")
    answer = ask("/style.css")
    assert (answer.status, answer["retry-after"]) == (503, b"1")
    assert os.listdir("/dev/fd") == before


def test_a_file_that_rests_at_the_second_look_is_served(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([True, False])
    monkeypatch.setattr(OpenFile, "changed", property(lambda self: next(looks)))
    assert ask("/style.css").status == 200


def test_a_file_that_changes_while_it_is_sent_is_not_completed(ask: Asking, folder: Path) -> None:
    answer = ask("/large.bin")
    (folder / "large.bin").write_bytes(b"x" * 200_000)
    with pytest.raises(FileChanged):
        _ = answer.content


def test_the_root_is_followed_when_its_path_leads_elsewhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "style.css").write_bytes(b"second")
    current = tmp_path / "current"
    current.symlink_to(folder)
    ask = Asking(current)
    assert ask("/style.css").content.startswith(b"body")
    current.unlink()
    current.symlink_to(tmp_path / "second")
    before = os.listdir("/dev/fd")
    ask.moment.now += 2
    assert ask("/style.css").content == b"second"
    assert ask("/large.bin").status == 404
    assert len(os.listdir("/dev/fd")) == len(before)
    ask.app.close()


def test_a_folder_that_was_the_working_directory_is_followed_when_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "a.txt").write_bytes(b"first")
    monkeypatch.chdir(tmp_path / "dist")
    ask = Asking(Path("."))
    assert ask("/a.txt").content == b"first"
    (tmp_path / "dist" / "a.txt").unlink()
    (tmp_path / "dist").rmdir()
    ask.moment.now += 2
    assert ask("/a.txt").status == 404
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "a.txt").write_bytes(b"second")
    ask.moment.now += 2
    assert ask("/a.txt").content == b"second"


def test_a_root_that_cannot_be_followed_yet_is_followed_later(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "style.css").write_bytes(b"second")
    current = tmp_path / "current"
    current.symlink_to(folder)
    ask = Asking(current)
    assert ask("/style.css").content.startswith(b"body")
    current.unlink()
    current.symlink_to(tmp_path / "second")
    ask.moment.now += 2
    with monkeypatch.context() as patch:
        patch.setattr(Root, "__init__", lambda self, path: os.open(folder / "missing", os.O_RDONLY))
        assert ask("/style.css").content.startswith(b"body")
    ask.moment.now += 2
    assert ask("/style.css").content == b"second"


# Variants.


def test_the_variant_that_the_client_likes_is_sent(ask: Asking, folder: Path) -> None:
    packed = gzip.compress(b"body{}" * 100)
    (folder / "style.css.gz").write_bytes(packed)
    (folder / "style.css.br").write_bytes(b"brotli")
    tags = set()
    for fields, content, coding in (
        ([], b"body{}" * 100, None),
        ([GZIP], packed, b"gzip"),
        ([(b"accept-encoding", b"gzip, br")], b"brotli", b"br"),
        ([(b"accept-encoding", b"gzip;q=0.1, br;q=0")], packed, b"gzip"),
        ([(b"accept-encoding", b"*;q=0")], b"body{}" * 100, None),
    ):
        for _ in range(2):
            answer = ask("/style.css", *fields)
            assert (answer.content, answer["content-encoding"]) == (content, coding)
            assert answer["vary"] == b"Accept-Encoding"
            assert answer["content-type"] == b"text/css; charset=utf-8"
        tags.add(answer["etag"])
        assert ask("/style.css", *fields, (b"if-none-match", answer["etag"] or b"")).status == 304
    assert len(tags) == 3
    assert ask("/style.css", GZIP, (b"range", b"bytes=0-1")).content == packed[:2]


def test_variants_come_change_and_go(ask: Asking, folder: Path) -> None:
    variant = folder / "style.css.gz"
    assert ask("/style.css", GZIP)["content-encoding"] is None
    variant.write_bytes(b"first")
    assert ask("/style.css", GZIP).content == b"first"
    variant.write_bytes(b"second one")
    assert ask("/style.css", GZIP).content == b"second one"
    (folder / "style.css").write_bytes(b"x" * 1000)
    os.utime(folder / "style.css", (LATE, LATE))
    assert ask("/style.css", GZIP).content == b"x" * 1000
    variant.unlink()
    answer = ask("/style.css", GZIP)
    assert (answer.content, answer["vary"]) == (b"x" * 1000, None)


def test_a_variant_that_was_no_good_is_seen_when_it_is_written_anew(ask: Asking, folder: Path) -> None:
    variant = folder / "style.css.gz"
    for bad in (lambda: variant.write_bytes(b"x" * 1000), lambda: os.utime(variant, (1, 1))):
        variant.write_bytes(b"good")
        assert ask("/style.css", GZIP).content == b"good"
        bad()
        assert ask("/style.css", GZIP)["content-encoding"] is None
    variant.write_bytes(b"good again")
    assert ask("/style.css", GZIP).content == b"good again"


def test_a_variant_that_becomes_a_link_out_of_the_root_is_not_sent(ask: Asking, folder: Path, tmp_path: Path) -> None:
    variant = folder / "style.css.gz"
    variant.write_bytes(b"packed")
    assert ask("/style.css", GZIP).content == b"packed"
    variant.unlink()
    variant.symlink_to(tmp_path / "secret")
    assert ask("/style.css", GZIP).content == b"body{}" * 100


def test_a_folder_that_was_deleted_is_not_shown_as_an_empty_one(ask: Asking, folder: Path) -> None:
    shutil.rmtree(folder)
    assert ask("/").status == 404
    assert ask("/style.css").status == 404
