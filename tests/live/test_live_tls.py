"""TLS as people meet it: certificates by name, of clients, and changed while serving; resumption, and who has none."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from certifying import Authority, Pair
from curl import digest, downloading, fetch, fetch_all, run
from frames import trusting
from launching import hosted
from programs import program
from running import PATIENCE
from serving import Serving, serving
from workers import Workers, named

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

TOLD = """
import json

async def app(scope, receive, send):
    tls = scope["extensions"].get("tls") or {}
    body = json.dumps({**tls, "scheme": scope["scheme"], "http_version": scope["http_version"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    chosen = {name: value for name, value in environ.items() if name.startswith("SSL_") or name == "HTTPS"}
    return [json.dumps({**chosen, "scheme": environ["wsgi.url_scheme"]}).encode()]
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.pair("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<!doctype html><title>secured</title>")
    with open(folder / "large.bin", "wb") as file:
        for place in range(100):
            file.write(os.urandom(1 << 20))
            del place
    return folder


@pytest.fixture(scope="module")
def site(folder: Path, pair: Pair) -> Iterator[Serving]:
    with serving(folder, "--tls", pair.option) as server:
        yield server


@pytest.fixture
def told(tmp_path: Path) -> Path:
    (tmp_path / "told.py").write_text(TOLD)
    return tmp_path


# Files, and who speaks no TLS


def test_a_large_file_comes_whole_over_http_1(site: Serving, folder: Path, authority: Authority) -> None:
    got = hashlib.sha256()
    with downloading(f"{site.url}/large.bin", "--http1.1", "--cacert", str(authority.path)) as download:
        while data := download.take(1 << 20):
            got.update(data)
        assert download.rest() == (0, b"")
    with open(folder / "large.bin", "rb") as file:
        assert got.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()


def test_a_part_of_a_large_file_comes_too(site: Serving, folder: Path, authority: Authority) -> None:
    known = ("--cacert", str(authority.path))
    parts = fetch_all(
        (f"{site.url}/large.bin", "--range", "5000000-9999999", *known),
        (f"{site.url}/large.bin", "--range", "-100", "--http1.1", *known),
    )
    with open(folder / "large.bin", "rb") as file:
        content = file.read()
    assert [digest(part.body) for part in parts] == [digest(content[5_000_000:10_000_000]), digest(content[-100:])]


def test_plain_http_on_the_port_of_tls_is_told_so(site: Serving) -> None:
    answer = site.get()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"https://" in answer
    with site.connect() as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        client.settimeout(PATIENCE)
        assert client.recv(1000) != b""


def test_what_is_neither_is_cut(site: Serving) -> None:
    for words in (b"\x00" * 100, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-OpenSSH\r\n" * 5):
        with site.connect() as client:
            client.settimeout(PATIENCE)
            client.sendall(words)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass


@pytest.mark.parametrize("protocol", [("h2", "http/1.1"), ("http/1.1",), ("h2",), (), ("spdy/1", "http/1.1")], ids=str)
def test_a_protocol_is_agreed_on(site: Serving, protocol: tuple[str, ...]) -> None:
    context = trusting(*protocol)
    with site.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        agreed = client.selected_alpn_protocol()
        assert agreed == (None if not protocol else "h2" if "h2" in protocol else "http/1.1")
        assert client.version() == "TLSv1.3"


def test_old_versions_are_refused(site: Serving) -> None:
    for version in ("-tls1", "-tls1_1"):
        done = s_client(site.port, version, "-cipher", "ALL:@SECLEVEL=0")
        assert "Cipher is (NONE)" in done or "New, (NONE)" in done, done
    assert "Protocol  : TLSv1.2" in s_client(site.port, "-tls1_2")


# Names


def test_the_name_that_is_asked_for_chooses_the_certificate(folder: Path, authority: Authority) -> None:
    pairs = [
        authority.pair("one.example"),
        authority.pair("*.two.example", file="two"),
        authority.pair("third.example"),
    ]
    options = [word for pair in pairs for word in ("--tls", pair.option)]
    with serving(folder, *options) as server:
        shown = {
            name: subject(server.port, name)
            for name in ("one.example", "a.two.example", "third.example", "other.example", "two.example")
        }
    assert shown == {
        "one.example": "one.example",
        "a.two.example": "*.two.example",
        "third.example": "third.example",
        "other.example": "one.example",
        "two.example": "one.example",
    }


def subject(port: int, name: str) -> str:
    """Whom the certificate names that is shown to who asks for a name."""
    found = re.search(r"subject=CN ?= ?(\S+)", s_client(port, "-servername", name))
    assert found
    return found[1]


# Certificates of clients


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_an_app_is_told_of_a_client_and_its_certificate(
    told: Path, authority: Authority, pair: Pair, version: str
) -> None:
    client = authority.pair("A client")
    shows = ("--cert", str(client.certificate), "--key", str(client.key))
    options = ("--tls", pair.option, "--tls-client-ca", str(authority.path))
    known = ("--cacert", str(authority.path), version)
    with hosted("told:app", told, *options) as server:
        url = f"https://localhost:{server.port}/"
        tls = json.loads(fetch(url, *known, *shows).body)
        assert run("--silent", "--show-error", url, *known)[0] != 0
        assert server.end()[0] == 0
    assert tls["client_cert_name"] == "CN=A client"
    assert tls["client_cert_chain"][0].strip() == client.certificate.read_text().strip()
    assert tls["server_cert"].strip() == pair.certificate.read_text().strip()
    assert (tls["tls_version"], tls["scheme"]) == (0x0304, "https")
    with hosted("told:wsgi", told, *options) as server:
        variables = json.loads(fetch(f"https://localhost:{server.port}/", *known, *shows).body)
        assert server.end()[0] == 0
    assert variables["scheme"] == "https"
    assert variables["SSL_CLIENT_S_DN"] == "CN=A client"


def test_a_certificate_may_be_shown_where_it_is_optional(told: Path, authority: Authority, pair: Pair) -> None:
    stranger = Authority(told, "Another authority").pair("A stranger")
    known = ("--cacert", str(authority.path))
    options = ("--tls", pair.option, "--tls-client-ca", str(authority.path), "--tls-client", "optional")
    with hosted("told:app", told, *options) as server:
        url = f"https://localhost:{server.port}/"
        without = fetch(url, *known)
        wrong = run("--silent", url, *known, "--cert", str(stranger.certificate), "--key", str(stranger.key))
        assert server.end()[0] == 0
    assert json.loads(without.body).get("client_cert_name") is None
    assert wrong[0] != 0


# What changes while serving


def test_certificates_change_under_a_load_and_nothing_is_lost(tmp_path: Path, authority: Authority) -> None:
    pairs = [authority.pair(f"number-{number}.example", file=f"number-{number}") for number in range(4)]
    current = Pair(tmp_path / "current.crt", tmp_path / "current.key")

    def put(pair: Pair) -> None:
        # As certbot and others do: each file is replaced, the one after the other.
        for now, new in ((pair.certificate, current.certificate), (pair.key, current.key)):
            shutil.copy(now, f"{new}.new")
            os.replace(f"{new}.new", new)

    put(pairs[0])
    options = ("--tls", current.option, "--workers", "2")
    with Workers(tmp_path, named(0.001), *options) as server, Secured(server.port, 4) as load:
        for pair in pairs[1:]:
            put(pair)
            wait_for(lambda name=pair.certificate.stem: subject(server.port, "any.example") == f"{name}.example")
        current.certificate.write_text("no certificate at all")
        server.wait_for("current.crt")
        assert subject(server.port, "any.example") == "number-3.example"
        put(pairs[0])
        wait_for(lambda: subject(server.port, "any.example") == "number-0.example")
        server.send(signal.SIGHUP)
        server.wait_for("the reload is over")
        assert subject(server.port, "any.example") == "number-0.example"
    assert load.lost == []
    assert load.answers > 100


class Secured:
    """`with Secured(port, 4) as load`: so many clients make a connection for each other request, and count."""

    def __init__(self, port: int, clients: int) -> None:
        self.answers = 0
        self.lost: list[str] = []
        self._port = port
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> "Secured":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        context = trusting("http/1.1")
        while not self._over.is_set():
            try:
                with (
                    socket.create_connection(("127.0.0.1", self._port), PATIENCE) as plain,
                    context.wrap_socket(plain, server_hostname="localhost") as client,
                ):
                    for _ in range(2):
                        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        answer = client.recv(65_536)
                        assert answer.startswith(b"HTTP/1.1 200"), answer
                        self.answers += 1
                        if b"connection: close" in answer:
                            break
            except (OSError, AssertionError) as error:
                self.lost.append(repr(error))
            time.sleep(0.01)


def wait_for(condition) -> None:  # type: ignore[no-untyped-def]  # any question
    """Wait until this is so; it must be soon."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


# Resumption


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_go_on_in_any_worker(tmp_path: Path, pair: Pair, version: str) -> None:
    with Workers(tmp_path, named(0), "--workers", "3", "--tls", pair.option) as server:
        session = tmp_path / "session"
        assert "\nNew, TLSv1" in s_client(server.port, version, "-sess_out", str(session), request=True)
        answers = [s_client(server.port, version, "-sess_in", str(session), request=True) for _ in range(12)]
        assert ["\nReused, TLSv1" in answer for answer in answers] == [True] * 12
        server.send(signal.SIGHUP)
        server.wait_for("the reload is over")
        assert "\nReused, TLSv1" in s_client(server.port, version, "-sess_in", str(session), request=True)


def s_client(port: int, *options: str, request: bool = False) -> str:
    """What OpenSSL's own client tells of a connection."""
    command = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *options]
    # The session of TLS 1.3 comes behind the handshake, with the first answer at the latest.
    words = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" if request else b"Q\n"
    more = ["-ign_eof"] if request else []
    done = subprocess.run([*command, *more], input=words, capture_output=True, timeout=PATIENCE)
    return done.stdout.decode("latin-1")
