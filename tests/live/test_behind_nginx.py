"""A real proxy in front: what it says of its client is believed, what others say is not, and bodies come through."""

import hashlib
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from curl import digest, fetch, fetch_all
from nginx import Nginx
from running import PATIENCE, Running, ask
from websockets import Origin
from websockets.sync.client import connect

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

PROJECT = Path(__file__).parents[2]
LARGE = random.Random(7239).randbytes(3 << 20)
SPOOFED = ("--header", "X-Forwarded-For: 10.9.9.9", "--header", "Forwarded: for=10.9.9.9;proto=ftp;host=evil")

APP = """
import hashlib, json, random

LARGE = random.Random(7239).randbytes(3 << 20)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    digest, more = hashlib.sha256(), True
    while more:
        event = await receive()
        digest.update(event.get("body", b""))
        more = event.get("more_body", False)
    told = {name: scope[name] for name in ("client", "server", "scheme")}
    told["fields"] = {name.decode(): value.decode() for name, value in scope["headers"]}
    told["digest"] = digest.hexdigest()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/large":
        for at in range(0, len(LARGE), 100_000):
            await send({"type": "http.response.body", "body": LARGE[at : at + 100_000], "more_body": True})
        await send({"type": "http.response.body"})
    else:
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})
"""

HTTP = """
upstream pellucid {{ server {upstream}; keepalive 4; }}
server {{
    listen 127.0.0.1:PORT;
    location / {{
        proxy_pass http://pellucid;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        {fields}
    }}
}}
"""
X_FORWARDED = """
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto https;
proxy_set_header X-Request-ID $request_id;
"""
FORWARDED = 'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=https;host=example.com";'
STREAM = """
upstream pellucid {{ server {upstream}; }}
server {{ listen 127.0.0.1:PORT; proxy_pass pellucid; proxy_protocol on; }}
"""


class Pair:
    """Pellucid, and nginx in front of it."""

    def __init__(self, server: Running, nginx: Nginx) -> None:
        self.server = server
        self.nginx = nginx

    def told(self, *options: str) -> dict[str, Any]:
        """What the app was told of a request."""
        answer = fetch(self.nginx.url + "/", *options)
        assert answer.status == 200, answer.body
        told: dict[str, Any] = json.loads(answer.body)
        return told

    def finish(self) -> list[dict[str, Any]]:
        """The access log, after the end of both."""
        assert self.nginx.errors == ""
        self.nginx.process.terminate()
        self.nginx.process.wait(PATIENCE)
        status, log, errors = self.server.end()
        assert (status, errors) == (0, "")
        return [json.loads(line) for line in log.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "told.py").write_text(APP)
    return tmp_path


def serving_told(folder: Path, *options: str) -> Running:
    arguments = ("told:app", "--app-dir", str(folder), "--bind", "127.0.0.1:0", "--bind", f"unix:{folder}/socket")
    return Running("serve", *arguments, "--access-log", "json", "--log-level", "warning", *options)


def paired(folder: Path, http: str, *options: str) -> Iterator[Pair]:
    with serving_told(folder, "--trusted-proxies", "unix", *options) as server:
        upstream = HTTP.format(upstream=f"unix:{folder}/socket", fields=http)
        with Nginx(folder, http=upstream) as nginx:
            yield Pair(server, nginx)


@pytest.fixture
def pair(folder: Path) -> Iterator[Pair]:
    yield from paired(folder, X_FORWARDED)


def test_the_client_is_the_one_that_the_proxy_saw(pair: Pair) -> None:
    for options in ((), SPOOFED):
        told = pair.told(*options)
        assert (told["client"], told["scheme"]) == (["127.0.0.1", 0], "https")
        assert told["fields"]["x-forwarded-for"] == "127.0.0.1"
        assert "forwarded" not in told["fields"]
    log = pair.finish()
    assert [(line["client"], line["status"]) for line in log] == [("127.0.0.1", 200)] * 2
    assert len({line["request_id"] for line in log}) == 2
    assert all(len(line["request_id"]) == 32 for line in log)  # nginx's own


def test_to_whoever_comes_past_the_proxy_nothing_is_believed(pair: Pair) -> None:
    answer = fetch(f"http://127.0.0.1:{pair.server.port}/", *SPOOFED, "--header", "X-Request-ID: mine")
    told = json.loads(answer.body)
    assert (told["client"][0], told["scheme"]) == ("127.0.0.1", "http")
    assert not {"forwarded", "x-forwarded-for"} & set(told["fields"])
    (line,) = pair.finish()
    assert line["request_id"] != "mine"


