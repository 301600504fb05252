"""WebSockets with the world's own clients and frameworks, each of them unmodified."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import socketio
from certifying import Authority, make_pair
from chromium import Chromium
from frames import trusting
from launching import hosted
from running import Running
from websockets import Subprotocol
from websockets.sync.client import connect

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

STARLETTE = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def echo(websocket):
    await websocket.accept(subprotocol="upper")
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())

app = Starlette(routes=[WebSocketRoute("/echo", echo)])
"""

FASTAPI = """
from fastapi import FastAPI, WebSocket

app = FastAPI()

@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept(subprotocol="upper")
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())
"""

CHANNELS = """
from django.conf import settings

settings.configure(SECRET_KEY="of no use", ALLOWED_HOSTS=["*"])

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

class Echo(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept("upper")

    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data.upper())

app = ProtocolTypeRouter({
    "http": get_asgi_application(),
    "websocket": URLRouter([path("echo", Echo.as_asgi())]),
})
"""

SOCKET_IO = """
import socketio

# A poll that waits as its client leaves is let go after both times only, and so is the client.
server = socketio.AsyncServer(async_mode="asgi", ping_interval=2, ping_timeout=2)
app = socketio.ASGIApp(server)

@server.event
async def say(sid, text):
    await server.emit("said", text.upper())
    return len(text)
"""

FRAMEWORKS = {"starlette": STARLETTE, "fastapi": FASTAPI, "channels": CHANNELS}


@pytest.fixture(params=FRAMEWORKS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "sockets.py").write_text(FRAMEWORKS[request.param])
    with hosted("sockets:app", tmp_path) as server:
        yield server
        status, _, errors = server.end()
        assert (status, errors) == (0, "")


def test_the_package_websockets_talks_with_it(server: Running) -> None:
    with connect(
        f"ws://127.0.0.1:{server.port}/echo", subprotocols=[Subprotocol("lower"), Subprotocol("upper")]
    ) as client:
        assert client.subprotocol == "upper"
        for text in ("glass", "", "x" * 100_000, "große Straße"):
            client.send(text)
            assert client.recv() == text.upper()
        assert client.ping().wait(5)


def let_go() -> None:
    """Collect what these clients leave open over TLS, which is their affair and not that of the tests to come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_the_package_aiohttp_talks_with_it(server: Running) -> None:
    async def main() -> None:
        url = f"ws://127.0.0.1:{server.port}/echo"
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url, protocols=["upper"], compress=15) as client:
                assert client.protocol == "upper"
                assert client.compress
                for text in ("glass", "x" * 100_000):
                    await client.send_str(text)
                    assert (await client.receive_str()) == text.upper()
            assert client.close_code == 1000

    asyncio.run(main())


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="-".join)
@pytest.mark.parametrize("secured", [False, True], ids=["http", "https"])
def test_socket_io_talks_over_all_that_it_knows(transports: list[str], secured: bool, tmp_path: Path) -> None:
    (tmp_path / "sockets.py").write_text(SOCKET_IO)
    options = ("--tls", make_pair(tmp_path).option) if secured else ()

    async def main(server: Running) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        connector = aiohttp.TCPConnector(ssl=trusting("http/1.1"))
        async with aiohttp.ClientSession(connector=connector) as session:
            client = socketio.AsyncClient(http_session=session)
            client.on("said", heard.put)
            await client.connect(f"{server.scheme}://127.0.0.1:{server.port}", transports=transports)
            assert client.transport() == transports[-1]
            assert await client.call("say", "glass") == 5
            assert await heard.get() == "GLASS"
            await client.disconnect()
        await asyncio.sleep(0.1)  # aiohttp's connections end by themselves, a little later

    with hosted("sockets:app", tmp_path, *options) as server:
        asyncio.run(main(server))
        let_go()
        # Its polls and its own tasks may wait for a client that has left; the end comes all the same.
        status, _, errors = server.end()
        assert status == 0
        assert "failed" not in errors


def test_socket_io_has_its_websocket_over_http2_as_well(tmp_path: Path) -> None:
    # It takes the scheme of any page's origin to be http, and so refuses its own where no proxy says otherwise.
    (tmp_path / "sockets.py").write_text(SOCKET_IO.replace('"asgi"', '"asgi", cors_allowed_origins="*"'))
    authority = Authority(tmp_path)
    # What its client in browsers says: a connection, a namespace, an event.
    talk = """new Promise((done, fail) => {
        const heard = [], socket = new WebSocket("/socket.io/?EIO=4&transport=websocket");
        socket.onmessage = ({data}) => {
            heard.push(data.replace(/\\{.*/, ""));
            if (data.startsWith("0")) socket.send("40");
            else if (data.startsWith("40")) socket.send('42["say", "glass"]');
            else socket.close();
        };
        socket.onclose = () => done(heard);
    })"""
    pair = authority.pair("localhost", "127.0.0.1").option
    with (
        hosted("sockets:app", tmp_path, "--tls", pair) as server,
        Chromium(authority.path) as browser,
        browser.page() as page,
    ):
        page.open(f"https://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=polling")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        assert page.evaluate(talk) == ["0", "40", '42["said","GLASS"]']
