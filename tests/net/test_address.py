"""Addresses are read as people write them, and what cannot be listened on is explained in one line."""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from pellucid.net import address as module
from pellucid.net.access import Access
from pellucid.net.address import (
    Address,
    Inherited,
    Tcp,
    Unix,
    addresses_of,
    network_of,
    open_ports,
    parse_address,
    reachable,
)
from pellucid.net.port import Port


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", Tcp("127.0.0.1", 8000)),
        ("8000", Tcp("127.0.0.1", 8000)),
        ("0", Tcp("127.0.0.1", 0)),
        (":8000", Tcp("", 8000)),
        ("*:80", Tcp("", 80)),
        ("0.0.0.0", Tcp("0.0.0.0", 8000)),
        ("localhost:65535", Tcp("localhost", 65535)),
        ("[::1]:8000", Tcp("::1", 8000)),
        ("[::]", Tcp("", 8000)),
        ("[fe80::1%eth0]:80", Tcp("fe80::1%eth0", 80)),
        ("unix:/run/a b.sock", Unix("/run/a b.sock")),
        ("unix:here.sock", Unix("here.sock")),
        ("fd:3", Inherited(3)),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["127.0.0.1:8000", ":8000", "[::1]:8000", "unix:/run/a b.sock", "fd:3"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is no address: write HOST:PORT, PORT, :PORT, unix:PATH or fd:N"),
        ("::1", "an IPv6 address stands in brackets, such as [::1]:8000"),
        ("::1:8000", "an IPv6 address stands in brackets: write [::1]:8000"),
        ("2001:db8::1:80", "write [2001:db8::1]:80"),
        ("\udcff:80", "cannot listen on"),
        ("./a.sock", "for a socket in the file system write unix:./a.sock"),
        ("/run/a.sock", "write unix:/run/a.sock"),
        ("a..b:80", "cannot listen on a..b:80: that is no host name"),
        ("2001:db8::1", "such as [2001:db8::1]:8000"),
        ("http://localhost:8000/", "write localhost:8000"),
        ("https://localhost", "write localhost"),
        ("localhost:", "has no port between 0 and 65535"),
        ("localhost:http", "has no port between 0 and 65535"),
        ("localhost:65536", "has no port between 0 and 65535"),
        ("localhost:-1", "has no port between 0 and 65535"),
        ("70000", "has no port between 0 and 65535"),
        ("me@localhost:80", "is no address"),
        ("a b:80", "is no address"),
        ("[::1:80", "is no address"),
        ("unix:", "names no socket: write unix:PATH"),
        ("unix:a\0b", "names no socket"),
        ("fd:", "is no descriptor: write fd:3"),
        ("fd:-1", "is no descriptor"),
    ],
)
def test_what_is_no_address_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        open_ports([text])
    assert complaint in str(error.value)


class FakePort:
    """A port that opens nothing; `taken` maps a host to the error that it has."""

    taken: dict[str, int] = {}
    opened: list["FakePort"] = []

    def __init__(self, host: str, port: int) -> None:
        if host in self.taken:
            raise OSError(self.taken[host], os.strerror(self.taken[host]))
        self.address = str(Tcp(host, port or 50000))
        self.open = True
        self.opened.append(self)

    tcp = classmethod(lambda cls, host, port: cls(host, port))
    unix = inherited = classmethod(lambda cls, where, *_: cls(str(where), 0))

    def close(self) -> None:
        self.open = False


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> type[FakePort]:
    kind = type("FakePort", (FakePort,), {"taken": {}, "opened": []})
    monkeypatch.setattr(module, "Port", kind)
    return kind


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["127.0.0.1:0"], ["127.0.0.1:50000"]),
        (["[::]:0"], ["0.0.0.0:50000", "[::]:50000"]),
        ([":0"], ["0.0.0.0:50000", "[::]:50000"]),
        ([":80", "[::1]:81"], ["0.0.0.0:80", "[::]:80", "[::1]:81"]),
    ],
)
def test_all_addresses_of_a_host_share_a_number(ports: Any, texts: list[str], expected: list[str]) -> None:
    assert [port.address for port in open_ports(texts)] == expected


