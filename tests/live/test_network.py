"""The server over a real network: out of descriptors, beset by slow and broken clients, it serves the others."""

import contextlib
import json
import os
import random
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="what a process holds is read from /proc"),
]

PATIENCE = 20.0
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
BULK = 1200


class Small:
    """A running small_server.py. What it writes to standard error is looked at in the end."""

    def __init__(self, **settings: float) -> None:
        script = Path(__file__).with_name("small_server.py")
        command = [sys.executable, str(script), json.dumps(settings)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.descriptors_at_rest = self.descriptors

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def greet(self) -> None:
        """An ordinary request, which must be answered."""
        with self.connect() as client:
            client.sendall(HELLO)
            assert b" 200 OK\r\n" in client.recv(4096)

    def rest(self) -> None:
        """Wait until no connection is left."""
        until(lambda: self.descriptors == self.descriptors_at_rest)

    def end(self) -> str:
        """Let it end; what it wrote to standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return str(errors)


@contextlib.contextmanager
def small_server(noted: str = "", **settings: float) -> Iterator[Small]:
    """A server that has nothing to complain about in the end, or only lines with the text `noted`."""
    server = Small(**settings)
    try:
        yield server
        errors = server.end()
        assert [line for line in errors.splitlines() if not noted or noted not in line] == []
    finally:
        server.process.kill()
        server.process.communicate()


def until(condition: Callable[[], object], meanwhile: Callable[[], object] = lambda: time.sleep(0.005)) -> None:
    """Wait for the condition, and do something meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        meanwhile()


def arrived(client: socket.socket) -> bytes | None:
    """What has come, b"" for the end or a break, None if there is nothing yet."""
    client.setblocking(False)
    try:
        return client.recv(65536)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


def drip(client: socket.socket, data: bytes) -> None:
    """Send, if somebody still listens."""
    client.setblocking(False)
    with contextlib.suppress(OSError):
        client.send(data)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open a few thousand files, or the test is skipped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("the system allows too few descriptors")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_out_of_descriptors_it_serves_those_it_has_and_then_the_others() -> None:
    with small_server(noted="accepting rests", files=40) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(80)]
        for client in clients:
            client.sendall(HELLO)
        waiting = set(clients)
        until(lambda: server.descriptors == 40)
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], PATIENCE)
            assert ready, f"{len(waiting)} were not answered"
            for client in ready:
                assert b" 200 OK\r\n" in client.recv(4096)
                waiting.discard(client)
                client.close()
        server.rest()
        server.greet()


@pytest.mark.usefixtures("many_files")
def test_a_thousand_slow_clients_do_not_hinder_ordinary_ones() -> None:
    with small_server(head_time=3.0, linger=0.5) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(1000)]
        begun = time.monotonic()
        keeping = stack.enter_context(server.connect())
        for letter in b"GET / HTTP/1.1":
            for client in slow:
                drip(client, bytes([letter]))
            for _ in range(5):
                server.greet()
                keeping.sendall(HELLO)
                assert b" 200 OK\r\n" in keeping.recv(4096)
        assert server.descriptors >= 1000 or time.monotonic() - begun >= 3.0
        until(lambda: server.descriptors <= server.descriptors_at_rest + 1, server.greet)
        refused = sum(b" 408 " in (arrived(client) or b"") for client in slow)
        assert refused == len(slow)


def slow_head(client: socket.socket) -> bytes:
    client.sendall(b"GET / HTTP/1.1\r\nX: ")
    return b"x"


def slow_body(client: socket.socket) -> bytes:
    client.sendall(POST)
    return b"x"


def idle(client: socket.socket) -> bytes:
    client.sendall(HELLO)
    assert b" 200 OK\r\n" in client.recv(4096)
    return b""


@pytest.mark.parametrize(("begin", "status"), [(slow_head, b" 408 "), (slow_body, b" 408 "), (idle, b"")])
def test_a_client_that_dawdles_is_cut_at_the_limit_while_others_are_served(
    begin: Callable[[socket.socket], bytes], status: bytes
) -> None:
    limits = {"head_time": 0.6, "body_rate": 10_000, "body_grace": 0.6, "idle": 0.6, "linger": 0.2}
    with small_server("", **limits) as server, server.connect() as client:
        started = time.monotonic()
        more = begin(client)
        got: list[bytes] = []

        def meanwhile() -> None:
            drip(client, more) if more else None
            server.greet()
            if (data := arrived(client)) is not None:
                got.append(data)

        until(lambda: b"" in got, meanwhile)
        assert time.monotonic() - started >= 0.55
        assert status in b"".join(got)
        server.rest()


def test_a_client_that_does_not_read_is_cut_at_the_limit_while_others_are_served() -> None:
    with small_server(write_stall=0.6) as server, server.connect() as client:
        started = time.monotonic()
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        before = server.memory
        until(lambda: server.descriptors > server.descriptors_at_rest)
        until(lambda: server.descriptors == server.descriptors_at_rest, server.greet)
        assert time.monotonic() - started >= 0.55
        assert server.memory - before < 16 << 20


def test_a_client_that_reads_gets_all_of_a_large_answer() -> None:
    with small_server() as server, server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        total = 0
        while data := client.recv(1 << 20):
            total += len(data)
        assert total > 100 << 20


def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    with small_server(linger=PATIENCE) as server:
        for _ in range(20):
            with server.connect() as client:
                client.sendall(b"no request\r\n\r\n" + bytes(1 << 20))
                client.shutdown(socket.SHUT_WR)
                got = b""
                while data := client.recv(65536):
                    got += data
                assert b" 400 Bad Request\r\n" in got
        server.rest()


def test_an_upload_is_read_to_its_end() -> None:
    with small_server() as server, server.connect() as client:
        client.sendall(POST + bytes(100_000))
        assert client.recv(4096).endswith(b"\r\n\r\n100000")


CHANCE = random.Random(2026)


def send_random_bytes(client: socket.socket) -> None:
    drip(client, CHANCE.randbytes(CHANCE.randrange(1, 2000)))


def send_part_of_a_request(client: socket.socket) -> None:
    whole = POST + b"body" if CHANCE.random() < 0.5 else HELLO * 3
    drip(client, whole[: CHANCE.randrange(len(whole))])


def ask_for_much(client: socket.socket) -> None:
    drip(client, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("say", [send_random_bytes, send_part_of_a_request, ask_for_much])
def test_broken_clients_in_bulk_leave_nothing_behind(
    say: Callable[[socket.socket], None], leave: Callable[[socket.socket], None]
) -> None:
    with small_server(linger=1.0) as server:
        before = 0
        for number in range(BULK):
            client = server.connect()
            say(client)
            if number % 3 == 0:
                arrived(client)
            leave(client)
            if number % 100 == 0:
                server.greet()
            if number == BULK // 4:
                server.rest()
                before = server.memory
        server.rest()
        server.greet()
        server.rest()
        assert server.memory - before < 8 << 20
