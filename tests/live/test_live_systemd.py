"""The command as systemd starts it: sockets that are open already, and a manager that is told how it fares."""

import fcntl
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import BY_MODULE, PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

# What systemd does between its fork and its exec: sockets from 3 on, and the number of the process itself.
AS_SYSTEMD = """
import os, sys
count = int(sys.argv[1])
for place, fd in enumerate(map(int, sys.argv[2:2 + count])):
    os.dup2(fd, 3 + place)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "pellucid", *sys.argv[2 + count:]])
"""


class Manager:
    """What stands where systemd would listen for notifications."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(PATIENCE)

    def told(self) -> dict[str, str]:
        """The assignments of the next message."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    # Far from 3, so that it has to be moved there as it would be, and in nobody's place.
    with socket.create_server(("127.0.0.1", 0)) as first:
        far = fcntl.fcntl(first.fileno(), fcntl.F_DUPFD_CLOEXEC, 30)
        with socket.socket(fileno=far) as moved:
            yield moved


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/index.html").write_text("hello")
    return str(tmp_path / "public")


def started(listening: socket.socket, manager: Manager, *arguments: str, **environment: str) -> Running:
    """The command with one socket that was handed over."""
    number = listening.fileno()
    return Running(
        "1",
        str(number),
        *arguments,
        command=(sys.executable, "-c", AS_SYSTEMD),
        environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "NOTIFY_SOCKET": manager.path, **environment},
        pass_fds=[number],
    )


def get(listening: socket.socket) -> bytes:
    """An answer from whoever accepts from this socket."""
    with socket.create_connection(listening.getsockname(), PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = b""
        while part := client.recv(65536):
            data += part
        return data


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("bind", [(), ("--bind", "systemd"), ("--bind", "systemd:web")])
def test_sockets_that_are_handed_over_are_served(
    folder: str, manager: Manager, listening: socket.socket, workers: str, bind: tuple[str, ...]
) -> None:
    with started(listening, manager, "serve", folder, "--workers", workers, *bind) as server:
        ready = manager.told()
        assert (ready["READY"], ready["MAINPID"]) == ("1", str(server.process.pid))
        assert server.port == listening.getsockname()[1]
        assert get(listening).endswith(b"\r\n\r\nhello")
        server.send(signal.SIGTERM)
        assert manager.told() == {"STOPPING": "1"}
        assert server.ended()[0] == 0


def test_a_reload_is_told_from_its_beginning_to_its_end(
    folder: str, manager: Manager, listening: socket.socket
) -> None:
    with started(listening, manager, "serve", folder, "--workers", "1") as server:
        assert manager.told()["READY"] == "1"
        server.send(signal.SIGHUP)
        reloading = manager.told()
        assert reloading["RELOADING"] == "1"
        assert int(reloading["MONOTONIC_USEC"]) > 0
        assert manager.told()["READY"] == "1"
        assert get(listening).endswith(b"hello")
        assert server.end()[0] == 0


def test_a_file_that_is_refused_ends_the_reload_all_the_same(
    folder: str, manager: Manager, listening: socket.socket, tmp_path: Path
) -> None:
    file = tmp_path / "pellucid.toml"
    file.write_text('serve = "public"')
    with started(listening, manager, "serve", "--config", str(file)) as server:
        assert manager.told()["READY"] == "1"
        file.write_text("serve = ")
        server.send(signal.SIGHUP)
        assert manager.told()["RELOADING"] == "1"
        assert manager.told()["READY"] == "1"
        assert get(listening).endswith(b"hello")
        status, _, errors = server.end()
    assert status == 0
    assert f"error: the reload is refused, and what was in force stays: {file}:1: " in errors


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_watchdog_hears_of_it(folder: str, manager: Manager, listening: socket.socket, workers: str) -> None:
    with started(listening, manager, "serve", folder, "--workers", workers, WATCHDOG_USEC="200000") as server:
        heard = [manager.told() for _ in range(5)]
        assert heard.count({"WATCHDOG": "1"}) >= 3
        assert server.end()[0] == 0


def test_what_systemd_has_not_handed_over_is_said_in_one_line(folder: str) -> None:
    done = subprocess.run(
        [*BY_MODULE, "serve", folder, "--bind", "systemd"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "pellucid: cannot listen on systemd: systemd has handed over no socket; start the service by its .socket unit\n"
    )
