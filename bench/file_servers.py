"""The servers that serve a folder, and how each is told to; what is then asked of them is not known here."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial

from certificates import certificate
from peers import PROJECT, Peer, Place, asked, over_tls, packaged


def _pellucid(place: Place, port: int) -> list[str]:
    held = ["--connections", f"{place.connections}", "--connections-per-address", f"{place.connections}"]
    bind = ["--bind", f"127.0.0.1:{port}"]
    return [place.python, "-m", "pellucid", "serve", f"{place.folder}", *bind, "--access-log", "off", *held]


def _hello(place: Place, port: int) -> list[str]:
    return [place.python, f"{PROJECT / 'bench' / 'hello.py'}", f"{port}"]


# All that nginx writes goes to the scratch folder; the worker runs as whoever runs the bench.
NGINX_CONFIGURATION = """\
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
        listen 127.0.0.1:{port} backlog=4096{words};
        root {folder};
        location = /hello {{ default_type text/plain; return 200 "hello"; }}
    }}
}}
"""


TLS_WORDS = """\
 ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {made.file};
        ssl_certificate_key {made.key}"""


def _nginx(place: Place, port: int) -> list[str]:
    return _nginx_with("", place, port)


def _nginx_http2(place: Place, port: int) -> list[str]:
    return _nginx_with(" http2", place, port)


def _nginx_tls(kind: str, place: Place, port: int) -> list[str]:
    return _nginx_with(TLS_WORDS.format(made=certificate(place.scratch, kind)), place, port)


def _nginx_with(words: str, place: Place, port: int) -> list[str]:
    text = NGINX_CONFIGURATION.format(
        words=words,
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


STARLETTE_APP = """\
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

app = Starlette(routes=[Mount("/", StaticFiles(directory={folder!r}))])
"""


def _starlette(place: Place, port: int) -> list[str]:
    app = place.scratch / "starlette_app.py"
    app.write_text(STARLETTE_APP.format(folder=f"{place.folder}"), "utf-8")
    quiet = ["--no-access-log", "--log-level", "warning"]
    listen = ["--host", "127.0.0.1", "--port", f"{port}"]
    return [place.python, "-m", "uvicorn", *listen, *quiet, "starlette_app:app"]


# The module's own command (HTTP/1.0, no keep-alive), without its log, which it cannot be told to leave out.
HTTP_SERVER_PROGRAM = """\
import functools, http.server, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024

Server(("127.0.0.1", int(sys.argv[1])), functools.partial(Handler, directory=sys.argv[2])).serve_forever()
"""


def _http_server(place: Place, port: int) -> list[str]:
    return [place.python, "-c", HTTP_SERVER_PROGRAM, f"{port}", f"{place.folder}"]


def _nginx_version(_: str) -> str | None:
    if not shutil.which("nginx"):
        return None
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    return said.partition("/")[2].split()[0]


PELLUCID = Peer("pellucid", asked("import pellucid.cli.command as c; print(c.__version__)"), _pellucid)
PELLUCID_TLS = over_tls(PELLUCID, "--tls", "{file},{key}")
HELLO = Peer("pellucid", asked("import pellucid.server.server, pellucid as p; print(p.__version__)"), _hello)
HELLO_TLS = over_tls(HELLO, "{file}", "{key}")
HELLO_RSA = over_tls(HELLO, "{file}", "{key}", kind="rsa")
NGINX = Peer("nginx", _nginx_version, _nginx)
NGINX_HTTP2 = Peer("nginx", _nginx_version, _nginx_http2)
NGINX_TLS = Peer("nginx", _nginx_version, partial(_nginx_tls, "ecdsa"))
NGINX_RSA = Peer("nginx", _nginx_version, partial(_nginx_tls, "rsa"))
GRANIAN = Peer("granian", packaged("granian"), _granian)
GRANIAN_TLS = over_tls(GRANIAN, "--ssl-certificate", "{file}", "--ssl-keyfile", "{key}")
HTTP_SERVER = Peer("http.server", asked("import platform; print(platform.python_version())"), _http_server)
STARLETTE = Peer("starlette", packaged("starlette", "uvicorn"), _starlette)
