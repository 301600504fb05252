"""Listening sockets: over TCP, at a unix path, inherited; what they accept, and what they leave behind."""

import errno
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.net.link import PlainLink
from pellucid.net.port import Exhausted, Port, spell_address


@pytest.fixture
def port() -> Iterator[Port]:
    opened = Port.tcp("127.0.0.1", 0)
    yield opened
    opened.close()


def where(port: Port) -> tuple[str, int]:
    host, _, number = port.address.rpartition(":")
    return host, int(number)


def accepted(port: Port) -> PlainLink:
    """The link of a client that has connected; over the loopback it is there at once."""
    link = port.accept()
    assert link is not None
    return link


def test_none_is_accepted_while_nobody_comes(port: Port) -> None:
    assert port.accept() is None
    assert not select.select([port.fd], [], [], 0)[0]


def test_a_client_becomes_a_link_that_knows_both_addresses(port: Port) -> None:
    with socket.create_connection(where(port)) as client:
        link = accepted(port)
        assert (link.peer, link.local) == ("127.0.0.1", port.address)
        assert port.accept() is None
        link.send([b"hello"])
        assert client.recv(5) == b"hello"
        link.close()


def test_links_send_without_delay(port: Port) -> None:
    with socket.create_connection(where(port)):
        link = accepted(port)
        assert link._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        link.close()


def test_a_taken_port_is_an_error_and_leaves_nothing_open(port: Port) -> None:
    before = os.listdir("/dev/fd")
    with pytest.raises(OSError) as error:
        Port.tcp(*where(port))
    assert error.value.errno == errno.EADDRINUSE
    assert os.listdir("/dev/fd") == before


def test_ipv6_is_spelled_with_brackets() -> None:
    try:
        port = Port.tcp("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert port.address.startswith("[::1]:")
    port.close()


@pytest.mark.parametrize(
    ("address", "spelled"),
    [
        (("127.0.0.1", 80), "127.0.0.1:80"),
        (("::1", 80, 0, 0), "[::1]:80"),
        ("/run/a.sock", "unix:/run/a.sock"),
        (b"\0abstract", "unix:\0abstract"),
        ("", "unix:"),
        (None, "unix:"),
    ],
)
def test_addresses_are_spelled(address: object, spelled: str) -> None:
    assert spell_address(address) == spelled


def test_a_unix_path_is_listened_on_and_removed_in_the_end(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    port = Port.unix(path)
    assert port.address == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        link = accepted(port)
        assert (link.peer, link.local) == ("", port.address)
        link.close()
    port.close()
    assert not os.path.exists(path)
    port.close()


def test_a_unix_path_that_nobody_listens_on_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    port = Port.unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    port.close()


def test_a_unix_path_that_somebody_listens_on_is_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    first = Port.unix(path)
    with pytest.raises(OSError) as error:
        Port.unix(path)
    assert error.value.errno == errno.EADDRINUSE
    accepted(first).close()  # the question whether somebody listens
    first.close()


@pytest.mark.parametrize("kind", ["file", "folder", "datagram"])
def test_what_is_no_stream_socket_is_not_removed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        if kind == "file":
            path.write_bytes(b"precious")
        elif kind == "folder":
            path.mkdir()
        else:
            other.bind(str(path))
        with pytest.raises(OSError):
            Port.unix(str(path))
    assert path.exists()


def test_a_path_that_another_server_took_over_is_left_to_it(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    first = Port.unix(path)
    os.rename(path, path + ".old")
    second = Port.unix(path)
    first.close()
    assert os.path.exists(path)
    second.close()
    assert not os.path.exists(path)


def test_a_path_that_vanished_is_no_trouble_at_the_end(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    port = Port.unix(path)
    os.unlink(path)
    port.close()


def test_a_listening_socket_is_inherited() -> None:
    parent = socket.create_server(("127.0.0.1", 0))
    port = Port.inherited(parent.detach())
    with socket.create_connection(where(port)):
        accepted(port).close()
    port.close()


@pytest.mark.parametrize("kind", ["datagram", "connected", "file", "closed"])
def test_what_cannot_be_listened_on_is_not_inherited_and_stays_open(kind: str, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM)
    with ours, theirs, open(tmp_path / "file", "wb") as file:
        fd = {"file": file.fileno(), "closed": 9999}.get(kind, ours.fileno())
        with pytest.raises((OSError, ValueError)):
            Port.inherited(fd)
        if kind != "closed":
            os.fstat(fd)


class Listening(socket.socket):
    """A listening socket whose accept fails in the ways that are given, one after the other."""

    failures: list[OSError] = []

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            raise self.failures.pop(0)
        return super().accept()


@pytest.fixture
def failing() -> Iterator[tuple[Port, Listening]]:
    listening = Listening()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = Port(listening)
    yield port, listening
    port.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_out_of_descriptors_or_memory_is_exhausted(failing: tuple[Port, Listening], number: int) -> None:
    port, listening = failing
    listening.failures = [OSError(number, os.strerror(number))]
    with pytest.raises(Exhausted, match=os.strerror(number)):
        port.accept()


def test_a_client_that_left_before_its_turn_is_passed_over(failing: tuple[Port, Listening]) -> None:
    port, listening = failing
    listening.failures = [ConnectionAbortedError(), ConnectionAbortedError()]
    with socket.create_connection(where(port)):
        accepted(port).close()


@pytest.mark.parametrize("number", [errno.EPROTO, errno.ENETDOWN, errno.EPERM])
def test_network_errors_of_a_client_are_not_the_ports(failing: tuple[Port, Listening], number: int) -> None:
    port, listening = failing
    listening.failures = [OSError(number, os.strerror(number))]
    assert port.accept() is None
