"""A steady load of clients of HTTP/2, many requests at once on each connection, and an account of every one."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from frames import GOAWAY, NO_ERROR, Frame, Frames, frame, trusting
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

PATIENCE = 20.0

FIELDS = [(b":method", b"GET"), (b":path", b"/"), (b":authority", b"localhost")]


@dataclass
class Account:
    """What became of the requests. `again` are those that the server has not taken up, which may be asked anew.

    Once the server is `ending`, one that ends a connection before it has said anything has refused it: with TLS 1.3 a
    client believes that it is connected before the server does.
    """

    answers: int = 0
    served_by: set[bytes] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    again: int = 0
    goaways: int = 0
    refused: int = 0
    ending: bool = False
    over: bool = False


class Talk:
    """One connection, on which so many requests are under way as long as it lasts."""

    def __init__(self, account: Account, secured: bool) -> None:
        self._account = account
        self._machine = H2Connection(H2Configuration(header_encoding=None))
        self._machine.initiate_connection()
        self._fields = [*FIELDS, (b":scheme", b"https" if secured else b"http")]
        self._open: dict[int, bytes] = {}
        self._frames = Frames()
        self._leaving = False
        self._greeted = False

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, streams: int) -> None:
        """Until the account is closed, or the server makes an end and all that it has taken up is answered."""
        account = self._account
        while True:
            while not account.over and not self._leaving and len(self._open) < streams:
                stream = self._machine.get_next_available_stream_id()
                self._open[stream] = b""
                self._machine.send_headers(stream, self._fields, end_stream=True)
            if not self._open:
                break
            writer.write(self._machine.data_to_send())
            try:
                data = await asyncio.wait_for(reader.read(65_536), PATIENCE)
            except (OSError, TimeoutError) as error:
                self._break(repr(error))
                return
            if not data:
                self._break("the connection ended")
                return
            self._greeted = True
            for each in self._frames.take(data):
                if each.kind == GOAWAY:
                    self._end(each)
                else:
                    for event in self._machine.receive_data(frame(*each)):
                        self._note(event)

    def _break(self, why: str) -> None:
        account = self._account
        if account.ending and not self._greeted:
            account.refused += 1
        else:
            account.lost += [f"stream {stream}: {why}" for stream in self._open]

    def _note(self, event: Event) -> None:
        account, opened = self._account, self._open
        if isinstance(event, ResponseReceived):
            status = dict(event.headers)[b":status"]
            if status != b"200":
                account.lost.append(f"stream {event.stream_id}: status {bytes(status)!r}")
        elif isinstance(event, DataReceived):
            opened[event.stream_id] += event.data
            self._machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            account.served_by.add(opened.pop(event.stream_id))
            account.answers += 1
        elif isinstance(event, StreamReset) and event.stream_id in opened:
            del opened[event.stream_id]
            if event.error_code == ErrorCodes.REFUSED_STREAM:
                account.again += 1
            else:
                account.lost.append(f"stream {event.stream_id}: reset with {event.error_code!r}")

    def _end(self, farewell: Frame) -> None:
        # RFC 9113 6.8: what is beyond the last stream was not taken up; the rest goes on, which h2 would not let it.
        account, last = self._account, int.from_bytes(farewell.payload[:4])
        account.goaways += 1
        self._leaving = True
        if farewell.code != NO_ERROR:
            account.lost.append(f"the connection: error {farewell.code}, {farewell.payload[8:]!r}")
        beyond = [stream for stream in self._open if stream > last]
        account.again += len(beyond)
        for stream in beyond:
            del self._open[stream]


@asynccontextmanager
async def steady(port: int, secured: bool, connections: int = 4, streams: int = 8) -> AsyncIterator[Account]:
    """So many clients ask while the block runs, each of them with so many requests at once."""
    account = Account()
    clients = [asyncio.create_task(_client(account, port, secured, streams)) for _ in range(connections)]
    try:
        await until(lambda: account.answers > connections * streams)
        yield account
    finally:
        account.over = True
        await asyncio.gather(*clients)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until this is so; it must be soon."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def _client(account: Account, port: int, secured: bool, streams: int) -> None:
    context: ssl.SSLContext | None = trusting("h2") if secured else None
    name = "localhost" if secured else None
    while not account.over:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        except OSError:
            account.refused += 1
            await asyncio.sleep(0.02)
            continue
        try:
            await Talk(account, secured).run(reader, writer, streams)
        finally:
            writer.transport.abort()  # at once: the loop may end before a goodbye is answered
