"""Floods of TLS handshakes against a real server: silent, slow, broken, endless; and an ordinary client beside."""

import selectors
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from beside import GROWTH, Ordinary, descriptors, resident
from certifying import make_pair
from frames import trusting
from programs import program
from running import PATIENCE
from workers import Workers, named

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors are read from /proc"),
]

TIME = 1.0
MOST = 64
OPTIONS = ("--handshake-time", str(TIME), "--handshakes", str(MOST))
SPARE = 8
"""How many descriptors a server may use for other things than the connections that are counted."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("shaken")
    source = named(0).replace('b"%d" % os.getpid()', 'b"hello"')
    with Workers(folder, source, *OPTIONS, "--tls", make_pair(folder).option) as server:
        with Ordinary(server.port, True, server.process.pid) as client:
            client.ask(0.2)
        yield server
        assert "Traceback" not in server.told


@pytest.fixture
def crowd(server: Workers) -> Iterator[list[socket.socket]]:
    """Three times as many connections as may shake hands at once, which have said nothing yet."""
    crowd = [server.connect() for _ in range(3 * MOST)]
    yield crowd
    for each in crowd:
        each.close()


def hello() -> bytes:
    """How a client begins."""
    outgoing = ssl.MemoryBIO()
    client = trusting("h2").wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def beside(server: Workers, seconds: float = 0.2) -> None:
    """See that old and new clients are served, and that memory stays what it is."""
    process = server.process.pid
    before = resident(process)
    for _ in range(3):
        with Ordinary(server.port, True, process) as client:
            assert client.ask(seconds).memory < before + GROWTH


def ended(crowd: list[socket.socket], seconds: float) -> int:
    """How many of them the server ends in so many seconds."""
    with selectors.DefaultSelector() as selector:
        for each in crowd:
            selector.register(each, selectors.EVENT_READ)
        over, until = 0, time.monotonic() + seconds
        while over < len(crowd) and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                link = key.fileobj
                assert isinstance(link, socket.socket)
                if gone(link):
                    selector.unregister(link)
                    over += 1
    return over


def gone(link: socket.socket) -> bool:
    """Whether what has come is the end; an alert may stand before it."""
    try:
        return link.recv(1000) == b""
    except ConnectionError:
        return True


def test_silent_connections_make_room_for_others_and_end(server: Workers, crowd: list[socket.socket]) -> None:
    began = time.monotonic()
    assert ended(crowd[: 2 * MOST], TIME) == 2 * MOST  # the oldest go first
    if time.monotonic() - began < TIME / 2:
        assert descriptors(server.process.pid) >= MOST
    beside(server)
    assert ended(crowd[2 * MOST :], 2 * TIME) == MOST
    assert descriptors(server.process.pid) < MOST


def test_a_dripped_handshake_is_cut_in_its_time(server: Workers) -> None:
    words = hello()
    links = [server.connect() for _ in range(20)]
    began, sent = time.monotonic(), 0
    with Ordinary(server.port, True, server.process.pid) as client:
        while time.monotonic() - began < TIME * 0.8:
            for link in links:
                link.sendall(words[sent : sent + 1])
            sent += 1
            client.ask(0.02)
    assert sent < len(words)
    assert ended(links, TIME) == len(links)
    assert time.monotonic() - began < 2 * TIME
    for link in links:
        link.close()


def test_who_stops_in_the_middle_is_cut_in_its_time(server: Workers, crowd: list[socket.socket]) -> None:
    words = hello()
    for link in crowd:
        try:
            link.sendall(words[: len(words) // 2] if link is crowd[0] else words)
        except ConnectionError:  # the oldest are gone already
            pass
    beside(server)
    assert ended(crowd, 3 * TIME) == len(crowd)
    assert descriptors(server.process.pid) < MOST


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x00\x00" * 5000,
        b"\x16\x03\x01\x00\x01\x01" * 5000,
        b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + bytes(16_380),
        b"\x16\x03\x01\xff\xff" + bytes(65_535),
        b"\x15\x03\x01\x00\x02\x01\x00" * 5000,
        b"\x17\x03\x03\x00\x20" + bytes(32),
        b"\x80\x2e\x01\x00\x02" + bytes(100),
    ],
    ids=["empty records", "records of one byte", "a false hello", "too long a record", "alerts", "data", "SSL 2"],
)
def test_nonsense_is_cut(server: Workers, words: bytes) -> None:
    links = [server.connect() for _ in range(20)]
    for link in links:
        try:
            link.sendall(words)
        except ConnectionError:
            pass
    beside(server, 0.05)
    assert ended(links, 3 * TIME) == len(links)
    for link in links:
        link.close()


def test_nobody_may_shake_hands_again(server: Workers) -> None:
    command = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
        assert process.stdin is not None
        process.stdin.write(b"R\n" * 50)
        process.stdin.flush()
        beside(server, 0.05)
        told = process.communicate(b"Q\n", timeout=PATIENCE)[0].decode("latin-1")
    assert "RENEGOTIATING" in told
    assert "no renegotiation" in told


def test_whole_handshakes_without_end_leave_others_their_turn(server: Workers, tmp_path: Path) -> None:
    script = tmp_path / "shake.py"
    script.write_text(
        "import socket, ssl, sys\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
        "context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as plain:\n"
        "        context.wrap_socket(plain).close()\n"
    )
    ratios = []
    with Ordinary(server.port, True, server.process.pid) as client:
        for _ in range(6):
            quiet = client.ask(0.4)
            process = subprocess.Popen([sys.executable, script, str(server.port)], stdout=subprocess.PIPE, text=True)
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                shaken = client.ask(0.8)
            finally:
                process.kill()
                process.communicate()
            ratios.append(round(shaken.p99 / max(quiet.p99, 0.001), 2))
            if ratios[-1] <= 3:
                break
    assert min(ratios) <= 3, ratios
