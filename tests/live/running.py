"""A real `pellucid` process for the live tests: started, talked to and always ended."""

import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

PATIENCE = 20.0
LAST_LINE = "Ctrl+C stops it.\n"
LAST_OF_JSON = '/"}\n'
BY_MODULE = (sys.executable, "-m", "pellucid")
BY_SCRIPT = (str(Path(sys.executable).parent / "pellucid"),)


class Running:
    """`with Running("serve", folder) as server`: it has printed its banner when the block begins."""

    def __init__(
        self,
        *arguments: str,
        command: tuple[str, ...] = BY_MODULE,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PELLUCID_")}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        self.process = subprocess.Popen([*command, *arguments], env=clean | (environment or {}), **options)
        self.banner = ""
        self._last_line = LAST_OF_JSON if "--log-format" in arguments else LAST_LINE

    def __enter__(self) -> Self:
        try:
            self.banner = self.read_until(self.process.stderr, self._last_line)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    @property
    def port(self) -> int:
        """The port in the banner's first URL."""
        return int(self._place[2])

    @property
    def scheme(self) -> str:
        """Whether it speaks TLS, as in the banner's first URL: http or https."""
        return self._place[1]

    def read_until(self, stream: Any, end: str) -> str:
        """What the stream tells until this text has come."""
        text, deadline = "", time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while end not in text:
                assert selector.select(deadline - time.monotonic()), f"waited in vain for {end!r} after {text!r}"
                data = os.read(stream.fileno(), 65536)
                assert data, f"ended without {end!r} after {text!r}"
                text += data.decode()
        return text

    @property
    def _place(self) -> re.Match[str]:
        found = re.search(r"(https?)://\S+:(\d+)/", self.banner)
        assert found, self.banner
        return found

    def connect(self) -> socket.socket:
        """A connection to the banner's first port."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def get(self, path: str = "/", method: str = "GET") -> bytes:
        """A whole answer to a request on a connection of its own."""
        with self.connect() as client:
            return ask(client, path, method)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit status, standard output and what standard error told after the banner."""
        self.send(number)
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        """As `end`, for a process that ends by itself."""
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, (output or b"").decode(), (errors or b"").decode()


def ask(client: socket.socket, path: str = "/", method: str = "GET") -> bytes:
    """A whole answer, after which the connection is closed."""
    client.settimeout(PATIENCE)
    client.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    data = b""
    while received := client.recv(65536):
        data += received
    return data


def refused(port: int) -> bool:
    """Whether nobody listens on this port any more, after waiting for it as long as it takes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except OSError:
            return True
    return False
