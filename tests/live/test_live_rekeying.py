"""Keys that are changed amid a connection, at the wish of OpenSSL's own client: the package ssl has no word for it."""

import os
import subprocess
from pathlib import Path
from typing import IO

import pytest
from certifying import make_pair
from programs import program
from serving import serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("command", [b"K\n", b"k\n"], ids=["of both", "of one"])
def test_keys_may_change_before_a_request(tmp_path: Path, command: bytes) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("the page")
    with serving(site, "--tls", make_pair(tmp_path).option) as server:
        client = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3"]
        with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            assert run.stdin is not None
            assert run.stdout is not None
            for _ in range(3):
                send(run.stdin, command)
                wait_for(run.stdout, b"KEYUPDATE")
            send(run.stdin, REQUEST)
            wait_for(run.stdout, b"the page")


def send(stream: IO[bytes], words: bytes) -> None:
    stream.write(words)
    stream.flush()


def wait_for(stream: IO[bytes], words: bytes) -> None:
    told = b""
    while words not in told:
        data = os.read(stream.fileno(), 65536)
        assert data, told
        told += data
