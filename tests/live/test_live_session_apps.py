"""Sessions as each ecosystem finds them, over HTTP/1, HTTP/2 and TLS; frameworks' own sessions are as they were."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets
from certifying import Authority
from curl import fetch
from running import Running
from siting import WAYS

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

APPS = """
import asyncio

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from flask import Flask, Response as FlaskResponse, session as flask_session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute


def count(session):
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])


def wsgi(environ, start_response):
    body = count(environ["pellucid.session"]).encode()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [body]


async def visit(request):
    answer = PlainTextResponse(count(request.session))
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


async def stream(request):
    async def parts():
        yield b"part "
        await asyncio.sleep(0.05)
        request.session["late"] = True  # behind the head: it is not kept
        yield b"and part"

    from starlette.responses import StreamingResponse
    request.session["early"] = True
    return StreamingResponse(parts())


async def keys(request):
    return PlainTextResponse(" ".join(sorted(request.session)))


async def talk(socket):
    count(socket.session)
    await socket.accept()
    await socket.send_text(str(socket.session["count"]))
    async for text in socket.iter_text():
        socket.session[text] = True
        await socket.send_text(text)


routes = [Route("/", visit), Route("/stream", stream), Route("/keys", keys), WebSocketRoute("/talk", talk)]
starlette = Starlette(routes=routes)
own = Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key="own", session_cookie="own")])

flask = Flask(__name__)
flask.secret_key = "flask"


@flask.get("/")
def flask_visit():
    answer = FlaskResponse(count(flask_session))
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


def django_visit(request):
    answer = HttpResponse(count(request.session))
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


urlpatterns = [path("", django_visit)]
settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="django",
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)
django = get_wsgi_application()
"""

# What is served, and the cookie in which its count is kept; without a session of ours, and with one beside its own.
COOKIES = {"wsgi": "sid", "starlette": "sid", "own": "own", "flask": "session", "django": "sessionid"}


@dataclass(frozen=True, slots=True)
class Hosts:
    """A server with a host for each of the apps, in the clear and by TLS."""

    ports: dict[str, int]
    authority: Path

    def get(self, app: str, way: str, jar: Path, path: str = "/") -> str:
        """The body of an answer to a client with this jar of cookies."""
        scheme, version = WAYS[way]
        to = ("--connect-to", f"::127.0.0.1:{self.ports[scheme]}", "--cacert", str(self.authority))
        answer = fetch(f"{scheme}://{app}.test{path}", version, *to, "--cookie", str(jar), "--cookie-jar", str(jar))
        assert answer.status == 200, answer
        return answer.body.decode()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("apps")
    (folder / "apps.py").write_text(APPS)
    tables = [f'[hosts."{app}.test"]\nserve = "apps:{app}"\n' for app in COOKIES]
    file = folder / "pellucid.toml"
    file.write_text("\n".join([f'session = "sqlite:{folder / "sessions.db"}"', *tables]))
    authority = Authority(folder)
    pair = authority.pair("localhost", *(f"{app}.test" for app in COOKIES))
    common = ("serve", "--config", str(file), "--bind", "127.0.0.1:0", "--access-log", "off")
    with Running(*common) as plain, Running(*common, "--tls", pair.option) as secured:
        yield Hosts({"http": plain.port, "https": secured.port}, authority.path)
        for server in (plain, secured):
            status, _, errors = server.end()
            assert (status, errors) == (0, ""), errors


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("app", COOKIES)
def test_each_app_counts_and_all_cookies_of_an_answer_arrive(app: str, way: str, hosts: Hosts, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    assert [hosts.get(app, way, jar) for _ in range(3)] == ["1", "2", "3"]
    lines = [line.split("\t") for line in jar.read_text().splitlines() if line.count("\t") == 6]
    secured = way.startswith("tls") and COOKIES[app] == "sid"
    assert {line[5] for line in lines} == {"a", "b", f"__Host-{COOKIES[app]}" if secured else COOKIES[app]}
    (ours,) = (line for line in lines if line[5].endswith(COOKIES[app]))
    assert ours[0].startswith("#HttpOnly_")
    assert not secured or ours[3] == "TRUE"  # sent over TLS alone


def test_what_a_stream_changes_behind_its_head_is_not_kept(hosts: Hosts, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    assert hosts.get("starlette", "h1", jar, "/stream") == "part and part"
    assert hosts.get("starlette", "h1", jar, "/keys") == "early"


def test_a_websocket_has_the_session_and_keeps_what_it_changes_before_it_is_accepted(hosts: Hosts) -> None:
    port = hosts.ports["http"]

    async def talk(cookie: str) -> tuple[str, str]:
        async with websockets.connect(
            "ws://starlette.test/talk", host="127.0.0.1", port=port, additional_headers={"Cookie": cookie}
        ) as socket:
            told = str(await socket.recv())
            await socket.send("late")
            assert await socket.recv() == "late"
            assert socket.response is not None
            return told, socket.response.headers.get("set-cookie", cookie).partition(";")[0]

    first, cookie = asyncio.run(talk("a=1"))
    second, again = asyncio.run(talk(cookie))
    assert (first, second, again) == ("1", "2", cookie)
    answer = httpx.get(f"http://127.0.0.1:{port}/keys", headers={"Host": "starlette.test", "Cookie": cookie})
    assert answer.text == "count"
