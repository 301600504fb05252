"""How each server is started, pinned to its core and ended again; what is then asked of it is not known here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import measure

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is to run: the interpreter, the folder that it serves, a folder for its own files, its core.

    `connections` is the number that it must be able to hold; `core` is None where there is only one.
    """

    python: str
    folder: Path
    scratch: Path
    connections: int
    core: int | None


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: what it is called, its version under an interpreter (None if it is not there), and its command."""

    name: str
    version: Callable[[str], str | None]
    command: Callable[[Place, int], list[str]]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, with all that it has started."""
        return measure.cpu_seconds(measure.family(self.pid))

    def memory_bytes(self) -> int:
        """The memory that it holds now, with all that it has started."""
        return measure.memory_bytes(measure.family(self.pid))


class Unready(Exception):
    """A server did not come up; the text ends with what it said itself."""


@contextmanager
def running(peer: Peer, place: Place) -> Iterator[Server]:
    """The server while it runs, ready to answer. It and all its children are ended by their ids at the end."""
    port = _free_port()
    log = place.scratch / f"{peer.name}.log"
    with log.open("wb") as output, _pinned(place.core):
        process = subprocess.Popen(
            peer.command(place, port),
            cwd=place.scratch,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl+C is for the bench, which then ends its servers in order
        )
    try:
        _await(process, port, log)
        yield Server(process.pid, port)
    finally:
        _end(process)


def _pellucid(place: Place, port: int) -> list[str]:
    held = ["--connections", f"{place.connections}", "--connections-per-address", f"{place.connections}"]
    bind = ["--bind", f"127.0.0.1:{port}"]
    return [place.python, "-m", "pellucid", "serve", f"{place.folder}", *bind, "--access-log", "off", *held]


def _hello(place: Place, port: int) -> list[str]:
    return [place.python, f"{PROJECT / 'bench' / 'hello.py'}", f"{port}"]


# All that nginx writes goes to the scratch folder; the worker runs as whoever runs the bench.
NGINX = """\
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {files};
error_log stderr error;
pid {scratch}/nginx.pid;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder};
        location = /hello {{ default_type text/plain; return 200 "hello"; }}
    }}
}}
"""


def _nginx(place: Place, port: int) -> list[str]:
    text = NGINX.format(
        user="user root;" if os.geteuid() == 0 else "",
        files=place.connections + 500,
        scratch=place.scratch,
        folder=place.folder,
        port=port,
    )
    path = place.scratch / "nginx.conf"
    path.write_text(text, "utf-8")
    return ["nginx", "-e", "stderr", "-p", f"{place.scratch}", "-c", f"{path}"]


def _granian(place: Place, port: int) -> list[str]:
    app = place.scratch / "granian_app.py"
    app.write_text("async def app(scope, receive, send):\n    raise LookupError(scope)\n", "utf-8")
    listen = ["--host", "127.0.0.1", "--port", f"{port}", "--workers", "1"]
    listen += ["--backlog", f"{place.connections}"]  # it holds no more connections than fit in here
    static = ["--static-path-route", "/static", "--static-path-mount", f"{place.folder / 'static'}"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return [place.python, "-m", "granian", "--interface", "asgi", *listen, *static, *quiet, "granian_app:app"]


STARLETTE = """\
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

app = Starlette(routes=[Mount("/", StaticFiles(directory={folder!r}))])
"""


def _starlette(place: Place, port: int) -> list[str]:
    app = place.scratch / "starlette_app.py"
    app.write_text(STARLETTE.format(folder=f"{place.folder}"), "utf-8")
    quiet = ["--no-access-log", "--log-level", "warning"]
    listen = ["--host", "127.0.0.1", "--port", f"{port}"]
    return [place.python, "-m", "uvicorn", *listen, *quiet, "starlette_app:app"]


# The module's own command (HTTP/1.0, no keep-alive), without its log, which it cannot be told to leave out.
HTTP_SERVER = """\
import functools, http.server, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024

Server(("127.0.0.1", int(sys.argv[1])), functools.partial(Handler, directory=sys.argv[2])).serve_forever()
"""


def _http_server(place: Place, port: int) -> list[str]:
    return [place.python, "-c", HTTP_SERVER, f"{port}", f"{place.folder}"]


def _nginx_version(_: str) -> str | None:
    if not shutil.which("nginx"):
        return None
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    return said.partition("/")[2].split()[0]


def _asked(code: str) -> Callable[[str], str | None]:
    # A version, as the interpreter itself tells it: what it cannot import is not there.
    def version(python: str) -> str | None:
        done = subprocess.run([python, "-c", code], env=_environment(), capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    return version


PELLUCID = Peer("pellucid", _asked("import pellucid.cli.command as c; print(c.__version__)"), _pellucid)
HELLO = Peer("pellucid", _asked("import pellucid.server.server, pellucid as p; print(p.__version__)"), _hello)
PEERS_BY_NAME = {
    peer.name: peer
    for peer in (
        PELLUCID,
        Peer("nginx", _nginx_version, _nginx),
        Peer("granian", _asked("from importlib.metadata import version; print(version('granian'))"), _granian),
        Peer("http.server", _asked("import platform; print(platform.python_version())"), _http_server),
        Peer(
            "starlette",
            _asked("from importlib.metadata import version as v; print(v('starlette') + ', uvicorn', v('uvicorn'))"),
            _starlette,
        ),
    )
}


def _environment() -> dict[str, str]:
    # Nothing that a person has set for one of the servers may reach it; all see Pellucid's source, one imports it.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": f"{PROJECT / 'src'}"}


@contextmanager
def _pinned(core: int | None) -> Iterator[None]:
    # A child begins where its parent runs, so the parent steps over for a moment: no thread escapes that way.
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if core is None else {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path, patience: float = 15) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Unready(f"did not start: {log.read_text('utf-8', 'replace').strip()[-300:] or 'it said nothing'}")


def _end(process: subprocess.Popen[bytes], patience: float = 5) -> None:
    pids = measure.family(process.pid)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for pid in pids if process.poll() is None else pids[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(patience)
