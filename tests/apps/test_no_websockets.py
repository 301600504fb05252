"""Tests of apps that have no WebSockets and are asked for one: they answer as ever, and CONNECT gets a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from conversing import Stage
from websocketing import SocketClient

from pellucid.apps.static.app import Static
from pellucid.apps.wsgi.app import Wsgi
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.server.exchange import App
from pellucid.site import Served, mounted


@pytest.fixture
def folder(tmp_path: Path) -> App:
    (tmp_path / "index.html").write_text("hello")
    return Static(str(tmp_path))


def test_a_folder_gives_its_page_and_refuses_connect(folder: App) -> None:
    assert SocketClient(Stage(folder)).status == 200
    assert SocketClient(Stage(folder), "2").status == 405
    assert SocketClient(Stage(mounted({"/a": Served(folder, "/a")})), "2").status == 404


@pytest.mark.parametrize(("version", "status"), [("1.1", 200), ("2", 501)])
def test_a_wsgi_application_answers_and_refuses_connect(version: str, status: int) -> None:
    def application(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [])  # type: ignore[operator]  # it is a function
        return [b"hello"]

    stage = Stage()
    stage.server._shared.app = Wsgi(application, stage.reactor, stage.watch, WsgiSettings(threads=0), False)
    assert SocketClient(stage, version).status == status
