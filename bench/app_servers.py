"""The servers that run an application, and how each is told to run it well; what is then asked is not known here.

Each has one worker and its own fastest parts, as its documentation names them, and is otherwise left as it comes:

- granian: `--loop uvloop`, the one version of HTTP that is asked for, WebSockets only where they are; one runtime
  thread, as by default.
- uvicorn: httptools and uvloop, which is what `uvicorn[standard]` brings, and websockets with them.
- gunicorn: the asgi worker with uvloop and the fast parser (`gunicorn[fast]`), or the gthread worker; its heartbeat
  file in memory, no control socket.
- hypercorn: the uvloop worker; over HTTP/2 as many requests on a connection as its client likes.
- waitress; and bjoern and FastPySGI, which are written in C, have no threads, and need nothing said.
- Threads, for all that have them: four, which is the default of waitress and what gunicorn's manual advises at least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from peers import Peer, Place, asked, over_tls, packaged
from table import LIBRARY

Command = Callable[[Place, int], list[str]]

THREADS = ("--threads", "4")


def asgi(app: str) -> tuple[Peer, ...]:
    """The servers for an ASGI application (written module:name), on uvloop where they have no loop of their own."""
    return (
        pellucid(app, "--loop", "uvloop"),
        _granian_asgi(app, "1"),
        _uvicorn_asgi(app),
        Peer("gunicorn", packaged("gunicorn", "gunicorn_h1c", "uvloop"), _gunicorn(app, *GUNICORN_ASGI)),
        Peer("hypercorn", packaged("hypercorn", "uvloop"), _hypercorn(app)),
        Peer("fastpysgi", packaged("fastpysgi"), _fastpysgi(app)),
    )


def asgi_http2(app: str) -> tuple[Peer, ...]:
    """The servers that give an ASGI application HTTP/2, in the clear as well, to clients that know it beforehand."""
    return (
        pellucid(app, "--loop", "uvloop"),
        _granian_asgi(app, "2"),
        Peer("hypercorn", packaged("hypercorn", "h2", "uvloop"), _hypercorn_lasting(app)),
    )


def asgi_tls(app: str) -> tuple[Peer, ...]:
    """The servers for an ASGI application over TLS; without ALPN, as wrk comes, all speak HTTP/1.1."""
    pair = ("{file}", "--ssl-keyfile", "{key}")
    hypercorn = Peer("hypercorn", packaged("hypercorn", "uvloop"), _hypercorn(app))
    return (
        over_tls(pellucid(app, "--loop", "uvloop"), *PELLUCID_TLS),
        over_tls(_granian_asgi(app, "1"), "--ssl-certificate", *pair),
        over_tls(_uvicorn_asgi(app), "--ssl-certfile", *pair),
        over_tls(hypercorn, "--certfile", "{file}", "--keyfile", "{key}"),
    )


def asgi_sockets(app: str) -> tuple[Peer, ...]:
    """The servers for an ASGI application that talks by WebSocket; uvicorn does it by the package websockets, and
    Pellucid takes off masks by it, or does without.
    """
    uvicorn = Peer("uvicorn", packaged("uvicorn", "websockets", "uvloop"), _uvicorn(app))
    hypercorn = Peer("hypercorn", packaged("hypercorn", "wsproto", "uvloop"), _hypercorn(app))
    command = _granian(app, "asgi", "1", "--loop", "uvloop")

    def with_sockets(place: Place, port: int) -> list[str]:
        return [word for word in command(place, port) if word != "--no-ws"]

    granian = Peer("granian", packaged("granian", "uvloop"), with_sockets)
    ours = pellucid(app, "--loop", "uvloop")
    return (replace(ours, version=asked(WITH_WEBSOCKETS)), _without_websockets(ours), uvicorn, hypercorn, granian)


def wsgi(app: str) -> tuple[Peer, ...]:
    """The servers for a WSGI application, each with four threads."""
    return (
        pellucid(app, "--interface", "wsgi", *THREADS),
        Peer("granian", packaged("granian"), _granian(app, "wsgi", "1", "--blocking-threads", THREADS[1])),
        Peer("gunicorn", packaged("gunicorn", "gunicorn_h1c"), _gunicorn(app, "-k", "gthread", *THREADS)),
        Peer("waitress", packaged("waitress"), _waitress(app)),
    )


def wsgi_inline(app: str) -> tuple[Peer, ...]:
    """The servers that call a WSGI application on their loop, without any thread."""
    return (
        pellucid(app, "--interface", "wsgi", "--threads", "0"),
        Peer("bjoern", packaged("bjoern"), _bjoern(app)),
        Peer("fastpysgi", packaged("fastpysgi"), _fastpysgi(app)),
    )


def pellucid(app: str, *options: str, name: str = "pellucid", cores: int = 1) -> Peer:
    """Pellucid for an application, with options of its command line."""
    code = WITH_UVLOOP if "uvloop" in options else "import pellucid.cli.command as c; print(c.__version__)"

    def command(place: Place, port: int) -> list[str]:
        listen = ["--bind", f"127.0.0.1:{port}", "--access-log", "off"]
        return [place.python, "-m", "pellucid", "serve", app, *listen, *options]

    return Peer(name, asked(code), command, cores)


def sessions(app: str) -> tuple[Peer, ...]:
    """Pellucid with a session in SQLite around an application, in the cookie, and with none."""
    ours = pellucid(app, "--loop", "uvloop")
    in_file = pellucid(app, "--loop", "uvloop", "--session", "sqlite:sessions.db")
    in_cookie = pellucid(app, "--loop", "uvloop", "--session", "cookie", "--session-key", "k" * 32)
    return (
        replace(in_file, version=asked(WITH_SESSIONS)),
        replace(in_cookie, name="pellucid, all in the cookie", version=asked(WITH_SESSIONS)),
        replace(ours, name="pellucid without sessions"),
    )


def compressing(app: str, by_itself: str) -> tuple[Peer, ...]:
    """Pellucid compressing what an application answers, and for one that does it by itself."""
    return (
        replace(pellucid(app, "--loop", "uvloop", "--compress", "zstd"), version=asked(WITH_ZSTD)),
        replace(pellucid(by_itself, "--loop", "uvloop"), name=LIBRARY),
    )


WITH_ZSTD = (
    "import pellucid.cli.command as c; from importlib.metadata import version as v; "
    "print(f'{c.__version__}, backports.zstd {v(\"backports.zstd\")}', end='')"
)
WITH_SESSIONS = (
    "import pellucid.cli.command as c, sqlite3 as s; from importlib.metadata import version as v; "
    "print(f'{c.__version__}, itsdangerous {v(\"itsdangerous\")}, SQLite {s.sqlite_version}', end='')"
)
WITH_UVLOOP = "import pellucid.cli.command as c, uvloop as u; print(f'{c.__version__}, uvloop {u.__version__}', end='')"
WITH_WEBSOCKETS = (
    f"{WITH_UVLOOP}; import websockets.speedups, websockets.version as w; print(f', websockets {{w.version}}')"
)
PELLUCID_TLS = ("--tls", "{file},{key}")
GUNICORN_ASGI = ("-k", "asgi", "--asgi-loop", "uvloop", "--http-parser", "fast")


def _without_websockets(ours: Peer) -> Peer:
    program = "import sys; sys.modules['websockets.speedups'] = None; from pellucid.cli import main; main()"

    def command(place: Place, port: int) -> list[str]:
        python, _, _, *words = ours.command(place, port)
        return [python, "-c", program, *words]

    return replace(ours, name="pellucid without websockets", command=command)


def _granian_asgi(app: str, http: str) -> Peer:
    return Peer("granian", packaged("granian", "uvloop"), _granian(app, "asgi", http, "--loop", "uvloop"))


def _uvicorn_asgi(app: str) -> Peer:
    return Peer("uvicorn", packaged("uvicorn", "httptools", "uvloop"), _uvicorn(app))


def _granian(app: str, interface: str, http: str, *options: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        listen = ["--host", "127.0.0.1", "--port", f"{port}", "--workers", "1", "--http", http, "--no-ws"]
        quiet = ["--no-access-log", "--log-level", "warning"]
        return [place.python, "-m", "granian", "--interface", interface, *listen, *quiet, *options, app]

    return command


def _uvicorn(app: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        parts = ["--loop", "uvloop", "--http", "httptools", "--host", "127.0.0.1", "--port", f"{port}"]
        return [place.python, "-m", "uvicorn", *parts, "--no-access-log", "--log-level", "warning", app]

    return command


def _gunicorn(app: str, *options: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        listen = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-tmp-dir", "/dev/shm"]
        quiet = ["--no-control-socket", "--log-level", "warning"]
        return [place.python, "-m", "gunicorn", *listen, *quiet, *options, app]

    return command


def _hypercorn(app: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        listen = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "uvloop"]
        return [place.python, "-m", "hypercorn", *listen, "--log-level", "warning", app]

    return command


def _hypercorn_lasting(app: str) -> Command:
    # It ends a connection after 1,000 requests, and h2load does not come again.
    def command(place: Place, port: int) -> list[str]:
        settings = place.scratch / "hypercorn.toml"
        settings.write_text("keep_alive_max_requests = 1000000000\n", "utf-8")
        return [*_hypercorn(app)(place, port), "--config", f"{settings}"]

    return command


def _waitress(app: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        return [place.python, "-m", "waitress", "--listen", f"127.0.0.1:{port}", *THREADS, app]

    return command


# It is a library without a command of its own.
BJOERN_PROGRAM = """\
import bjoern, importlib, sys

module, _, name = sys.argv[2].partition(":")
bjoern.run(getattr(importlib.import_module(module), name), "127.0.0.1", int(sys.argv[1]))
"""


def _bjoern(app: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        return [place.python, "-c", BJOERN_PROGRAM, f"{port}", app]

    return command


def _fastpysgi(app: str) -> Command:
    def command(place: Place, port: int) -> list[str]:
        program = "import fastpysgi; fastpysgi.run_from_cli()"
        return [place.python, "-c", program, "--host", "127.0.0.1", "--port", f"{port}", app]

    return command
