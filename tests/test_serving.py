"""What settings describe is put together in full, or not at all and with a reason."""

import os
from pathlib import Path
from typing import Any

import pytest

from pellucid import serving
from pellucid.serving import keep_standard_descriptors, serve_folder
from pellucid.settings import Settings


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"bind": ("a/b",)}, "'a/b' is no address"),
        ({"access_log": "{huh}"}, "unknown directive {huh}"),
        ({"log_level": "loud"}, "unknown log level 'loud'"),
        ({"header": ("huh",)}, "the header 'huh' has no colon"),
        ({"cors": ("huh",)}, "'huh' is no origin"),
        ({"error_page": ("huh",)}, "huh"),
        ({"error_page": ("404=huh.html",)}, "error-page: there is no file 'huh.html' in the folder that is served"),
        ({"spa": "huh.html"}, "spa: there is no file 'huh.html'"),
        ({"spa": "folder"}, "spa: 'folder' is a folder"),
        ({"media_type": ("foo=bar",)}, "media-type: 'bar' is no type"),
    ],
)
def test_a_setting_that_cannot_be_is_told_before_anything_is_served(
    tmp_path: Path, chosen: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "raise_descriptor_limit", int)
    monkeypatch.setattr(serving, "leave_quietly", int)
    started: list[object] = []
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=complaint):
        serve_folder(str(tmp_path), Settings(chosen), started.append)
    assert started == []


def test_a_folder_that_vanishes_at_the_last_moment_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "raise_descriptor_limit", int)
    monkeypatch.setattr(serving, "leave_quietly", int)
    with pytest.raises(ValueError, match=r"the folder '.*gone' cannot be served: no such file or directory"):
        serve_folder(str(tmp_path / "gone"), Settings(), print)


@pytest.mark.parametrize(("closed", "opened"), [(set(), 0), ({1}, 1), ({0, 1, 2}, 3)])
def test_no_connection_gets_the_number_of_a_closed_standard_stream(
    closed: set[int], opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fstat(fd: int) -> None:
        if fd in closed:
            raise OSError(9, "Bad file descriptor")

    paths: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", fstat)
        patch.setattr(os, "open", lambda path, flags: paths.append(path))
        keep_standard_descriptors()
    assert paths == [os.devnull] * opened
