"""Certificates are read before a port is opened, ports know what they are for, and what cannot be meant is one line."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from pellucid.authority import Machine
from pellucid.authority.issuing import make_authority, make_server, names_of
from pellucid.features.https import HttpsSettings
from pellucid.listening import Listening, check_https, open_listening, tls, with_https_port
from pellucid.message import Response
from pellucid.net.access import Access
from pellucid.net.memory import MemoryPoller
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.server.server import Server
from pellucid.settings import Settings


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a certificate and its key."""
    now = datetime.now(UTC)
    authority, key = make_authority(Machine("box"), now)
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(make_server(authority, key, Machine("box"), now))
    return str(path)


def unexpected(level: str, text: str) -> None:
    pytest.fail(text)


@contextmanager
def listening(**chosen: Any) -> Iterator[Listening]:
    found = open_listening(Settings(chosen))
    try:
        yield found
    finally:
        found.close()


def test_without_tls_there_are_ports_and_nothing_else(tmp_path: Path) -> None:
    with listening(bind=(f"unix:{tmp_path}/a",)) as found:
        assert found.addresses == [f"unix:{tmp_path}/a"]
        assert (found.redirected, found.certificates, found.kept) == ([], None, None)
        found.refresh(unexpected)
        found.complain(unexpected)
    assert os.listdir(tmp_path) == []


def test_ports_that_redirect_stand_apart(tmp_path: Path, pem: str) -> None:
    with listening(bind=(f"unix:{tmp_path}/a",), redirect_http=(f"unix:{tmp_path}/b",), tls=(pem,)) as found:
        assert [port.address for port in found.ports] == [*found.addresses, *found.redirected]
        assert found.redirected == [f"unix:{tmp_path}/b"]
        assert found.certificates is not None
        assert found.certificates.protocols == ("h2", "http/1.1")
        found.refresh(unexpected)
        found.complain(unexpected)
    assert os.listdir(tmp_path) == []


def test_without_http2_it_is_not_offered(tmp_path: Path, pem: str) -> None:
    with listening(bind=(f"unix:{tmp_path}/a",), tls=(pem,), http2=False) as found:
        assert found.certificates is not None
        assert found.certificates.protocols == ("http/1.1",)


def test_a_certificate_for_development_is_made_in_the_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for text, made in (("dev", True), ("dev", False), ("dev:shop.localhost,api.localhost", False)):
        with listening(bind=(f"unix:{tmp_path}/a",), tls=(text,)) as found:
            assert found.kept is not None
            assert found.kept.made is made
            assert found.kept.authority == f"{tmp_path}/pellucid/tls/authority.pem"
            told = {*names_of(Path(found.kept.server).read_bytes())}
    assert {"shop.localhost", "api.localhost"} <= told
    with pytest.raises(ValueError, match=r"^--tls dev: 'shop\.example' is not beneath localhost"):
        open_listening(Settings({"tls": ("dev:shop.example",)}))


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"tls": ("gone.pem,gone.key",)}, "--tls: cannot read gone.pem"),
        ({"tls": ("a.pem,b.pem,c.pem",)}, "--tls: 'a.pem,b.pem,c.pem' names no certificate and key"),
        ({"tls": ("dev",)}, "--tls dev: there is no home"),
    ],
)
def test_what_is_wrong_with_a_certificate_opens_nothing(
    chosen: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/")
    with pytest.raises(ValueError, match=f"^{complaint}"):
        open_listening(Settings({"bind": (f"unix:{tmp_path}/a",)} | chosen))
    assert os.listdir(tmp_path) == []


def test_a_port_that_cannot_be_opened_closes_the_others(tmp_path: Path, pem: str) -> None:
    with pytest.raises(ValueError, match=r"^--redirect-http: cannot listen on .*: there is no folder"):
        open_listening(
            Settings({"bind": (f"unix:{tmp_path}/a",), "redirect_http": (f"unix:{tmp_path}/no/b",), "tls": (pem,)})
        )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"redirect_http": ("8080",)}, "--redirect-http: there is no https to send clients to; give --tls too"),
        ({"https_port": 443}, "--https-port: it is where --redirect-http sends clients; give that too"),
        ({"tls": ("a",), "redirect_http": ("80",), "https_port": 65536}, "--https-port: 65536 is no port between"),
        ({"tls_client_ca": "ca.pem"}, "--tls-client-ca: .*--tls too"),
        ({"tls": ("a",), "tls_client": "optional"}, "--tls-client: say with --tls-client-ca whose certificates"),
        ({"hsts": 60.0}, "--hsts: it is said by https only; give --tls, or name with --trusted-proxies"),
        ({"hsts": 60.0, "tls": ("dev",)}, "--hsts: with --tls dev, browsers would ask all servers on this machine"),
        ({"hsts": 60.0, "tls": ("a", "dev:a.localhost")}, "--hsts: with --tls dev"),
        ({"hsts_subdomains": True, "tls": ("a",)}, "--hsts-subdomains: say with --hsts for how long"),
        ({"tls_min": "1.3"}, "--tls-min: no TLS is spoken; give --tls too"),
        ({"tls_key_password_file": "a"}, "--tls-key-password-file: no TLS is spoken; give --tls too"),
    ],
)
def test_what_cannot_be_meant_is_one_line(chosen: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^{complaint}"):
        check_https(Settings(chosen))


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"tls": ("a",), "redirect_http": ("80",), "https_port": 443, "hsts": 60.0, "hsts_subdomains": True},
        {"hsts": 60.0, "trusted_proxies": ("10.0.0.1",)},
        {"tls": ("a",), "tls_client_ca": "b", "tls_client": "optional"},
        {"http2": False},
    ],
)
def test_what_can_be_meant_passes(chosen: dict[str, Any]) -> None:
    check_https(Settings(chosen))


