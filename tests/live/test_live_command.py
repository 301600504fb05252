"""The command as a person runs it: a real process, real sockets and real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from running import BY_MODULE, BY_SCRIPT, PATIENCE, Running, ask, refused

from pellucid.logs import LOG_TIME

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

LARGE = 64 << 20


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder with a page and a file that no socket buffer can hold."""
    (tmp_path / "index.html").write_text("<!doctype html><title>hello</title>")
    with open(tmp_path / "large.bin", "wb") as large:
        large.truncate(LARGE)
    return str(tmp_path)


def complaint(*arguments: str, pass_fds: Sequence[int] = (), **environment: str) -> str:
    """The one line that a command leaves behind which cannot do what it was told."""
    done = subprocess.run(
        [*BY_MODULE, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        pass_fds=pass_fds,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("command", [BY_MODULE, BY_SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_says_where_and_stops_when_told(
    folder: str, command: tuple[str, ...], number: signal.Signals
) -> None:
    with Running("serve", folder, "--bind", "0", command=command) as server:
        assert server.port > 0
        assert server.banner.startswith("Pellucid ")
        assert "\x1b" not in server.banner
        assert server.get().endswith(b"<title>hello</title>")
        status, output, errors = server.end(number)
    assert (status, errors) == (0, "")
    assert '"GET / HTTP/1.1" 200 35 ' in output


def test_a_signal_right_after_the_banner_is_heard(folder: str) -> None:
    with Running("serve", folder, "--bind", "0") as server:
        assert server.end()[0] == 0


def test_all_addresses_are_told(folder: str) -> None:
    with Running("serve", folder, "--bind", ":0") as server:
        assert f"http://127.0.0.1:{server.port}/" in server.banner
        assert server.get().startswith(b"HTTP/1.1 200 ")
        assert server.end()[0] == 0


def test_a_taken_port_is_one_line(folder: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"pellucid: cannot listen on {address}: it is taken" in complaint("serve", folder, "--bind", address)


def test_a_bad_setting_in_the_environment_is_one_line(folder: str) -> None:
    assert "{huh}" in complaint("serve", folder, PELLUCID_ACCESS_LOG="{huh}")


def test_what_runs_is_finished_after_the_first_signal(folder: str) -> None:
    with Running("serve", folder, "--bind", "0") as server, server.connect() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = len(client.recv(1000))
        server.send(signal.SIGTERM)
        assert refused(server.port)
        while more := client.recv(1 << 20):
            received += len(more)
        assert received > LARGE
        assert server.ended()[0] == 0


def test_the_second_signal_ends_at_once(folder: str) -> None:
    with Running("serve", folder, "--bind", "0", "--grace", "10m") as server, server.connect() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1000)
        server.send(signal.SIGTERM)
        assert refused(server.port)
        assert server.process.poll() is None
        assert server.end()[0] == 0


def test_grace_ends_a_client_that_never_does(folder: str) -> None:
    with Running("serve", folder, "--bind", "0", "--grace", "100ms") as server, server.connect() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1000)
        began = time.monotonic()
        status, _, errors = server.end()
        assert time.monotonic() - began < PATIENCE / 2
    assert status == 0
    assert "grace" in errors


def test_a_unix_socket_is_served_and_removed(folder: str, tmp_path: Path) -> None:
    path = tmp_path / "a socket"
    with Running("serve", folder, "--bind", f"unix:{path}") as server:
        assert f"unix:{path}" in server.banner
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            assert ask(client).startswith(b"HTTP/1.1 200 ")
        status, output, _ = server.end()
    assert status == 0
    assert output.startswith("- - - [")
    assert not path.exists()


def test_a_socket_can_be_inherited(folder: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fd = listening.fileno()
        with Running("serve", folder, "--bind", f"fd:{fd}", pass_fds=[fd]) as server:
            assert server.port == listening.getsockname()[1]
            assert server.get().startswith(b"HTTP/1.1 200 ")
            assert server.end()[0] == 0


def test_a_descriptor_that_is_no_socket_is_one_line(folder: str) -> None:
    assert "cannot listen on fd:0: it is not an open socket" in complaint("serve", folder, "--bind", "fd:0")


def test_a_socket_that_is_named_twice_is_one_line(folder: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fd = listening.fileno()
        twice = complaint("serve", folder, "--bind", f"fd:{fd}", "--bind", f"fd:{fd}", pass_fds=[fd])
    assert f"descriptor {fd} was not inherited, or is listened on already: name each one once" in twice


def test_a_socket_without_an_address_is_one_line(folder: str) -> None:
    with socket.socket() as unbound:
        fd = unbound.fileno()
        told = complaint("serve", folder, "--bind", f"fd:{fd}", pass_fds=[fd])
    assert f"descriptor {fd} is a socket without an address" in told


def test_the_environment_sets_everything(folder: str, tmp_path: Path) -> None:
    environment = {
        "PELLUCID_TARGETS": folder,
        "PELLUCID_BIND": f"127.0.0.1:0\nunix:{tmp_path}/s",
        "PELLUCID_ACCESS_LOG": "json",
        "PELLUCID_HEADER": "X-One: 1\nX-Two: 2 and more",
        "PELLUCID_SECURITY_HEADERS": "yes",
    }
    with Running("serve", environment=environment) as server:
        assert (tmp_path / "s").exists()
        answer = server.get()
        status, output, _ = server.end()
    assert status == 0
    for line in (b"x-one: 1", b"x-two: 2 and more", b"x-frame-options: sameorigin"):
        assert b"\r\n%b\r\n" % line in answer.lower()
    assert json.loads(output)["target"] == "/"


def test_a_log_reader_that_goes_away_stops_nothing(folder: str) -> None:
    with Running("serve", folder, "--bind", "0") as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.process.stdout = None
        for _ in range(3):
            assert server.get().startswith(b"HTTP/1.1 200 ")
        status, _, errors = server.end()
    assert (status, errors) == (0, "")


SERVING_WITHOUT_STREAMS = """
import os, sys
from pellucid.loading import Folder, Target
from pellucid.plan import plan_of
from pellucid.serving import serve
from pellucid.settings import Settings

folder, told, *closed = sys.argv[1:]

def is_nothing(fd):
    try:
        return os.path.samestat(os.fstat(int(fd)), os.stat(os.devnull))
    except OSError:
        return False

def ready(listening, kinds):
    os.write(int(told), f"{listening.addresses[0]} {all(map(is_nothing, closed))}".encode())
    os.close(int(told))

serve(plan_of([Target("", Folder(folder))], Settings({"bind": ("0",)})), None, ready)
"""


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1 2"])
def test_a_closed_standard_output_is_not_mistaken_for_a_connection(folder: str, closed: str) -> None:
    reading, writing = os.pipe()
    closing = " ".join(f"{fd}>&-" for fd in closed.split())
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-c", SERVING_WITHOUT_STREAMS]
    with subprocess.Popen(
        [*command, folder, str(writing), *closed.split()],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        with open(reading) as pipe:
            address, _, kept = pipe.read().partition(" ")
        try:
            assert kept == "True"
            host, _, port = address.rpartition(":")
            with (
                socket.create_connection((host, int(port))) as first,
                socket.create_connection((host, int(port))) as second,
            ):
                for client in (first, second):
                    answer = ask(client)
                    assert answer.startswith(b"HTTP/1.1 200 ")
                    assert b" - - [" not in answer
        finally:
            process.terminate()
            output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, b"")
    assert output.count(b" 200 ") == (0 if "1" in closed else 2)


def stuff(pipe: int) -> None:
    """Fill a pipe, as a reader that has stopped would have it."""
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while os.write(pipe, b"x" * 4096):
            pass
    os.set_blocking(pipe, True)


def test_a_stuck_log_reader_holds_up_neither_requests_nor_the_end(folder: str) -> None:
    reading, writing = os.pipe()
    stuff(writing)
    with Running("serve", folder, "--bind", "0", stdout=writing) as server:
        for _ in range(3):
            assert server.get().startswith(b"HTTP/1.1 200 ")
        server.send(signal.SIGTERM)
        assert refused(server.port)
        began = time.monotonic()
        while server.process.poll() is None:  # the second is heard at once, wherever the end has got to
            server.send(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.process.wait(0.1)
        assert time.monotonic() - began < LOG_TIME / 2
        assert server.ended()[0] == 0
    os.close(reading)
    os.close(writing)


def test_a_stuck_log_reader_does_not_hold_up_an_end_without_a_second_signal(folder: str) -> None:
    reading, writing = os.pipe()
    stuff(writing)
    with Running("serve", folder, "--bind", "0", stdout=writing) as server:
        assert server.get().startswith(b"HTTP/1.1 200 ")
        assert server.end()[0] == 0
    os.close(reading)
    os.close(writing)
