"""Sockets that systemd hands over are taken once and by whom they are meant for; what it is told never does harm."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor
from pellucid.processes import systemd
from pellucid.processes.systemd import Handed, notify, take_handed, watchdog_interval

ME = str(os.getpid())
TWO = Handed(((3, "web"), (4, "metrics")))


@pytest.mark.parametrize(
    ("environment", "sockets"),
    [
        ({"LISTEN_PID": ME, "LISTEN_FDS": "1"}, ((3, "unknown"),)),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:metrics"}, TWO.sockets),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web"}, ((3, "web"), (4, "unknown"))),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web:more"}, ((3, "web"),)),
    ],
)
def test_handed_sockets_are_numbered_from_three_and_named(
    environment: dict[str, str], sockets: tuple[tuple[int, str], ...]
) -> None:
    assert take_handed(environment).sockets == sockets


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "start the service by its .socket unit"),
        ({"LISTEN_PID": ME}, "start the service by its .socket unit"),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, "are for process '1', and this is "),
        ({"LISTEN_FDS": "1"}, "are for process ''"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "0"}, "handed over '0' sockets"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "-1"}, "handed over '-1' sockets"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "9999999"}, "handed over '9999999' sockets"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "a\n"}, "handed over 'a\\n' sockets"),
    ],
)
def test_what_is_not_for_this_process_is_left_alone_and_explained(environment: dict[str, str], why: str) -> None:
    handed = take_handed(environment)
    assert handed.sockets == ()
    with pytest.raises(ValueError) as error:
        handed.addresses(["systemd"])
    assert why in str(error.value)
    assert str(error.value).startswith("cannot listen on systemd: ")
    assert handed.addresses(["8000"], chosen=False) == ("8000",)


def test_the_variables_are_gone_afterwards_so_that_no_child_takes_the_sockets_again() -> None:
    environment = {"LISTEN_PID": ME, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "LISTEN_PIDFDID": "7", "PATH": "/bin"}
    assert take_handed(environment).sockets
    assert environment == {"PATH": "/bin"}
    assert take_handed(environment).sockets == ()


@pytest.mark.parametrize(
    ("texts", "chosen", "expected"),
    [
        (["127.0.0.1:8000"], False, ("fd:3", "fd:4")),
        (["127.0.0.1:8000"], True, ("127.0.0.1:8000",)),
        (["systemd"], True, ("fd:3", "fd:4")),
        (["systemd:web"], True, ("fd:3",)),
        (["systemd:metrics", ":80"], True, ("fd:4", ":80")),
        (["systemd.example:80"], True, ("systemd.example:80",)),
    ],
)
def test_handed_sockets_are_listened_on_where_they_are_asked_for_or_nothing_else_is(
    texts: list[str], chosen: bool, expected: tuple[str, ...]
) -> None:
    assert TWO.addresses(texts, chosen=chosen) == expected


@pytest.mark.parametrize("text", ["systemd:", "systemd:web2"])
def test_a_name_that_no_socket_has_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="no socket of that name was handed over, there is web, metrics"):
        TWO.addresses([text])


class Manager:
    """The other end of the notification socket."""

    def __init__(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)
        self.socket.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)

    def told(self) -> list[str]:
        """The lines of the next message."""
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    name = f"{tmp_path}/notify"
    manager = Manager(name if request.param == "path" else "@" + name, monkeypatch)
    yield manager
    manager.socket.close()


def test_what_is_told_arrives(manager: Manager) -> None:
    assert notify("READY=1", "STATUS=all well")
    assert manager.told() == ["READY=1", "STATUS=all well"]
    systemd.tell_ready()
    assert manager.told() == ["READY=1", f"MAINPID={ME}"]
    systemd.tell_stopping()
    assert manager.told() == ["STOPPING=1"]
    systemd.tell_alive()
    assert manager.told() == ["WATCHDOG=1"]


def test_reloading_comes_with_the_time_in_microseconds(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.clock_gettime_ns", lambda clock: 1_234_567_890)
    systemd.tell_reloading()
    assert manager.told() == ["RELOADING=1", "MONOTONIC_USEC=1234567"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x0b"])
def test_a_status_is_one_line_whatever_it_says(manager: Manager, end: str) -> None:
    notify(f"STATUS=failed{end}READY=1")
    assert manager.told() == ["STATUS=failed READY=1"]


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234", "/nowhere/at/all", "@nobody", "/" + "a" * 200])
def test_nothing_happens_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify("READY=1")


def test_nothing_happens_without_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")


def test_a_manager_that_does_not_read_stops_nobody(manager: Manager) -> None:
    told = 0
    while notify("WATCHDOG=1"):
        told += 1
        assert told < 100_000
    assert told


@pytest.mark.parametrize(
    ("limit", "pid", "expected"),
    [
        ("20000000", None, 10.0),
        pytest.param("3000000", ME, 1.5, id="for this process"),  # its number is another in each of several testers
        ("3000000", "", 1.5),
        ("3000000", "1", 0.0),
        (None, None, 0.0),
        ("0", None, 0.0),
        ("-5", None, 0.0),
        ("soon", None, 0.0),
        ("9" * 40, None, 0.0),
    ],
)
def test_a_sign_of_life_is_due_twice_as_often_as_the_watchdog_asks(
    monkeypatch: pytest.MonkeyPatch, limit: str | None, pid: str | None, expected: float
) -> None:
    for name, value in (("WATCHDOG_USEC", limit), ("WATCHDOG_PID", pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert watchdog_interval() == expected


def test_signs_of_life_come_as_long_as_the_loop_turns(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    clock = HandClock()
    reactor = Reactor(MemoryPoller(), clock)
    systemd.show_life(reactor)
    for _ in range(3):
        assert manager.told() == ["WATCHDOG=1"]
        reactor.step(0)
        with pytest.raises(BlockingIOError):
            manager.told()
        clock.advance(10.0)
        reactor.step(0)


def test_nobody_shows_life_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    reactor = Reactor(MemoryPoller(), HandClock())
    systemd.show_life(reactor)
    assert reactor.due() is None
