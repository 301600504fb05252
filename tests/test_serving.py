"""What settings describe is put together in full, or not at all and with a reason."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pellucid import serving
from pellucid.listening import Listening
from pellucid.loading import Folder, Target
from pellucid.plan import Plan, plan_of
from pellucid.processes.privileges import Identity
from pellucid.serving import keep_standard_descriptors, serve, workers_of
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
        ({"interface": "cgi"}, "interface: 'cgi' is none of"),
        ({"lifespan": "maybe"}, "unknown lifespan 'maybe'"),
        ({"workers": "many"}, "many"),
        ({"user": "nobody-of-that-name"}, "nobody-of-that-name"),
        ({"socket_mode": "rw"}, "socket-mode: 'rw'"),
        ({"tls": ("cert.pem key.pem",)}, "--tls: "),
        ({"redirect_http": ("8080",)}, "--redirect-http: there is no https to send clients to; give --tls too"),
    ],
)
def test_a_setting_that_cannot_be_is_told_before_anything_is_served(
    tmp_path: Path, chosen: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "raise_descriptor_limit", int)
    monkeypatch.setattr(serving, "leave_quietly", int)
    started: list[Listening] = []
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=complaint):
        serve(
            plan_of([Target("", Folder(str(tmp_path)))], Settings(at(tmp_path) | chosen)),
            None,
            lambda listening, kinds: started.append(listening),
        )
    assert started == []
    assert not (tmp_path / "socket").exists()


def planned(chosen: dict[str, Any] | None = None, file: str = "") -> Plan:
    """A plan of a folder."""
    return replace(plan_of([Target("", Folder("."))], Settings(chosen)), file=file)


def at(folder: Path) -> dict[str, Any]:
    """Where to listen, without a port."""
    return {"bind": (f"unix:{folder}/socket",)}


def test_a_folder_that_vanishes_at_the_last_moment_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "raise_descriptor_limit", int)
    monkeypatch.setattr(serving, "leave_quietly", int)
    with pytest.raises(ValueError, match=r"the folder '.*gone' cannot be served: no such file or directory"):
        serve(plan_of([Target("", Folder(str(tmp_path / "gone")))], Settings(at(tmp_path))), None, print)


@pytest.mark.parametrize(
    ("chosen", "workers"),
    [
        ({}, 0),
        ({"workers": "0"}, 0),
        ({"workers": "1"}, 1),
        ({"workers": "3"}, 3),
        ({"workers": "3", "reload": True}, 3),
        ({"reload": True}, 1),
        ({"reload_browser": True}, 1),
        ({"metrics": ":9000"}, 1),
        ({"recycle_requests": 10}, 1),
        ({"recycle_age": 10.0}, 1),
        ({"recycle_memory": 10}, 1),
    ],
)
def test_what_needs_a_parent_brings_a_worker(chosen: dict[str, Any], workers: int) -> None:
    assert workers_of(planned(chosen)) == workers


def test_what_a_file_says_is_taken_up_by_a_worker_unless_the_number_of_workers_was_chosen() -> None:
    assert workers_of(planned(file="pellucid.toml")) == 1
    assert workers_of(planned({"workers": "0"}, file="pellucid.toml")) == 0
    assert workers_of(planned({"workers": "2"}, file="pellucid.toml")) == 2


def test_who_gives_up_rights_has_a_parent_that_may_read_new_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers_of(planned({"tls": ("cert.pem,key.pem",)})) == 0
    monkeypatch.setattr(serving, "choose", lambda chosen: Identity(65534, 65534, ()))
    assert workers_of(planned({"tls": ("cert.pem,key.pem",)})) == 1
    assert workers_of(planned()) == 0


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
