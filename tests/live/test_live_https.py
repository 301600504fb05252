"""The way to https as people go it: a certificate for development, redirects, renewal, rights that are given up."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from certifying import Authority, Pair
from curl import fetch, run
from running import BY_MODULE, PATIENCE, Running
from test_live_privileges import by_anybody
from workers import Workers, named

from pellucid.net.certificates import EVERY

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / ".well-known" / "acme-challenge").mkdir(parents=True)
    (folder / "index.html").write_text("hello")
    (folder / ".well-known" / "acme-challenge" / "token").write_text("proof")
    return folder


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def pair_of(authority: Authority) -> Pair:
    """A certificate for this machine, another one each time, in the same files."""
    return authority.pair("localhost", "127.0.0.1", file="server")


def secure(site: Path, pair: Pair, *options: str, **others: Any) -> Running:
    arguments = ("serve", str(site), "--bind", "127.0.0.1:0", "--access-log", "off", "--tls", pair.option)
    return Running(*arguments, *options, **others)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.path)


def shown(port: int, context: ssl.SSLContext) -> str:
    """The serial number of the certificate that a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        certificate = link.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def wait_until_shown(port: int, context: ssl.SSLContext, other_than: str) -> str:
    """The serial number of a certificate that has taken the place of another one."""
    deadline = time.monotonic() + PATIENCE
    while (serial := shown(port, context)) == other_than:
        assert time.monotonic() < deadline, "the new certificate was not taken up"
        time.sleep(0.05)
    return serial


@dataclass
class Visitors:
    """Clients that come and go, each with some requests on each connection, while the block runs."""

    port: int
    context: ssl.SSLContext
    answered: int = 0
    lost: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _visit(self) -> None:
        while not self._over.is_set():
            client = http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=self.context)
            try:
                for _ in range(10):
                    client.request("GET", "/")
                    answer = client.getresponse()
                    answer.read()
                    assert answer.status == 200
                    self.answered += 1
                    if answer.getheader("connection") == "close":
                        break
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.lost.append(repr(error))
            finally:
                client.close()


