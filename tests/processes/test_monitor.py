"""The monitor answers what there is to know, and nothing else."""

import contextlib
import socket

import pytest

from pellucid.net.memory import HandClock
from pellucid.net.port import Port
from pellucid.net.reactor import Reactor
from pellucid.processes.monitor import CONNECTIONS, Monitor
from pellucid.watch import Watch


class Asked:
    """A monitor and somebody who asks it."""

    def __init__(self, ready: bool = True) -> None:
        self.clock = HandClock()
        self.reactor = Reactor(clock=self.clock)
        self.port = Port.tcp("127.0.0.1", 0)
        self.address = self.port.address
        self.monitor = Monitor(self.reactor, Watch(), [self.port], lambda: "figures 1\n", lambda: ready)

    def ask(self, path: str, method: str = "GET") -> str:
        host, _, port = self.address.partition(":")
        with socket.create_connection((host, int(port))) as client:
            client.setblocking(False)
            client.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while True:
                self.reactor.step(0)
                try:
                    part = client.recv(65536)
                except BlockingIOError:
                    continue
                if not part:
                    return data.decode()
                data += part


@pytest.mark.parametrize(
    ("path", "method", "ready", "status", "end"),
    [
        ("/metrics", "GET", True, 200, "figures 1\n"),
        ("/metrics", "HEAD", True, 200, ""),
        ("/metrics", "POST", True, 405, "GET and HEAD are what there is\n"),
        ("/-/live", "GET", False, 200, "live\n"),
        ("/-/ready", "GET", True, 200, "ready\n"),
        ("/-/ready", "GET", False, 503, "no worker serves\n"),
        ("/", "GET", True, 404, "there are /metrics, /-/live and /-/ready\n"),
    ],
)
def test_what_is_answered(path: str, method: str, ready: bool, status: int, end: str) -> None:
    asked = Asked(ready)
    head, _, body = asked.ask(path, method).partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "cache-control: no-store" in head
    assert body == end
    asked.monitor.close()
    asked.reactor.close()


def test_who_only_holds_places_gives_them_back_soon() -> None:
    asked = Asked()
    host, _, port = asked.address.partition(":")
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            idle = stack.enter_context(socket.create_connection((host, int(port))))
            asked.reactor.step(0)
        asked.clock.advance(2.5)
        asked.reactor.step(0)
        assert asked.ask("/-/live").endswith("live\n")
        assert idle.recv(10) == b""
    asked.monitor.close()
    asked.reactor.close()


def test_at_its_end_nobody_is_let_in_and_the_loop_goes_on() -> None:
    asked = Asked()
    asked.monitor.close()
    assert asked.port.fd == -1
    assert not asked.reactor.stopped
    asked.reactor.close()


def test_a_forked_child_closes_what_the_parent_has_open_here() -> None:
    asked = Asked()
    host, _, port = asked.address.partition(":")
    with socket.create_connection((host, int(port))) as client:
        asked.reactor.step(0)
        asked.reactor.abandon()
        asked.monitor.abandon()
        assert client.recv(10) == b""
    assert asked.port.fd == -1
