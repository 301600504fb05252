"""A file pellucid.toml is read anew under load: a good one is taken up, a broken one is not, and no client notices."""

import asyncio
import os
import signal
import socket
import ssl
from functools import partial
from pathlib import Path

import pytest
from certifying import Authority
from curl import fetch
from planned import Planned
from running import PATIENCE
from steady import Steady
from steady_http2 import steady, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

REFUSED = "the reload is refused, and what was in force stays: "
BACK = "what was before is in force again"

HOSTS = """
workers = 2
[hosts."localhost"]
serve = "site_of_test:app"
header = ["X-Version: {version}"]
[hosts."other.example"]
serve = "{folder}"
"""


def of_version(version: int, folder: str = "public") -> str:
    """A file of which answers tell which one it was."""
    return HOSTS.format(version=version, folder=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders of a page each, and a module that cannot be imported."""
    for name in ("public", "newer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(f"<!doctype html><title>{name}</title>")
    (tmp_path / "failing.py").write_text("raise ZeroDivisionError('on purpose')")
    return tmp_path


def version(server: Planned, host: str = "localhost") -> str:
    """What an answer tells."""
    return fetch(f"http://127.0.0.1:{server.port}/", "-H", f"Host: {host}")["x-version"]


BROKEN = [
    ("huh = [", "pellucid.toml:1: "),
    ('serv = "public"', "pellucid.toml:1: "),
    (of_version(9).replace("X-Version: 9", "X-Version 9"), "pellucid.toml:5: "),
    (of_version(9, "gone"), "pellucid.toml:7: "),
]


def test_good_files_are_taken_up_and_broken_ones_are_not_and_no_request_is_lost(folder: Path) -> None:
    with Planned(folder, of_version(1)) as server, Steady(server.port, 8, pause=0.002) as load:
        assert version(server) == "1"
        for number, (text, line) in enumerate(BROKEN, 2):
            before = set(load.answers)
            server.reload(of_version(number))
            load.wait_for(lambda before=before: not before & {client.served_by for client in load.clients})
            assert version(server) == str(number)
            now = set(load.answers)
            told = server.reload(text, REFUSED)
            assert f"{REFUSED}{line}" in told
            assert version(server) == str(number)
            assert set(load.answers) == now
    assert (load.lost, load.refused) == ([], [])
    assert load.answers.total() > 200


def test_a_file_with_which_no_worker_can_begin_is_dropped_again(folder: Path) -> None:
    with Planned(folder, of_version(1)) as server, Steady(server.port, 4, pause=0.002) as load:
        before = server.children
        told = server.reload(of_version(2).replace("site_of_test:app", "failing:app"), BACK)
        assert "on purpose" in server.told, told
        assert server.children == before
        victim = min(before)
        # Whoever begins now begins with what was there before.

        os.kill(victim, signal.SIGKILL)
        load.wait_for(lambda: len(server.children) == 2 and victim not in server.children)
        assert version(server) == "1"
        server.reload(of_version(3))
        assert version(server) == "3"
    assert load.refused == []
    assert {int(who) for _, who, _ in load.lost} <= {victim}


def test_a_server_that_ends_while_it_reads_a_file_anew_says_nothing_of_workers_that_could_not_begin(
    folder: Path,
) -> None:
    (folder / "slow.py").write_text("import time\ntime.sleep(30)")
    with Planned(folder, of_version(1)) as server:
        server.write(of_version(2).replace("site_of_test", "slow"))
        server.send(signal.SIGHUP)
        server.wait_for("to be replaced")
        assert server.end()[0] == 0
        assert BACK not in server.told


def test_over_http_2_and_tls_a_host_and_its_certificate_are_added_while_serving(folder: Path) -> None:
    authority = Authority(folder)
    first, second = (authority.pair(name, file=name) for name in ("localhost", "new.example"))

    async def run(server: Planned) -> None:
        async with steady(server.port, secured=True) as account:
            assert certificate_of(server, "new.example", authority) == "localhost"
            before = set(account.served_by)
            server.write(f'tls = ["{first.option}", "{second.option}"]' + of_version(2) + NEW)
            server.send(signal.SIGHUP)
            await until(partial(told, server, "the reload is over"))
            assert certificate_of(server, "new.example", authority) == "new.example"
            assert certificate_of(server, "localhost", authority) == "localhost"
            await until(lambda: bool(account.served_by - before))
            new, connect = f"https://new.example:{server.port}/", f"new.example:{server.port}:127.0.0.1"
            answer = fetch(new, "--http2", "--cacert", str(authority.path), "--resolve", connect)
            assert (answer.status, answer.version) == (200, "2")
            assert b"newer" in answer.body
        assert account.lost == []
        assert account.goaways > 0

    with Planned(folder, f'tls = ["{first.option}"]' + of_version(1)) as server:
        asyncio.run(run(server))
        assert server.end()[0] == 0


NEW = """
[hosts."new.example"]
serve = "newer"
"""


def told(server: Planned, text: str) -> bool:
    return text in server.told


def certificate_of(server: Planned, name: str, authority: Authority) -> str:
    """The name in the certificate that is shown to who asks for this one."""
    context = ssl.create_default_context(cafile=str(authority.path))
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", server.port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=name) as client,
    ):
        shown = client.getpeercert()
        assert shown is not None
        return str(dict(shown["subjectAltName"])["DNS"])  # type: ignore[arg-type]  # pairs of texts


def test_who_names_no_number_of_workers_gets_one_and_can_have_more(folder: Path) -> None:
    with Planned(folder, 'serve = "public"') as server:
        assert "by 1 worker" in server.banner
        assert b"public" in server.get()
        server.reload('serve = "newer"')
        assert b"newer" in server.get()
        assert "3 workers from now on" in server.reload('serve = "newer"\nworkers = 3')
        server.wait_until(lambda: len(server.children) == 3)
        assert "only a restart can change log-format" in server.reload('serve = "newer"\nlog-format = "json"')
        assert server.end()[0] == 0


def test_in_development_the_file_is_taken_up_when_it_is_saved(folder: Path) -> None:
    with Planned(folder, 'serve = "public"\nreload = true') as server:
        assert b"public" in server.get()
        server.write('serve = "newer"\nreload = true')
        server.wait_for("changed: pellucid.toml")
        server.wait_for("the reload is over")
        assert b"newer" in server.get()
        server.write("serve = ")
        server.wait_for(REFUSED)
        assert b"newer" in server.get()
        assert server.end()[0] == 0


def test_one_process_alone_says_that_it_reads_nothing_anew(folder: Path) -> None:
    with Planned(folder, 'serve = "public"\nworkers = 0') as server:
        assert server.children == set()
        status, _, _ = server.end(signal.SIGHUP)
        assert status == 0
        assert "SIGHUP is an end here; with --workers it loads the code anew" in server.told


HANDSHAKE = (
    "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

SOCKETS = """
async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close"})
"""


@pytest.mark.parametrize(
    ("host", "status"), [("a.example", b"101"), ("A.example.:80", b"101"), ("b.example", b"200"), ("c.example", b"421")]
)
def test_a_websocket_finds_its_host_as_others_do(folder: Path, host: str, status: bytes) -> None:
    (folder / "sockets.py").write_text(SOCKETS)
    text = '[hosts."a.example"]\nserve = "sockets:app"\n[hosts."b.example"]\nserve = "public"\n'
    with Planned(folder, text) as server, server.connect() as client:
        client.settimeout(PATIENCE)
        client.sendall(HANDSHAKE.format(host=host).encode())
        assert client.recv(4096).split(b" ")[1] == status
