"""Lines between a parent and a child over a socket pair: never waited for, and the end of it is told."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from pellucid.net.pollers import READ
from pellucid.net.reactor import Reactor

RECEIVE = 65536
LONGEST = 1 << 20
"""How long a line may be, in bytes; what is longer is not from one of ours, and is cut."""


class Channel:
    """One end. `heard` gets each line that came, without its line break; `ended` is called once, when the other end is
    gone.
    """

    __slots__ = ("_ended", "_heard", "_reactor", "_rest", "_socket")

    def __init__(
        self, reactor: Reactor, end: socket.socket, heard: Callable[[str], None], ended: Callable[[], None]
    ) -> None:
        end.setblocking(False)
        self._reactor = reactor
        self._socket = end
        self._heard = heard
        self._ended = ended
        self._rest = b""
        reactor.add(end.fileno(), READ, self._on_ready)

    def say(self, line: str) -> None:
        """Send a line. It is lost where the other end is gone, or has not listened for a very long time."""
        with contextlib.suppress(OSError):
            self._socket.send(line.encode("utf-8", "backslashreplace").replace(b"\n", b" ") + b"\n")

    def listen(self) -> None:
        """Hear what has come, without waiting for the loop."""
        if self._socket.fileno() >= 0:
            self._on_ready(READ)

    def close(self) -> None:
        """Neither listen nor speak any more."""
        if self._socket.fileno() >= 0:
            self._reactor.remove(self._socket.fileno())
            self._socket.close()

    def _on_ready(self, mask: int) -> None:
        try:
            data = self._socket.recv(RECEIVE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._ended()
            return
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST]
        for line in lines:
            self._heard(line.decode("utf-8", "replace"))

    def abandon(self) -> None:
        """In a forked child: close this end and leave the parent's loop alone."""
        self._socket.close()
