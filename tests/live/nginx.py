"""nginx as people run it, in front of a server: with a configuration of the test, and nothing outside its folder."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest
from programs import program
from running import PATIENCE

MODULES = Path("/usr/lib/nginx/modules")

CONFIGURATION = """
{modules}
worker_processes 1;
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
{rest}
"""


class Nginx:
    """`with Nginx(folder, http="…") as nginx`: it listens on `nginx.port`, which stands for PORT in what it is told."""

    def __init__(self, folder: Path, http: str = "", stream: str = "") -> None:
        command = program("nginx")
        self.port = _free_port()
        modules = f"load_module {_stream_module()};" if stream else ""
        rest = f"stream {{ {stream} }}" if stream else ""
        text = CONFIGURATION.format(folder=folder, modules=modules, http=http, rest=rest)
        configuration = folder / "nginx.conf"
        configuration.write_text(text.replace("PORT", str(self.port)))
        self._log = (folder / "errors").open("w+")
        self.process = subprocess.Popen([command, "-p", folder, "-c", configuration], stderr=self._log)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.02)
        errors = self.errors
        self.__exit__()
        raise AssertionError(f"nginx does not listen: {errors}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        self._log.close()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self) -> str:
        """What it has complained about."""
        self._log.seek(0)
        return self._log.read()


def _stream_module() -> Path:
    path = MODULES / "ngx_stream_module.so"
    if not path.exists():
        reason = "nginx's stream module is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
