"""A bridge for WebSocket clients that know HTTP/1.1 in the clear only: it carries them over TLS, or over HTTP/2."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from hashlib import sha1

from frames import trusting
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, WindowUpdated

Fields = list[tuple[bytes, bytes]]

ROOM = 1 << 18
STREAM = 1
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OF_HTTP1 = (b"host", b"upgrade", b"connection", b"sec-websocket-key")


@asynccontextmanager
async def bridge(port: int, protocol: str = "http/1.1", secured: bool = False) -> AsyncIterator[int]:
    """The port on which the bridge to a server's port listens while the block runs."""
    context = trusting(protocol) if secured else None
    tasks: set[asyncio.Task[None] | None] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        name = "localhost" if secured else None
        there = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name, limit=ROOM)
        # Whoever ends it, the other one sees that it is over.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if protocol == "h2":
                await Crossing(reader, writer, *there).run()
            else:
                await _either(_copy(reader, there[1]), _copy(there[0], writer))
        both = (writer, there[1])
        for each in both:
            each.close()
        try:
            for each in both:
                with suppress(OSError):
                    await each.wait_closed()
        finally:
            for each in both:
                each.transport.abort()

    server = await asyncio.start_server(carry, "127.0.0.1", 0, limit=ROOM)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
        rest = [task for task in tasks if task is not None and not task.done()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest)


async def _either(*both: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(each) for each in both]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(ROOM):
        writer.write(data)
        await writer.drain()


class Crossing:
    """One WebSocket that comes by HTTP/1.1 and goes on by HTTP/2, as an extended CONNECT (RFC 8441)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        reader_there: asyncio.StreamReader,
        writer_there: asyncio.StreamWriter,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._reader_there, self._writer_there = reader_there, writer_there
        self._machine = H2Connection(H2Configuration(header_encoding=None, validate_outbound_headers=False))
        self._key = b""
        self._room = asyncio.Event()
        self._over = False

    async def run(self) -> None:
        """Until either side has made an end."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        self._key = dict(fields)[b"sec-websocket-key"]
        self._machine.initiate_connection()
        self._machine.increment_flow_control_window(1 << 24)
        self._machine.send_headers(
            STREAM, [*_pseudo_fields(first), *(each for each in fields if each[0] not in OF_HTTP1)]
        )
        self._flush()
        await _either(self._go_up_and_stay(), self._come_down())

    async def _go_up_and_stay(self) -> None:
        await self._go_up()
        await asyncio.Event().wait()  # it is the server that ends it

    async def _go_up(self) -> None:
        machine = self._machine
        while data := await self._reader.read(ROOM):
            while data:
                count = min(machine.local_flow_control_window(STREAM), machine.max_outbound_frame_size, len(data))
                if not count:
                    self._flush()
                    self._room.clear()
                    await self._room.wait()
                    continue
                machine.send_data(STREAM, data[:count])
                data = data[count:]
            self._flush()
            await self._writer_there.drain()
        machine.end_stream(STREAM)
        self._flush()

    async def _come_down(self) -> None:
        while not self._over and (data := await self._reader_there.read(ROOM)):
            for event in self._machine.receive_data(data):
                self._note(event)
            self._flush()
            await self._writer.drain()

    def _note(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            self._writer.write(event.data)
            if event.flow_controlled_length:
                self._machine.acknowledge_received_data(event.flow_controlled_length, STREAM)
        elif isinstance(event, WindowUpdated):
            self._room.set()
        elif isinstance(event, ResponseReceived):
            self._writer.write(_answer([(bytes(name), bytes(value)) for name, value in event.headers], self._key))
        elif isinstance(event, StreamEnded | StreamReset):
            self._over = True

    def _flush(self) -> None:
        self._writer_there.write(self._machine.data_to_send())


def _pseudo_fields(first: bytes) -> Fields:
    path = first.split(b" ")[1]
    return [
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"localhost"),
    ]


def _answer(fields: Fields, key: bytes) -> bytes:
    status = dict(fields)[b":status"]
    rest = b"".join(b"%s: %s\r\n" % each for each in fields if not each[0].startswith(b":"))
    if status != b"200":
        return b"HTTP/1.1 %s\r\n%s\r\n" % (status, rest)
    accepted = b64encode(sha1(key + MAGIC).digest())
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n" % accepted
    return b"HTTP/1.1 101 Switching Protocols\r\n%s%s\r\n" % (upgrade, rest)
