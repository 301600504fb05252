"""The command as root starts it: who serves, who may connect to its socket, and what is left behind at its end."""

import inspect
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from running import BY_MODULE, PATIENCE, Running, ask

import pellucid

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]

NOBODY = pwd.getpwnam("nobody")


def readable(python: str) -> bool:
    """Whether nobody can run this Python, and read what it imports."""
    look = [python, "-c", "import asyncio, sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(look, user="nobody", capture_output=True).returncode == 0
    except OSError:
        return False


def by_anybody() -> tuple[tuple[str, ...], dict[str, str]]:
    """A command that nobody can run too, and its environment: by the system's Python where ours is for root alone."""
    if readable(sys.executable):
        return BY_MODULE, {}
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None or not readable(python):
        pytest.skip("there is no Python that nobody can read")
    folders = {os.path.dirname(os.path.dirname(inspect.getfile(part))) for part in (pellucid, click)}
    return (python, "-m", "pellucid"), {"PYTHONPATH": ":".join(sorted(folders))}


# What an app can tell of the process that it runs in, and whether there is a way back.
WHOAMI = """
import json, os

def way_back():
    try:
        os.setuid(0)
    except OSError:
        return False
    return True

IMPORTED_AS = os.getuid()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {
        "imported": IMPORTED_AS, "users": os.getresuid(), "groups": os.getresgid(), "all": os.getgroups(),
        "back": way_back(), "socket": os.path.exists(environ["QUERY_STRING"]),
    }
    return [json.dumps(told).encode()]
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that anybody may look into; those of pytest are for their owner alone."""

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        Path(folder, "whoami.py").write_text(WHOAMI)
        yield Path(folder)


def told(path: Path) -> dict[str, object]:

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(path))
        body = ask(client, f"/?{path}").partition(b"\r\n\r\n")[2]
        answer: dict[str, object] = json.loads(body)
        return answer


@pytest.mark.parametrize("workers", ["0", "2"])
def test_it_serves_as_another_user_behind_a_socket_of_its_group(place: Path, workers: str) -> None:
    path = place / "web.sock"
    options = ("--user", "nobody", "--socket-mode", "660", "--socket-owner", f"root:{NOBODY.pw_gid}")
    command = ("serve", "whoami:app", "--app-dir", str(place), "--workers", workers, "--bind", f"unix:{path}")
    python, environment = by_anybody()
    with Running(*command, *options, command=python, environment=environment) as server:
        looked = os.stat(path)
        assert (stat.S_IMODE(looked.st_mode), looked.st_uid, looked.st_gid) == (0o660, 0, NOBODY.pw_gid)
        assert told(path) == {
            "imported": NOBODY.pw_uid,
            "users": [NOBODY.pw_uid] * 3,
            "groups": [NOBODY.pw_gid] * 3,
            "all": sorted(set(os.getgrouplist("nobody", NOBODY.pw_gid))),
            "back": False,
            "socket": True,
        }
        assert server.end()[0] == 0
    # Alone, it is nobody who would have to remove the path of root's folder, and the next server replaces it.
    assert path.exists() is (workers == "0")


def test_a_worker_that_ends_leaves_the_socket_to_the_others(place: Path) -> None:
    path = place / "web.sock"
    with Running("serve", "whoami:app", "--app-dir", str(place), "--workers", "2", "--bind", f"unix:{path}") as server:
        before = os.stat(path).st_ino
        server.send(signal.SIGTTOU)
        server.read_until(server.process.stderr, "1 worker")
        assert told(path)["socket"] is True
        assert os.stat(path).st_ino == before
        assert server.end()[0] == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--user", "nobdy"), "--user: there is no user 'nobdy' here; did you mean nobody?"),
        (("--group", "nowhere at all"), "--group: there is no group 'nowhere at all' here"),
        (("--user", "4000000123"), "--user: nothing is known of the user 4000000123, so its group must be named"),
        (("--socket-mode", "rw"), "--socket-mode: 'rw' is no mode of three octal digits, such as 660"),
        (("--socket-owner", "nobdy"), "--socket-owner: there is no user 'nobdy' here; did you mean nobody?"),
    ],
)
def test_what_cannot_be_is_one_line_and_opens_nothing(place: Path, options: tuple[str, ...], complaint: str) -> None:
    path = place / "web.sock"
    done = subprocess.run(
        [*BY_MODULE, "serve", str(place), "--bind", f"unix:{path}", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert complaint in done.stderr
    assert not path.exists()