class Stand:
    """A port that listens nowhere."""

    def __init__(self, address: str) -> None:
        self.address = address


@pytest.mark.parametrize(
    ("addresses", "port"),
    [
        (["127.0.0.1:8443"], 8443),
        (["0.0.0.0:8443", "192.0.2.7:443"], 443),
        (["unix:/run/site", "127.0.0.1:8443", "127.0.0.1:8444"], 8443),
        (["unix:/run/site"], 443),
        (["unix:/run/site:80"], 443),
    ],
)
def test_clients_are_sent_to_the_port_that_is_open(addresses: list[str], port: int) -> None:
    found = Listening(tuple(cast("Port", Stand(address)) for address in addresses))
    chosen = Settings({"redirect_http": ("80",)})
    assert with_https_port(chosen, found)[HttpsSettings] == HttpsSettings(redirect_http=("80",), https_port=port)
    chosen = Settings({"redirect_http": ("80",), "https_port": 9443})
    assert with_https_port(chosen, found) is chosen
    assert with_https_port(Settings(), found)[HttpsSettings].https_port == 0


def test_of_what_systemd_hands_over_a_named_socket_only_redirects(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[str]] = []

    def open_ports(texts: Sequence[str], access: Access) -> list[Port]:
        opened.append(list(texts))
        return []

    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    monkeypatch.setenv("LISTEN_FDNAMES", "web:plain")
    monkeypatch.setattr("pellucid.listening.open_ports", open_ports)
    open_listening(Settings({"redirect_http": ("systemd:plain",), "tls": (pem,)}))
    assert opened == [["fd:3"], ["fd:4"]]
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with pytest.raises(ValueError, match=r"^--redirect-http: no socket that systemd hands over is left to serve at"):
        open_listening(Settings({"redirect_http": ("systemd",), "tls": (pem,)}))


def test_a_server_of_one_s_own_speaks_tls(pem: str) -> None:
    reactor = Reactor(MemoryPoller())
    server = Server(lambda exchange: exchange.respond(Response(204)), reactor=reactor)
    server.protocols.http2 = Http2Limits(http2=False)
    greet = tls(server, pem)
    greet.close()
    with pytest.raises(ValueError, match=r"^--tls: cannot read gone\.pem"):
        tls(server, "gone.pem")


def test_who_speaks_no_tls_holds_nothing_of_it() -> None:
    script = (
        "import sys, pellucid.cli.command, pellucid.worker\n"
        "held = {'ssl', 'cryptography', 'pellucid.net.tls', 'pellucid.authority.issuing'} & {*sys.modules}\n"
        "sys.exit(' '.join(held) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
