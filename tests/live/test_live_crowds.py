"""WebSockets by the thousand: one that speaks to all, and all that say nothing."""

import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from crowds import OPTIONS, gather, memory, room_for, sockets
from launching import hosted

from protocol.websocket.framing import sent

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

LISTENERS = 1000

MESSAGES = 100

IDLE = 10_000

MOST_MB = 150
"""What the server may take in all while they do nothing."""

BY_ASGI = """
import asyncio

ears = set()

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/say":
        text = (await receive())["text"]
        for number in range(100):
            for ear in ears:
                ear.put_nowait(f"{number} {text}")
        await send({"type": "websocket.send", "text": str(len(ears))})
    elif scope["path"] == "/hear":
        ears.add(ear := asyncio.Queue())
        while True:
            await send({"type": "websocket.send", "text": await ear.get()})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
"""

BY_EXCHANGE = """
from pellucid import WebSocket

ears = []

def app(exchange):
    socket = WebSocket.accept(exchange)
    if exchange.request.path == b"/hear":
        ears.append(socket)
    socket.on_message = lambda text: say(socket, text)

def say(socket, text):
    for number in range(100):
        for ear in ears:
            ear.send(f"{number} {text}")
    socket.send(str(len(ears)))
"""

TEXT, CLOSE = b"\x81", b"\x88"


@pytest.mark.parametrize("source", [BY_ASGI, BY_EXCHANGE], ids=["ASGI", "exchange"])
def test_what_is_said_to_a_thousand_is_heard_by_each_in_order(source: str, tmp_path: Path) -> None:
    (tmp_path / "site_of_many.py").write_text(source)
    wanted = b"".join(text_frame(b"%d glass" % number) for number in range(MESSAGES))
    with room_for(LISTENERS), hosted("site_of_many:app", tmp_path, *OPTIONS) as server, ExitStack() as stack:
        listeners = sockets(stack, server, LISTENERS, "hear")
        [speaker] = sockets(stack, server, 1, "say")
        speaker.sendall(sent(TEXT[0], b"glass"))
        heard = gather(listeners, lambda got: len(got) >= len(wanted))
        assert set(heard) == {wanted}
        assert gather([speaker], lambda got: len(got) > 2) == [text_frame(b"%d" % LISTENERS)]


def test_ten_thousand_that_say_nothing_take_little_and_are_told_of_the_end(tmp_path: Path) -> None:
    (tmp_path / "site_of_many.py").write_text(BY_ASGI)
    with room_for(IDLE), hosted("site_of_many:app", tmp_path, *OPTIONS) as server, ExitStack() as stack:
        clients = sockets(stack, server, IDLE)
        assert memory(server) < MOST_MB * 1024
        clients[-1].sendall(sent(TEXT[0], b"glass"))
        assert clients[-1].recv(100) == text_frame(b"glass")
        server.send(signal.SIGTERM)
        assert set(gather(clients, lambda got: len(got) >= 4)) == {CLOSE + b"\x02\x03\xe9"}
        stack.close()
        assert server.ended()[0] == 0


def text_frame(text: bytes) -> bytes:
    """A frame of the server, of a short text."""
    return TEXT + bytes([len(text)]) + text