def test_a_name_means_all_its_addresses(ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(None, None, 0, "", (host, 80)) for host in ("::1", "127.0.0.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert [port.address for port in open_ports(["home:80"])] == ["127.0.0.1:80", "[::1]:80"]


def test_a_machine_without_ipv6_listens_on_what_it_has(ports: Any) -> None:
    ports.taken["::"] = errno.EAFNOSUPPORT
    assert [port.address for port in open_ports([":80"])] == ["0.0.0.0:80"]


@pytest.mark.parametrize(
    ("text", "host", "error", "complaint"),
    [
        ("127.0.0.1:80", "127.0.0.1", errno.EADDRINUSE, "cannot listen on 127.0.0.1:80: it is taken; end what listens"),
        (":80", "::", errno.EADDRINUSE, "cannot listen on :80: it is taken"),
        ("127.0.0.1:80", "127.0.0.1", errno.EACCES, "ports below 1024 are for root; choose a higher one, such as 8000"),
        ("192.0.2.1:80", "192.0.2.1", errno.EADDRNOTAVAIL, "this machine does not have that address; :PORT takes all"),
        ("unix:/none/a.sock", "/none/a.sock", errno.ENOENT, "there is no folder /none"),
        (
            "unix:/a.sock",
            "/a.sock",
            errno.EACCES,
            "cannot listen on unix:/a.sock: permission denied; a socket is made by who may write into /",
        ),
        ("fd:9", "9", errno.EBADF, "cannot listen on fd:9: it is not an open socket (bad file descriptor)"),
    ],
)
def test_a_port_that_does_not_open_is_explained_and_the_others_are_closed(
    ports: Any, text: str, host: str, error: int, complaint: str
) -> None:
    ports.taken[host] = error
    with pytest.raises(ValueError) as complained:
        open_ports(["10.0.0.1:1", text])
    assert complaint in str(complained.value)
    assert "\n" not in str(complained.value)
    assert [port.open for port in ports.opened] == [False] * len(ports.opened)


def test_who_may_connect_is_for_sockets_in_the_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Address] = []

    def note(address: Address) -> list[Port]:
        opened.append(address)
        return []

    for kind in (Tcp, Unix, Inherited):
        monkeypatch.setattr(kind, "open", note)
    access = Access(0o660, 33, 50)
    open_ports(["unix:/a.sock", "fd:3", "8000"], access)
    assert opened == [Unix("/a.sock", access), Inherited(3), Tcp("127.0.0.1", 8000)]


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("file", "there is a file already, which is no socket; choose another path"),
        ("folder", "there is a folder already, which is no socket"),
        ("socket", "it is taken; end what listens there"),
    ],
)
def test_what_stands_in_the_way_of_a_unix_socket_is_named(
    ports: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, complaint: str
) -> None:
    path = tmp_path / "a.sock"
    if kind == "file":
        path.write_bytes(b"precious")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mknod(path, stat.S_IFSOCK | 0o600)
    ports.taken[str(path)] = errno.EADDRINUSE
    with pytest.raises(ValueError) as complained:
        open_ports([f"unix:{path}"])
    assert complaint in str(complained.value)


class TwoKinds:
    """A socket that takes IPv4 too, or not."""

    def __init__(self, only: int) -> None:
        self.only = only
        self.copied: list[int] = []

    def __call__(self, *, fileno: int) -> "TwoKinds":
        self.copied.append(fileno)
        return self

    def __enter__(self) -> "TwoKinds":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def getsockopt(self, level: int, option: int) -> int:
        assert (level, option) == (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        return self.only


@pytest.mark.parametrize(
    ("address", "only", "expected"),
    [
        ("[::]:80", 0, ["0.0.0.0:80", "[::]:80"]),
        ("[::]:80", 1, ["[::]:80"]),
        ("[::1]:80", 0, ["[::1]:80"]),
        ("unix:/a.sock", 0, ["unix:/a.sock"]),
    ],
)
def test_a_socket_for_both_kinds_of_addresses_has_both(
    address: str, only: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", TwoKinds(only))
    monkeypatch.setattr(os, "dup", lambda fd: fd + 100)
    port: Any = type("Opened", (), {"address": address, "fd": 5})()
    assert addresses_of([port]) == expected


def test_a_host_without_an_address_is_explained(ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ValueError, match="no address is known for that host"):
        open_ports(["nowhere.invalid:80"])


class FakeSocket:
    def __init__(self, family: int, kind: int) -> None:
        self.family = family

    def __enter__(self) -> "FakeSocket":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, address: tuple[str, int]) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.7", 9) if self.family == socket.AF_INET else ("2001:db8::7", 9)


class NoRoute(FakeSocket):
    def connect(self, address: tuple[str, int]) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")


@pytest.mark.parametrize(
    ("kind", "address", "expected"),
    [
        (FakeSocket, "127.0.0.1:80", ["127.0.0.1:80"]),
        (FakeSocket, "0.0.0.0:80", ["127.0.0.1:80", "192.0.2.7:80"]),
        (FakeSocket, "[::]:80", ["[::1]:80", "[2001:db8::7]:80"]),
        (NoRoute, "0.0.0.0:80", ["127.0.0.1:80"]),
        (NoRoute, "[::]:80", ["[::1]:80"]),
    ],
)
def test_all_addresses_are_spelled_out(
    kind: type, address: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", kind)
    assert reachable(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::1", "::"),
    ],
)
def test_an_ipv6_network_counts_as_one_client(address: str, expected: str) -> None:
    assert network_of(address) == expected
