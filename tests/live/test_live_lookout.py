"""Changed files as they really change: told within moments, by the system or by looking, and the process ends."""

import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import PATIENCE

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

LOOKING_OUT = """
import sys
if sys.argv[1] == "looking":
    sys.modules["watchfiles"] = None
from pellucid.processes import lookout
settings = lookout.ReloadSettings()
areas = lookout.areas_of(settings, [sys.argv[2]], [sys.argv[2] + "/public"], pages=True)
lookout.look_out(areas, int(sys.argv[3]))
"""

BY = pytest.mark.parametrize("by", ["notice", "looking"])


@contextmanager
def looking_out(folder: Path, by: str) -> Iterator[socket.socket]:
    """The other end of the channel of a process that looks for changes; it must end with the channel."""
    ours, theirs = socket.socketpair()
    number = theirs.fileno()
    process = subprocess.Popen(
        [sys.executable, "-c", LOOKING_OUT, by, str(folder), str(number)], pass_fds=[number], cwd=folder
    )
    theirs.close()
    try:
        with ours:
            ours.settimeout(PATIENCE)
            settle(ours, folder)
            yield ours
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def settle(channel: socket.socket, folder: Path) -> None:
    """Wait until changes are seen: nothing tells of the first look, so a file is changed until somebody notes it."""
    deadline = time.monotonic() + PATIENCE
    number = 0
    while not select.select([channel], [], [], 0.1)[0]:
        assert time.monotonic() < deadline, "no change is ever seen"
        number += 1
        (folder / "first.py").write_text("x" * number)
    while select.select([channel], [], [], 1.0)[0]:
        channel.recv(4096)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("app.py", "package/views.py", "public/css/site.css", "node_modules/a/index.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("first")
    return tmp_path


def line(channel: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\n"):
        part = channel.recv(4096)
        assert part, "it has ended"
        data += part
    return data.decode()[:-1]


@BY
def test_a_change_is_told_within_moments(project: Path, by: str) -> None:
    with looking_out(project, by) as channel:
        (project / "node_modules/a/index.py").write_text("second")
        (project / "package/notes.txt").write_text("second")
        before = time.monotonic()
        (project / "package/views.py").write_text("second")
        assert line(channel) == "package/views.py"
        assert time.monotonic() - before < 5  # moments, on a machine that does much else
        (project / "public/css/site.css").write_text("second")
        assert line(channel) == "public/css/site.css"


@BY
def test_a_file_that_is_put_in_anothers_place_is_a_change(project: Path, by: str) -> None:
    with looking_out(project, by) as channel:
        (project / "app.py~").write_text("second")
        os.replace(project / "app.py~", project / "app.py")
        assert line(channel) == "app.py"
        os.unlink(project / "package/views.py")
        assert line(channel) == "package/views.py"


@BY
def test_a_folder_that_a_build_makes_again_is_watched_on(project: Path, by: str) -> None:
    public = project / "public"
    with looking_out(project, by) as channel:
        shutil.rmtree(public)
        assert line(channel).startswith("public")
        public.mkdir()
        (public / "index.html").write_text("built")
        assert line(channel).startswith("public")
        settle(channel, project)
        (public / "index.html").write_text("built again")
        assert line(channel) == "public/index.html"
