"""The clients: a browser's request, repeated by wrk, long downloads, connections that rest; they know no server."""

from __future__ import annotations

import math
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from pathlib import Path

CONNECTIONS = 64
ROOM = 1 << 18

# What a browser sends when a person follows a link: twelve fields. It is the head, far more than the body of
# a small answer, that a server works on.
HEAD = """\
{method} {path} HTTP/1.1
Host: 127.0.0.1:{port}
Connection: keep-alive
sec-ch-ua: "Chromium";v="150", "Google Chrome";v="150", "Not_A Brand";v="99"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
application/signed-exchange;v=b3;q=0.7
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9,de;q=0.8
"""
FORM = """\
Origin: http://127.0.0.1:{port}
Content-Type: text/plain;charset=UTF-8
Content-Length: {length}
"""

# wrk asks for the request once and repeats it; at the end it writes one line that `parse` reads.
SCRIPT = """\
function init(args)
  local request = {request}
  wrk.format = function() return request end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d %d %d\\n", summary.requests, summary.bytes, summary.duration,
    e.connect, e.read, e.write, e.status, e.timeout))
end
"""
IDLE_COOKIE = f"sid={'x' * 76}"
ERRORS = ("connect", "read", "write", "status", "timeout")


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: a path, and the size of the answer that must come, or its very bytes; a body is posted.

    `paths` is how many are asked for in turn, each of them the path with its number behind, by the clients that can.
    """

    path: str
    size: int
    answer: bytes = b""
    body: bytes = b""
    scheme: str = "http"
    paths: int = 1
    cookie: str = ""

    @classmethod
    def of(cls, path: str, answer: bytes, body: bytes = b"") -> Ask:
        """An ask whose answer is known to the byte."""
        return cls(path, len(answer), answer, body)

    def met(self, status: int, content: bytes) -> bool:
        """Whether an answer is the expected one."""
        return status == 200 and len(content) == self.size and self.answer in (b"", content)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load has done: answers, bytes with their heads, seconds, and what went wrong, empty for nothing."""

    requests: int
    received: int
    seconds: float
    errors: str = ""


class Failed(Exception):
    """A client did not get what it asked for."""


def request(ask: Ask, port: int) -> bytes:
    """The ask as a browser sends it: three fields more where it has a body."""
    text = HEAD + FORM if ask.body else HEAD
    method = "POST" if ask.body else "GET"
    head = text.format(method=method, path=ask.path, port=port, length=len(ask.body))
    if ask.cookie:
        head += f"Cookie: {ask.cookie}\n"
    return head.replace("\n", "\r\n").encode("ascii") + b"\r\n" + ask.body


def parse(report: str) -> Load:
    """The load that wrk's output tells of, by the line that SCRIPT wrote there; Failed without it."""
    for line in report.splitlines():
        if line.startswith("figures "):
            requests, received, microseconds, *counts = map(int, line.split()[1:])
            errors = ", ".join(f"{count} {kind}" for kind, count in zip(ERRORS, counts, strict=True) if count)
            return Load(requests, received, microseconds / 1e6, errors)
    raise Failed(f"wrk gave no figures: {report.strip()[-300:]}")


def press(folder: Path, ask: Ask, port: int, seconds: float) -> Load:
    """Ask over 64 connections, each asking again once it is answered; the folder is for wrk's script."""
    script = folder / "wrk.lua"
    script.write_bytes(SCRIPT.format(request=_quoted(request(ask, port))).encode("ascii"))
    whole = max(1, math.ceil(seconds))  # wrk knows no parts of a second
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={whole}s", "--timeout=10s"]
    done = subprocess.run(
        [*command, f"--script={script}", f"{ask.scheme}://127.0.0.1:{port}{ask.path}"],
        capture_output=True,
        text=True,
        timeout=whole + 30,
        check=False,
    )
    return parse(done.stdout + done.stderr)


def fetch(ask: Ask, port: int) -> tuple[int, bytes]:
    """One request on a connection of its own: the status and the body of its answer."""
    with _connected(ask, port) as client:
        client.sendall(request(ask, port))
        with _answer(client) as response:
            return response.status, response.read()


