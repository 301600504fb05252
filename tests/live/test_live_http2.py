"""HTTP/2 as people meet it: curl, nghttp, h2load, httpx, frameworks and a browser, in the clear and over TLS."""

import asyncio
import hashlib
import json
import random
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from certifying import Authority
from chromium import Chromium
from curl import Answer, digest, downloading, fetch, fetch_all
from launching import hosted
from programs import program
from running import PATIENCE, Running
from serving import serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

FRAMEWORKS = Path(__file__).parent / "frameworks"

# The smallest picture that decodes: one pixel, as a GIF.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

TEXT = "".join(f"line {number:04}\n" for number in range(500)).encode()
UPLOAD = random.Random(9113).randbytes(20 << 20)

APP = """
import asyncio, hashlib, json

async def app(scope, receive, send):
    assert scope["type"] == "http"
    interim, trailers, body = [], False, b""
    if scope["path"] == "/digest":
        digest, more = hashlib.sha256(), True
        while more:
            message = await receive()
            digest.update(message["body"])
            more = message["more_body"]
        body = digest.hexdigest().encode()
    elif scope["path"] == "/told":
        told = {name: scope[name] for name in ("http_version", "scheme", "method")}
        told["headers"] = [[name.decode(), value.decode()] for name, value in scope["headers"]]
        body = json.dumps(told).encode()
    elif scope["path"] == "/hinted":
        await send({"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload; as=style"]})
        body = b"hinted"
    trailers = scope["path"] == "/trailed"
    kind = b"text/event-stream" if scope["path"] == "/events" else b"text/plain"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)],
                "trailers": trailers})
    if scope["path"] == "/events":
        for number in range(5):
            await send({"type": "http.response.body", "body": b"data: %d\\n\\n" % number, "more_body": True})
            await asyncio.sleep(0.01)
    if scope["path"] == "/cut":
        await send({"type": "http.response.body", "body": b"a part", "more_body": True})
        await asyncio.sleep(0.01)
        raise RuntimeError("the rest is missing")
    await send({"type": "http.response.body", "body": body})
    if trailers:
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"of it")]})
"""


@dataclass(frozen=True)
class Place:
    """Where HTTP/2 is spoken, and how a client is told so. `reused` is whether curl uses its connection again: in the
    clear old ones cannot (7.88 ends in "Error in the HTTP2 framing layer" with any server).
    """

    url: str
    port: int
    authority: Path

    @property
    def secured(self) -> bool:
        return self.url.startswith("https")

    @property
    def reused(self) -> bool:
        return self.secured

    def curl(self, *requests: tuple[str, ...]) -> list[Answer]:
        """What curl gets over HTTP/2, each request a path and its options."""
        if not self.reused:
            return [fetch(self.url + path, "--http2-prior-knowledge", *options) for path, *options in requests]
        known = ("--http2", "--cacert", str(self.authority))
        return fetch_all(*[(self.url + path, *known, *options) for path, *options in requests])

    def httpx(self) -> httpx.AsyncClient:
        """A client that speaks nothing else, which trusts the tests' authority only."""
        context = ssl.create_default_context(cafile=self.authority) if self.secured else False
        return httpx.AsyncClient(
            http1=False, http2=True, base_url=self.url, verify=context, timeout=PATIENCE, trust_env=False
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> str:
    return authority.pair("localhost", "127.0.0.1").option


@pytest.fixture(scope="module", params=["clear", "tls"])
def options(request: pytest.FixtureRequest, pair: str) -> tuple[str, ...]:
    return ("--tls", pair) if request.param == "tls" else ()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "text.txt").write_bytes(TEXT)
    (folder / "empty.txt").write_bytes(b"")
    with open(folder / "large.bin", "wb") as file:
        for place in range(100):
            file.write(random.Random(place).randbytes(1 << 20))
    return folder


