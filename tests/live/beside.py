"""An ordinary client beside an attack: how long it waits for each answer, and what the server's memory does."""

import os
import socket
import time
from dataclasses import dataclass, field

from frames import trusting
from running import PATIENCE

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
REST = 0.002
"""How long it rests between two requests, in seconds."""

MEGABYTE = 1 << 20

GROWTH = 32 * MEGABYTE
"""How much memory an attack may cost."""


@dataclass
class Times:
    """How long each answer took, in seconds, and the most memory that the server has had meanwhile, in bytes."""

    waits: list[float] = field(default_factory=list)
    memory: int = 0

    @property
    def p99(self) -> float:
        """What 99 of 100 answers took no longer than."""
        return sorted(self.waits)[int(len(self.waits) * 0.99)]


class Ordinary:
    """`with Ordinary(port, secured, process) as client`: one connection of HTTP/1.1, used again and again."""

    def __init__(self, port: int, secured: bool, process: int) -> None:
        self._process = process
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secured:
            self._socket = trusting("http/1.1").wrap_socket(self._socket, server_hostname="localhost")

    def __enter__(self) -> "Ordinary":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, seconds: float) -> Times:
        """Ask for so long."""
        times, until = Times(), time.monotonic() + seconds
        while (begun := time.monotonic()) < until:
            self._socket.sendall(REQUEST)
            answer = self._socket.recv(65_536)
            times.waits.append(time.monotonic() - begun)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            assert answer.endswith(b"hello"), answer
            if len(times.waits) % 20 == 0:
                times.memory = max(times.memory, resident(self._process))
            time.sleep(REST)
        return times


def resident(process: int) -> int:
    """How much memory a process has, in bytes."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def descriptors(process: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))
