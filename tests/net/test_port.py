"""Listening sockets: over TCP, at a unix path, inherited; what they accept, and what they leave behind."""

import contextlib
import errno
import os
import select
import socket
import stat
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from pellucid.net.access import Access
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


def test_a_client_has_a_port_and_came_to_one_address_even_where_all_are_listened_on() -> None:
    port = Port.tcp("0.0.0.0", 0)
    with socket.create_connection(("127.0.0.1", int(port.address.rpartition(":")[2]))) as client:
        link = accepted(port)
        assert link.peer_port == client.getsockname()[1]
        assert link.local == port.address.replace("0.0.0.0", "127.0.0.1")
        link.close()
    port.close()


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


def test_a_unix_path_whose_listener_accepts_nobody_is_taken_and_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as stuck, contextlib.ExitStack() as clients:
        stuck.bind(path)
        stuck.listen(0)
        for _ in range(2):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(path)
        with pytest.raises(OSError) as error:
            Port.unix(path)
        assert error.value.errno == errno.EADDRINUSE


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


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(("mode", "expected"), [(None, 0o755), (0o660, 0o660), (0o600, 0o600), (0o666, 0o666)])
def test_a_unix_socket_has_its_mode_from_its_first_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None, expected: int
) -> None:
    path = str(tmp_path / "socket")
    seen: list[int] = []

    class Looking(socket.socket):
        def bind(self, address: Any) -> None:
            super().bind(address)
            seen.append(stat.S_IMODE(os.stat(path).st_mode))

    monkeypatch.setattr(socket, "socket", Looking)
    port = Port.unix(path, Access(mode))
    assert [*seen, stat.S_IMODE(os.stat(path).st_mode)] == [expected, expected]
    port.close()


@pytest.mark.usefixtures("umask")
def test_the_umask_stays_what_it_was_where_a_path_is_taken(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Port.unix(str(tmp_path), Access(0o600))


def test_a_unix_socket_has_its_owner_before_anybody_can_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "socket")
    given: list[tuple[object, ...]] = []

    def chown(path: str, uid: int, gid: int, *, follow_symlinks: bool) -> None:
        with socket.socket(socket.AF_UNIX) as early, pytest.raises(ConnectionRefusedError):
            early.connect(path)
        given.append((path, uid, gid, follow_symlinks))

    monkeypatch.setattr(os, "chown", chown)
    Port.unix(path, Access(uid=33)).close()
    Port.unix(path, Access(gid=50)).close()
    Port.unix(path, Access()).close()
    assert given == [(path, 33, -1, False), (path, -1, 50, False)]


def test_a_unix_socket_that_cannot_be_given_away_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chown(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    before = os.listdir("/dev/fd")
    with pytest.raises(PermissionError):
        Port.unix(str(tmp_path / "socket"), Access(uid=33))
    assert os.listdir("/dev/fd") == before
    assert os.listdir(tmp_path) == []


def test_a_unix_path_is_removed_by_nobody_but_its_opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "socket")
    port = Port.unix(path)
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: 1)
        port.close()
    assert os.path.exists(path)


def inheritable(parent: socket.socket) -> int:
    """The descriptor of a socket as a child gets it."""
    parent.set_inheritable(True)
    return parent.detach()


@pytest.mark.parametrize("listens", [True, False])
def test_a_bound_socket_is_inherited(listens: bool) -> None:
    parent = socket.socket()
    parent.bind(("127.0.0.1", 0))
    if listens:
        parent.listen()
    port = Port.inherited(inheritable(parent))
    with socket.create_connection(where(port)):
        link = accepted(port)
        assert link._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        link.close()
    assert not os.get_inheritable(port.fd)
    port.close()


def test_a_bound_unix_socket_is_inherited(tmp_path: Path) -> None:
    parent = socket.socket(socket.AF_UNIX)
    parent.bind(str(tmp_path / "socket"))
    port = Port.inherited(inheritable(parent))
    assert port.address == f"unix:{tmp_path}/socket"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "socket"))
        accepted(port).close()
    port.close()


def test_what_is_a_port_already_is_not_inherited_once_more(port: Port) -> None:
    again = Port.inherited(inheritable(socket.create_server(("127.0.0.1", 0))))
    for taken in (port, again):
        with pytest.raises(ValueError, match=f"descriptor {taken.fd} was not inherited, or is listened on already"):
            Port.inherited(taken.fd)
        with socket.create_connection(where(taken)):
            accepted(taken).close()
    again.close()


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("datagram", "is not a stream socket"),
        ("connected", "Invalid argument"),
        ("unbound", "is a socket without an address: bind it before it is handed over"),
        ("unbound unix", "is a socket without an address: bind it before it is handed over"),
        ("file", "on non-socket"),
        ("closed", "Bad file descriptor"),
    ],
)
def test_what_cannot_be_listened_on_is_not_inherited_and_stays_open(kind: str, why: str, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made: dict[str, Callable[[], Any]] = {
            "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "connected": lambda: socket.create_connection(listening.getsockname()),
            "unbound": socket.socket,
            "unbound unix": lambda: socket.socket(socket.AF_UNIX),
            "file": lambda: FileIO(tmp_path / "file", "wb"),
        }
        fd = 9999
        if kind in made:
            fd = stack.enter_context(made[kind]()).fileno()
            os.set_inheritable(fd, True)
        with pytest.raises((OSError, ValueError), match=why):
            Port.inherited(fd)
        if kind != "closed":
            assert os.get_inheritable(fd)


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