def with_cookie(ask: Ask, port: int) -> Ask:
    """The ask with the cookie that its answer sets; with one that says nothing, and is as long, where it sets none."""
    with _connected(ask, port) as client:
        client.sendall(request(ask, port))
        with _answer(client) as response:
            response.read()
            return replace(ask, cookie=(response.getheader("set-cookie") or IDLE_COOKIE).partition(";")[0])


def download(ask: Ask, port: int, seconds: float, connections: int = 2) -> Load:
    """Ask again and again over a few connections, until the first answer that ends after the time is over.

    wrk reads 8 KiB at a time, so that a large answer would measure wrk; this reads 256 KiB and looks at none of it.
    """
    started = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        jobs = [pool.submit(_download, ask, port, started + seconds) for _ in range(connections)]
        sizes = [size for job in jobs for size in job.result()]
    return Load(len(sizes), sum(sizes), time.monotonic() - started)


def repeat(ask: Ask, port: int, times: int) -> None:
    """Ask so many times over half as many connections as wrk has: all of them ask, and then all are answered."""
    spelled = request(ask, port)
    with ExitStack() as stack:
        clients = [_connected(ask, port, timeout=60) for _ in range(CONNECTIONS // 2)]
        for client in clients:
            stack.enter_context(client)
        for _ in range(times // len(clients)):
            for client in clients:
                client.sendall(spelled)
            for client in clients:
                _meet(ask, client)


def _meet(ask: Ask, client: socket.socket) -> None:
    with _answer(client) as response:
        if not ask.met(response.status, response.read()):
            raise Failed(f"a request was answered with {response.status}")


@contextmanager
def resting(ask: Ask, port: int, count: int) -> Iterator[list[socket.socket]]:
    """That many connections, each of which was answered once and stays. They come from ten loopback addresses."""
    clients: list[socket.socket] = []
    try:
        clients.extend(_rest(ask, port, f"127.0.0.{number % 10 + 1}") for number in range(count))
        yield clients
    finally:
        for client in clients:
            client.close()


def alive(clients: list[socket.socket]) -> int:
    """How many of the resting connections the server has not closed."""
    return sum(map(_open, clients))


def room_for_connections(wanted: int) -> int:
    """Raise this process's limit of open files, which its children inherit, and say how many connections fit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - 1000)


def _quoted(text: bytes) -> str:
    # As a string of Lua, which would make CRLF to LF in its long brackets.
    return '"' + text.decode("ascii").replace('"', '\\"').replace("\r\n", "\\r\\n") + '"'


def _connected(ask: Ask, port: int, timeout: float = 10, source: str = "") -> socket.socket:
    # Nobody vouches for the certificates of the bench.
    client = socket.create_connection(("127.0.0.1", port), timeout, (source, 0) if source else None)
    if ask.scheme == "http":
        return client
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context.wrap_socket(client)


@contextmanager
def _answer(client: socket.socket) -> Iterator[HTTPResponse]:
    # The next answer, with its head read; what breaks off is a failure.
    try:
        with HTTPResponse(client) as response:
            response.begin()
            yield response
    except HTTPException as error:
        raise Failed(f"an answer broke off: {error!r}") from error


def _download(ask: Ask, port: int, until: float) -> list[int]:
    # The sizes of the answers that one connection has had.
    sizes: list[int] = []
    buffer = bytearray(ROOM)
    spelled = request(ask, port)
    with _connected(ask, port) as client:
        while not sizes or time.monotonic() < until:
            client.sendall(spelled)
            with _answer(client) as response:
                received = sum(iter(lambda: response.readinto(buffer), 0))
            if (response.status, received) != (200, ask.size):
                raise Failed(f"a download was answered with {response.status} and {received} of {ask.size} bytes")
            sizes.append(received)
    return sizes


def _rest(ask: Ask, port: int, source: str) -> socket.socket:
    client = _connected(ask, port, source=source)
    client.sendall(request(ask, port))
    with _answer(client) as response:
        content = response.read()
    if not ask.met(response.status, content):
        raise Failed(f"a connection that was to rest was answered with {response.status}")
    client.setblocking(False)
    return client


def _open(client: socket.socket) -> bool:
    try:
        return bool(client.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False
