"""A target is told apart by looking: a folder, an application by its name, and the path beneath which it is served."""

import os
from pathlib import Path

import pytest

from pellucid.loading.targets import Folder, Named, Target, parse_mount, parse_target, parse_targets


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with some folders and a module."""
    for name in ("public", "odd:name", "src"):
        (tmp_path / name).mkdir()
    (tmp_path / "main.py").write_text("app = print")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (".", Target("", Folder("."))),
        ("public", Target("", Folder("public"))),
        ("./public/", Target("", Folder("./public/"))),
        ("odd:name", Target("", Folder("odd:name"))),
        ("main:app", Target("", Named("main", "app"))),
        ("main:create_app()", Target("", Named("main", "create_app", True))),
        ("package.module:site.app", Target("", Named("package.module", "site.app"))),
        ("/=main:app", Target("", Named("main", "app"))),
        ("/static=public", Target("/static", Folder("public"))),
        ("/static/=./public", Target("/static", Folder("./public"))),
        ("/a/b=main:make()", Target("/a/b", Named("main", "make", True))),
        ("/café=public", Target("/caf%C3%A9", Folder("public"))),
        ("/a b=public", Target("/a%20b", Folder("public"))),
    ],
)
def test_a_text_means_a_target(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_a_folder_with_an_equals_sign_is_a_folder(here: Path) -> None:
    folder = here / "a=b"
    folder.mkdir()
    assert parse_target(str(folder)) == Target("", Folder(str(folder)))


@pytest.mark.parametrize(
    "path", ["//", "//static", "/a//b", "/a/../b", "/./a", "/a?b", "/a#b", "/a\\b", "/a%2fb", "/a\0"]
)
def test_what_is_no_plain_path_is_no_mount(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be a mount: write a plain path"):
        parse_mount(path)


def test_several_targets_have_places_of_their_own() -> None:
    mounts = [target.mount for target in parse_targets(["/static=public", "main:app", "/api=main:app"])]
    assert mounts == ["/static", "", "/api"]


@pytest.mark.parametrize(
    ("texts", "where"),
    [(["public", "main:app"], "/"), (["/=public", "main:app"], "/"), (["/a=public", "/a/=main:app"], "/a")],
)
def test_two_targets_at_one_place_are_told(texts: list[str], where: str) -> None:
    with pytest.raises(ValueError, match=f"both want {where}: give each a path of its own"):
        parse_targets(texts)


def test_a_mount_of_nothing_is_told() -> None:
    with pytest.raises(ValueError, match="'/static=' mounts nothing"):
        parse_target("/static=")


def test_a_folder_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ValueError, match="the folder 'public' may not be read"):
        parse_target("/static=public")


@pytest.mark.parametrize("text", ["main:app", "main:create_app()", "a.b:c.d"])
def test_a_named_target_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_target(text).serves) == text


def test_a_folder_is_written_as_it_was_read() -> None:
    assert str(parse_target("./public").serves) == "./public"
