"""A file is read anew when it changes, and not when it does not."""

import os
from pathlib import Path

import pytest
from sessioning import LoopGround

from pellucid.features.auth import followed as module
from pellucid.features.auth.followed import PATIENCE, Followed
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor


class File:
    """A file that is followed. `reads` is what was read of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file"
        self.path.write_text("one")
        self.hand = HandClock()
        self.notes: list[tuple[str, str]] = []
        self.reads: list[str] = []
        reactor = Reactor(MemoryPoller(), self.hand)
        self.ground = LoopGround(reactor, lambda level, text: self.notes.append((level, text)), str(folder))

    def follow(self) -> Followed[str]:
        return Followed("file", self.read, self.ground)

    def read(self, text: str) -> str:
        self.reads.append(text)
        if text == "bad":
            raise ValueError("file:1: this is bad")
        return text.upper()

    def later(self) -> None:
        self.hand.advance(PATIENCE)
        self.ground.reactor.step(0)


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


def test_it_is_read_once_and_again_when_it_has_changed(file: File) -> None:
    followed = file.follow()
    for _ in range(3):
        file.later()
        assert followed.what == "ONE"
    file.path.write_text("two!")
    assert followed.what == "ONE"  # not looked at yet
    file.later()
    assert followed.what == "TWO!"
    assert file.reads == ["one", "two!"]


def test_another_file_in_its_place_is_seen_though_it_is_as_long_and_as_old(file: File, tmp_path: Path) -> None:
    followed = file.follow()
    before = file.path.stat()
    (tmp_path / "new").write_text("two")
    os.utime(tmp_path / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "new").replace(file.path)
    file.later()
    assert followed.what == "TWO"


def test_one_that_is_bad_or_gone_is_told_of_once_and_changes_nothing(file: File) -> None:
    followed = file.follow()
    file.path.write_text("bad")
    for _ in range(3):
        file.later()
        assert followed.what == "ONE"
    file.path.unlink()
    for _ in range(3):
        file.later()
        assert followed.what == "ONE"
    assert file.notes == [
        ("error", "file:1: this is bad; what stood there before stays in force"),
        ("error", "file: this file cannot be read: no such file or directory; what stood there before stays in force"),
    ]
    file.path.write_text("three")
    file.later()
    assert followed.what == "THREE"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"bad", "file:1: this is bad"), (b"\xff", "file: this file is no text in UTF-8"), (b"x" * 11, "file: this file "
      "is longer than 0 MiB")],
)  # fmt: skip
def test_one_that_is_bad_at_the_beginning_is_refused(
    file: File, content: bytes, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    file.path.write_bytes(content)
    with pytest.raises(ValueError) as error:
        file.follow()
    assert str(error.value) == complaint
