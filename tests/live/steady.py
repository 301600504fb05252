"""A steady load of clients that keep their connections, and an account of every request that they made."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

PATIENCE = 10.0
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Client:
    """One of them: who answered it last, how many answers it had, and when what went wrong."""

    served_by: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[float, str, str]] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)


class Steady:
    """`with Steady(port, 8) as load`: so many clients ask while the block runs, each as soon as it has its answer and
    has rested for `pause` seconds. The answer's body is taken for the name of whoever answered.
    """

    def __init__(self, port: int, clients: int, pause: float = 0.0) -> None:
        self.clients = [Client() for _ in range(clients)]
        self._port = port
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(lambda: all(client.served_by for client in self.clients))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def answers(self) -> Counter[str]:
        """How many answers each server gave."""
        total: Counter[str] = Counter()
        for client in self.clients:
            total += client.answers
        return total

    @property
    def lost(self) -> list[tuple[float, str, str]]:
        """When a request got no whole answer, from whom the client had its last one, and what it saw."""
        return [loss for client in self.clients for loss in client.lost]

    @property
    def refused(self) -> list[tuple[float, str]]:
        """When a connection could not be made, and why."""
        return [refusal for client in self.clients for refusal in client.refused]

    def wait_for(self, condition) -> None:  # type: ignore[no-untyped-def]  # any question
        """Wait until this is so; it must be soon."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    async def _run(self) -> None:
        await asyncio.gather(*(self._ask(client) for client in self.clients))

    async def _ask(self, client: Client) -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._over.is_set():
            if connection is None:
                try:
                    connection = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError as error:
                    client.refused.append((time.monotonic(), repr(error)))
                    await asyncio.sleep(0.02)
                    continue
            keep = False
            try:
                keep = await asyncio.wait_for(self._exchange(client, *connection), PATIENCE)
            except (OSError, EOFError, TimeoutError, AssertionError) as error:
                client.lost.append((time.monotonic(), client.served_by, repr(error)))
            if not keep:
                connection[1].close()
                connection = None
            if self._pause:
                await asyncio.sleep(self._pause)
        if connection is not None:
            connection[1].transport.abort()

    async def _exchange(self, client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert head.startswith(b"http/1.1 200"), head
        client.served_by = body.decode()
        client.answers[client.served_by] += 1
        return b"connection: close" not in head
