"""The folder that the app is asked for."""

import os
from pathlib import Path

import pytest
from asking import Asking


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_text("<h1>hello")
    (root / "style.css").write_bytes(b"body{}" * 100)
    (root / "sub" / "photo.png").write_bytes(b"png")
    (root / "large.bin").write_bytes(b"0123456789" * 20_000)
    (root / ".env").write_text("secret")
    (root / ".well-known").mkdir()
    (root / ".well-known" / "security.txt").write_text("Contact:")
    (tmp_path / "secret").write_text("secret")
    for path in root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return root


@pytest.fixture
def ask(folder: Path) -> Asking:
    return Asking(folder)