@pytest.fixture(scope="module")
def site(folder: Path, options: tuple[str, ...], authority: Authority) -> Iterator[Place]:
    """A folder."""
    with serving(folder, *options) as server:
        yield Place(server.url, server.port, authority.path)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...], authority: Authority) -> Iterator[Place]:
    """An ASGI app, which has nothing to complain about."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "told.py").write_text(APP)
    with hosted("told:app", folder, *options) as server:
        yield place_of(server, authority)
        status, _, errors = server.end()
    assert status == 0
    # What it does on purpose.
    assert errors.count(" error: ") == errors.count("RuntimeError: the rest is missing") <= 2, errors


def place_of(server: Running, authority: Authority) -> Place:
    """Where a server is."""
    return Place(f"{server.scheme}://127.0.0.1:{server.port}", server.port, authority.path)


# curl


def test_curl_gets_files_parts_and_errors_over_one_connection(site: Place) -> None:
    answers = site.curl(
        ("/text.txt",),
        ("/text.txt", "--range", "10-19"),
        ("/none",),
        ("/text.txt", "--head"),
        ("/empty.txt",),
        ("/text.txt", "--request", "DELETE"),
        ("/text.txt",),
    )
    assert {answer.version for answer in answers} == {"2"}
    assert [answer.status for answer in answers] == [200, 206, 404, 200, 200, 405, 200]
    assert [answer.connects for answer in answers] == [1, *[0 if site.reused else 1] * 6]
    assert [answer.body for answer in (answers[0], answers[1], answers[4])] == [TEXT, TEXT[10:20], b""]
    assert answers[3]["content-length"] == str(len(TEXT))
    assert not {"connection", "transfer-encoding", "keep-alive"} & {name for each in answers for name in each.fields}


def test_curl_downloads_a_hundred_megabytes(site: Place, folder: Path) -> None:
    got, version = hashlib.sha256(), "--http2" if site.secured else "--http2-prior-knowledge"
    with downloading(f"{site.url}/large.bin", version, "--cacert", str(site.authority)) as download:
        while data := download.take(1 << 20):
            got.update(data)
        assert download.rest() == (0, b"")
    with open(folder / "large.bin", "rb") as file:
        assert got.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize("version", ["2", "1.1"])
def test_curl_uploads_twenty_megabytes(app: Place, tmp_path: Path, version: str) -> None:
    (tmp_path / "upload").write_bytes(UPLOAD)
    upload = ("/digest", "--data-binary", f"@{tmp_path / 'upload'}", *(("--http1.1",) if version == "1.1" else ()))
    first, second = app.curl(upload, upload)
    assert (first.version, first.status, first.body.decode()) == (version, 200, digest(UPLOAD))
    assert (second.version, second.status, second.body.decode()) == (version, 200, digest(UPLOAD))
    assert (first.connects, second.connects) == (1, 0 if app.reused else 1)


def test_an_app_sees_a_request_of_http_2(app: Place) -> None:
    (answer,) = app.curl(("/told", "--header", "Cookie: a=1", "--header", "X-One: 1", "--header", "X-One: 2"))
    told = json.loads(answer.body)
    fields = told.pop("headers")
    assert told == {"http_version": "2", "scheme": "https" if app.secured else "http", "method": "GET"}
    assert fields[0] == ["host", app.url.partition("//")[2]]
    assert [value for name, value in fields if name == "x-one"] == ["1", "2"]
    assert [value for name, value in fields if name == "cookie"] == ["a=1"]
    assert not [name for name, _ in fields if name.startswith(":")]


def test_early_hints_come_before_the_answer(app: Place) -> None:
    (answer,) = app.curl(("/hinted",))
    assert (answer.interim, answer.status, answer.body) == ((103,), 200, b"hinted")


def test_who_asks_for_http_1_gets_it_on_the_same_port(site: Place) -> None:
    upgrade = ("--http1.1",) if site.secured else ("--http2",)  # RFC 9113 3.1: h2c by Upgrade is no more
    known = ("--cacert", str(site.authority))
    (answer,) = fetch_all((f"{site.url}/text.txt", *upgrade, *known))
    assert (answer.version, answer.status, answer.body) == ("1.1", 200, TEXT)


def test_an_answer_that_breaks_off_ends_its_stream_and_no_other(app: Place) -> None:
    async def ask() -> list[object]:
        async with app.httpx() as client:
            await client.get("/")
            paths = ["/told", "/cut", "/events", "/cut", "/told"]
            return await asyncio.gather(*[client.get(path) for path in paths], return_exceptions=True)

    first, cut, events, again, last = asyncio.run(ask())
    for broken in (cut, again):
        assert isinstance(broken, httpx.RemoteProtocolError)
        assert "error_code:2," in str(broken)  # INTERNAL_ERROR
    assert [isinstance(each, httpx.Response) and each.status_code for each in (first, events, last)] == [200] * 3


# nghttp2


def nghttp(*arguments: str) -> str:
    """What nghttp prints."""
    command = [program("nghttp"), "--no-verify-peer", f"--timeout={PATIENCE:.0f}", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    return done.stdout.decode("latin-1")


def test_nghttp_gets_many_at_once_through_small_windows_and_tables(site: Place) -> None:
    few = ("--window-bits=10", "--connection-window-bits=16", "--header-table-size=0", "--header-table-size=4096")
    told = nghttp("--null-out", "--stat", "--multiply=50", *few, f"{site.url}/text.txt")
    lines = [line.split() for line in told.splitlines() if line.endswith("/text.txt")]
    assert [line[4] for line in lines] == ["200"] * 50


def test_nghttp_sends_a_body_with_padding_and_trailers(app: Place, tmp_path: Path) -> None:
    body = UPLOAD[: 1 << 20]
    (tmp_path / "body").write_bytes(body)
    more = ("--padding=200", "--trailer=x-sum: of it", f"--data={tmp_path / 'body'}")
    assert nghttp(*more, f"{app.url}/digest").strip() == digest(body)


def test_trailers_come_to_who_wants_them(app: Place) -> None:
    told = nghttp("--verbose", "--header=te: trailers", f"{app.url}/trailed")
    assert re.search(r"recv \(stream_id=\d+\) (\x1b\[[\d;]*m)?x-sum(\x1b\[[\d;]*m)?: of it", told), told


def test_h2load_loses_nothing(app: Place) -> None:
    command = [program("h2load"), "--requests=4000", "--clients=8", "--max-concurrent-streams=32"]
    told = subprocess.run([*command, f"{app.url}/"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored, 0 timeout" in told
    assert re.search(r"Application protocol: h2c?\n", told)


# httpx


def test_httpx_asks_a_hundred_times_at_once_on_one_connection(app: Place) -> None:
    async def ask() -> tuple[set[str], list[str], set[Any]]:
        async with app.httpx() as client:
            await client.get("/")
            bodies = [UPLOAD[number : number * 1000] for number in range(100)]
            answers = await asyncio.gather(*[client.post("/digest", content=body) for body in bodies])
            ports = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}
            assert [answer.text for answer in answers] == [digest(body) for body in bodies]
            return {answer.http_version for answer in answers}, [answer.text for answer in answers], ports

    versions, _, ports = asyncio.run(ask())
    assert versions == {"HTTP/2"}
    assert len(ports) == 1


def test_httpx_reads_a_stream_while_it_comes(app: Place) -> None:
    async def read() -> list[str]:
        async with app.httpx() as client, client.stream("GET", "/events") as answer:
            return [line async for line in answer.aiter_lines() if line]

    assert asyncio.run(read()) == [f"data: {number}" for number in range(5)]


# Frameworks

SERVED = [
    ("starlette_notes:app", ()),
    ("django_notes:wsgi", ("--threads", "4")),
    ("django_notes:wsgi", ("--threads", "0")),
    ("django_notes:asgi", ()),
]


@pytest.mark.parametrize(("target", "more"), SERVED, ids=[" ".join([target, *more]) for target, more in SERVED])
def test_a_framework_notices_nothing(
    target: str, more: tuple[str, ...], options: tuple[str, ...], authority: Authority, tmp_path: Path
) -> None:
    large = UPLOAD[: 3 << 20]

    async def talk(client: httpx.AsyncClient) -> None:
        posted = await client.post("/notes", data={"text": "over two"})
        assert (posted.status_code, posted.headers["location"]) == (303, "/notes/1")
        assert (await client.get("/notes/1")).json() == {"id": 1, "text": "over two"}
        kind = {"content-type": "application/octet-stream"}
        echoes = await asyncio.gather(*[client.post("/echo", content=large, headers=kind) for _ in range(4)])
        assert [digest(echo.content) for echo in echoes] == [digest(large)] * 4
        streams = await asyncio.gather(*[client.get("/count/3000") for _ in range(8)])
        assert {stream.text for stream in streams} == {"".join(f"{number}\n" for number in range(3000))}
        where = (await client.get("/where/here?q=1")).json()
        assert (where["scheme"], where["host"]) == (client.base_url.scheme, client.base_url.netloc.decode())
        assert (await client.get("/broken")).status_code == 500

    async def run(place: Place) -> None:
        async with place.httpx() as client:
            await talk(client)

    with hosted(target, FRAMEWORKS, *more, *options, NOTEBOOK=str(tmp_path)) as server:
        asyncio.run(run(place_of(server, authority)))
        status, _, errors = server.end()
    assert status == 0
    told = re.findall(r"^[ |+]*[A-Za-z_][\w.]*(?:Error|Exception|Warning): (.*)$", errors, re.MULTILINE)
    assert set(told) <= {"broken on purpose"}


# A browser


def test_a_browser_loads_a_hundred_images_on_one_connection(tmp_path: Path, pair: str, authority: Authority) -> None:
    for number in range(100):
        (tmp_path / f"{number}.gif").write_bytes(PIXEL)
    images = "".join(f"<img src={number}.gif>" for number in range(100))
    (tmp_path / "index.html").write_text(f"<!doctype html><title>many</title>{images}")
    with serving(tmp_path, "--tls", pair) as server, Chromium(authority.path) as browser, browser.page() as page:
        page.open(server.url)
        pictures = [load for load in page.loads if load.kind == "Image"]
        assert [(load.status, load.protocol) for load in pictures] == [(200, "h2")] * 100
        assert len({load.connection for load in page.loads}) == 1
        assert page.complaints == []


def test_a_browser_that_trusts_the_authority_for_development_shows_the_demo(tmp_path: Path) -> None:
    with developing(tmp_path) as server, Chromium(tmp_path / "pellucid" / "tls" / "authority.pem") as browser:
        for host in ("127.0.0.1", "localhost"):
            with browser.page() as page:
                assert page.open(f"https://{host}:{server.port}/").status == 200
                loads = [load for load in page.loads if load.kind != "Media"]
                assert len(loads) > 3
                assert {(load.protocol, load.failed) for load in loads} == {("h2", "")}
                assert page.evaluate("isSecureContext")
                assert page.complaints == []


def developing(folder: Path) -> Running:
    """The demo with a certificate for development, of an authority in that folder."""
    demo = Path(__file__).parents[2] / "demo"
    arguments = ("serve", str(demo), "--bind", "127.0.0.1:0", "--access-log", "off", "--tls", "dev")
    return Running(*arguments, environment={"XDG_DATA_HOME": str(folder)})
