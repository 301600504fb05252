"""The file is found where a person would look for it, and one that cannot be read is told."""

import os
from pathlib import Path

import pytest

from pellucid.config.finding import LARGEST, find, read_text, refer


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ""),
        ({"pellucid.toml": ""}, "pellucid.toml"),
        ({"pyproject.toml": "[tool.pellucid]\n"}, "pyproject.toml"),
        ({"pyproject.toml": '[ tool . pellucid . paths."/a" ]\n'}, "pyproject.toml"),
        ({"pyproject.toml": "[tool.other]\n[project]\nname = 'pellucid'\n"}, ""),
        ({"pyproject.toml": "# [tool.pellucid]\n"}, ""),
        ({"pyproject.toml": "[tool.pellucid]\n", "pellucid.toml": ""}, "pellucid.toml"),
    ],
)
def test_a_file_of_its_own_comes_before_the_projects(
    files: dict[str, str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert find() == found


def test_a_file_that_leads_nowhere_is_found_and_told(tmp_path: Path) -> None:
    (tmp_path / "pellucid.toml").symlink_to("away.toml")
    assert find(str(tmp_path)) == str(tmp_path / "pellucid.toml")
    with pytest.raises(ValueError, match="there is no such file"):
        read_text(find(str(tmp_path)))


def test_a_mark_in_front_of_a_text_is_none_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_text(str(file)) == "a = 1\n"


def test_a_projects_file_that_cannot_be_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pellucid]\n")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    assert find(str(tmp_path)) == ""


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    for content, told in (
        (b'a = 1\nb = "\xe9"\n', ":2: this is not UTF-8, as TOML is; save the file as that"),
        (b"#" * (LARGEST + 1), ": it is larger than 1 MiB, as no configuration is"),
    ):
        file.write_bytes(content)
        with pytest.raises(ValueError) as error:
            read_text(str(file))
        assert str(error.value) == f"{file}{told}"
    for path, told in (
        (tmp_path / "none", "there is no such file"),
        (tmp_path, "this is a folder; name the file in it"),
        (file / "x", "it cannot be read: not a directory"),
    ):
        with pytest.raises(ValueError) as error:
            read_text(str(path))
        assert str(error.value) == f"{path}: {told}"


def test_a_path_begins_in_the_folder_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert refer("~/public", "/etc") == os.path.join("/home/ann", "public")
    assert refer("public", "conf") == "conf/public"