def test_a_certificate_for_development_is_made_and_kept_and_trusted_by_who_is_told(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "data" / "pellucid" / "tls" / "authority.pem"
    command = ("serve", str(site), "--bind", "127.0.0.1:0", "--tls", "dev")
    for told in ("To trust it:\n  curl ", "Clients trust it with "):
        with Running(*command, environment={"XDG_DATA_HOME": str(tmp_path / "data")}) as server:
            assert f"https://127.0.0.1:{server.port}/" in server.banner
            assert told in server.banner
            assert str(path) in server.banner
            for host in ("localhost", "127.0.0.1"):
                answer = fetch(f"https://{host}:{server.port}/", "--cacert", str(path))
                assert (answer.status, answer.body) == (200, b"hello")
            status, _, complaint = run("-sS", f"https://localhost:{server.port}/")
            assert (status, "certificate" in complaint) == (60, True)
            assert server.end()[0] == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loops_of_asyncio_carry_tls(loop: str, tmp_path: Path, authority: Authority) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    options = ("--loop", loop, "--tls", pair_of(authority).option)
    with Workers(tmp_path, named(0.0), *options) as server:
        url = f"https://localhost:{server.port}/"
        assert fetch(url, "--cacert", str(authority.path)).body.isdigit()
        assert server.end()[0] == 0


def test_http_is_sent_to_https_with_its_path_and_query_save_what_acme_asks_for(
    site: Path, authority: Authority
) -> None:
    options = ("--redirect-http", "127.0.0.1:0", "--hsts", "60s")
    with secure(site, pair_of(authority), *options) as server:
        port = int(re.findall(r"http://127\.0\.0\.1:(\d+)/ +leads to https", server.banner)[0])
        redirect = fetch(f"http://localhost:{port}/a%20b?c=d")
        assert (redirect.status, redirect["location"]) == (308, f"https://localhost:{server.port}/a%20b?c=d")
        assert "strict-transport-security" not in redirect.fields
        followed = fetch(f"http://localhost:{port}/", "--location", "--cacert", str(authority.path))
        assert (followed.status, followed.body) == (200, b"hello")
        assert followed["strict-transport-security"] == "max-age=60"
        assert fetch(f"http://localhost:{port}/.well-known/acme-challenge/token").body == b"proof"
        assert fetch(f"http://localhost:{port}/", "-H", "Host: evil.example/x").status == 400
        plain = fetch(f"http://localhost:{server.port}/")
        assert (plain.status, b"https://" in plain.body) == (400, True)
        assert server.end()[0] == 0


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_new_certificate_is_taken_up_while_clients_come_and_go(
    workers: str, site: Path, authority: Authority
) -> None:
    context = trusting(authority)
    with secure(site, pair_of(authority)) as server:
        before = shown(server.port, context)
        stays = http.client.HTTPSConnection("localhost", server.port, timeout=PATIENCE, context=context)
        stays.request("GET", "/")
        assert stays.getresponse().read() == b"hello"
        with Visitors(server.port, context) as visitors:
            pair_of(authority)
            wait_until_shown(server.port, context, before)
            stays.request("GET", "/")
            assert stays.getresponse().read() == b"hello"
        stays.close()
        assert visitors.lost == []
        assert visitors.answered > 10
        assert server.end()[0] == 0


@contextmanager
def open_to_all() -> Iterator[Path]:
    """A folder that anybody may look into; those of pytest are for their owner alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("workers", ["0", "2"])
def test_who_serves_need_not_read_the_key_and_a_new_one_is_taken_up_all_the_same(workers: str) -> None:
    with open_to_all() as folder:
        (folder / "public").mkdir()
        (folder / "public" / "index.html").write_text("hello")
        (folder / "secret").mkdir(0o700)
        authority = Authority(folder / "secret")
        pair, context = pair_of(authority), trusting(authority)
        python, environment = by_anybody()
        options = ("--user", "nobody", "--workers", workers)
        with secure(folder / "public", pair, *options, command=python, environment=environment) as server:
            before = shown(server.port, context)
            with Visitors(server.port, context) as visitors:
                pair_of(authority)
                second = wait_until_shown(server.port, context, before)
                pair_of(authority)
                server.send(signal.SIGHUP)  # who does not want to wait
                wait_until_shown(server.port, context, second)
            assert visitors.lost == []
            time.sleep(EVERY + 0.5)  # workers look meanwhile, who may not
            status, _, errors = server.end()
            assert (status, "cannot read" in errors) == (0, False), errors


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--tls", "cert.pem key.pem"), "--tls: cannot read cert.pem key.pem: no such file or directory"),
        (("--tls", "a,b,c"), "--tls: 'a,b,c' names no certificate and key: write cert.pem,key.pem"),
        (("--redirect-http", "0"), "--redirect-http: there is no https to send clients to; give --tls too"),
        (("--certfile", "a.pem"), "there is no --certfile: say --tls CERTIFICATE,KEY with both files"),
    ],
)
def test_what_cannot_be_is_one_line(options: tuple[str, ...], complaint: str, site: Path) -> None:
    done = subprocess.run(
        [*BY_MODULE, "serve", str(site), "--bind", "127.0.0.1:0", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"pellucid: {complaint}")


def test_a_balancer_tells_its_client_before_tls_begins(site: Path, authority: Authority) -> None:
    pair, context = pair_of(authority), trusting(authority)
    command = ("serve", str(site), "--bind", "127.0.0.1:0", "--tls", pair.option, "--access-log", "{client} {scheme}")
    with Running(*command, "--proxy-protocol", "--trusted-proxies", "loopback") as server:
        with server.connect() as plain:
            plain.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n")
            with context.wrap_socket(plain, server_hostname="localhost") as link:
                link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert link.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert server.end() == (0, "203.0.113.9 https\n", "")


def test_a_socket_in_the_file_system_speaks_tls(site: Path, authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    command = ("serve", str(site), "--bind", f"unix:{path}", "--tls", pair_of(authority).option)
    with Running(*command) as server:
        assert f"curl --unix-socket {path} https://localhost/" in server.banner
        answer = fetch("https://localhost/", "--unix-socket", str(path), "--cacert", str(authority.path))
        assert (answer.status, answer.body) == (200, b"hello")
        assert server.end()[0] == 0