def test_bodies_come_through_both_ways_over_few_connections(pair: Pair, folder: Path) -> None:
    (folder / "upload").write_bytes(LARGE)
    upload = ("--data-binary", f"@{folder}/upload", "--header", "Expect:")
    url = pair.nginx.url
    answers = fetch_all(
        (f"{url}/large",),
        (f"{url}/", *upload),
        (f"{url}/", *upload, "--header", "Transfer-Encoding: chunked"),
        (f"{url}/large", "--head"),
        (f"{url}/large",),
    )
    assert [answer.status for answer in answers] == [200] * 5
    assert digest(answers[0].body) == digest(answers[4].body) == digest(LARGE)
    for answer in answers[1:3]:
        assert json.loads(answer.body)["digest"] == hashlib.sha256(LARGE).hexdigest()
    assert len(pair.finish()) == 5


def test_forwarded_is_believed_where_it_was_chosen(folder: Path) -> None:
    for pair in paired(folder, FORWARDED, "--forwarded", "forwarded"):
        told = pair.told("--header", "X-Forwarded-For: 10.9.9.9", "--header", "Forwarded: for=10.9.9.9")
        assert (told["client"], told["scheme"]) == (["127.0.0.1", 0], "https")
        assert told["fields"]["host"] == "example.com"
        assert "x-forwarded-for" not in told["fields"]
        answer = fetch(pair.nginx.url + "/", "--header", 'Forwarded: for="_a')  # it would swallow what nginx adds
        assert answer.status == 400
        pair.finish()


def test_the_manuals_own_configuration_carries_what_is_to_be_there_at_once(tmp_path: Path) -> None:
    configuration = next(
        text for text in (PROJECT / "MANUAL.md").read_text().split("```text\n") if "$http_host" in text
    )
    http = configuration.partition("```")[0].replace("listen 80", "listen 127.0.0.1:PORT")
    http = http.replace("/run/site.sock", f"{tmp_path}/socket")
    address = f"unix:{tmp_path}/socket"
    arguments = ("chat:app", "--app-dir", str(PROJECT / "examples" / "chat"), "--trusted-proxies", "unix")
    with (
        Running("serve", *arguments, "--bind", "127.0.0.1:0", "--bind", address) as server,
        Nginx(tmp_path, http=http) as nginx,
        connect(f"ws://127.0.0.1:{nginx.port}/socket", origin=Origin(nginx.url), proxy=None) as client,
        socket.create_connection(("127.0.0.1", nginx.port), PATIENCE) as listener,
    ):
        listener.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        lines = listener.makefile("rb")
        while lines.readline() != b"\r\n":
            pass
        client.send(json.dumps({"name": "Ada", "text": "at once", "mark": "1"}))
        said = json.loads(client.recv(PATIENCE))
        assert said["text"] == "at once"
        data = next(line for line in lines if line.startswith(b"data: "))
        assert json.loads(data.removeprefix(b"data: ")) == said
        assert server.end()[0] == 0
        assert nginx.errors == ""


def test_a_balancer_tells_its_client_by_the_proxy_protocol(folder: Path) -> None:
    with serving_told(folder, "--trusted-proxies", "unix", "--proxy-protocol") as server:
        stream = STREAM.format(upstream=f"unix:{folder}/socket")
        with Nginx(folder, stream=stream) as nginx:
            pair = Pair(server, nginx)
            told = pair.told(*SPOOFED)
            host, port = told["client"]
            assert host == "127.0.0.1"
            assert port > 0
            assert told["server"] == ["127.0.0.1", nginx.port]
            assert "x-forwarded-for" not in told["fields"]
            answers = fetch_all((f"{nginx.url}/large",), (f"{nginx.url}/large",))
            assert [digest(answer.body) for answer in answers] == [digest(LARGE)] * 2
            # Nobody else may: a client that comes by itself has its own address, or a 400.
            assert b"HTTP/1.1 200 " in server.get()
            assert fetch(f"http://127.0.0.1:{server.port}/", "--haproxy-protocol").status == 400
            assert [line["client"] for line in pair.finish()] == ["127.0.0.1"] * 5


def test_a_client_that_speaks_the_proxy_protocol_itself_is_believed_if_it_is_trusted(folder: Path) -> None:
    with serving_told(folder, "--trusted-proxies", "loopback", "--proxy-protocol", "--log-level", "info") as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert json.loads(fetch(url, "--haproxy-protocol").body)["client"][0] == "127.0.0.1"
        with server.connect() as client:
            signature = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"
            client.sendall(signature + bytes([198, 51, 100, 1, 203, 0, 113, 80, 0x12, 0x67, 0x01, 0xBB]))
            told = json.loads(ask(client).partition(b"\r\n\r\n")[2])
            assert (told["client"], told["server"]) == (["198.51.100.1", 4711], ["203.0.113.80", 443])
        with server.connect() as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(100)
        status, _, errors = server.end()
        assert status == 0
        assert "closed: no preamble of the PROXY protocol" in errors
