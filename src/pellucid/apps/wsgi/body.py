"""A request's body, received whole before an app is asked: in memory or, if it is long, in an unnamed file."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from pellucid.server.exchange import Exchange

Received = Callable[[Exchange, BinaryIO, int], None]


class Receiving:
    """Reads an exchange's body as it comes; `received` is then called with it and its length. No thread waits for it.

    A client that goes before it has sent all takes the body with it.
    """

    __slots__ = ("_exchange", "_file", "_held", "_length", "_memory", "_parts", "_received")

    def __init__(self, exchange: Exchange, memory: int, received: Received) -> None:
        self._exchange = exchange
        self._memory = memory
        self._received = received
        self._parts: list[bytes] = []
        self._held = 0
        self._length = 0
        self._file: BinaryIO | None = None

    def begin(self) -> None:
        """Ask for the body."""
        exchange = self._exchange
        exchange.on_body = self._more
        exchange.on_gone = self.drop
        self._more()

    def drop(self) -> None:
        """Let go of what has come."""
        self._parts.clear()
        if self._file is not None:
            self._file.close()

    def _more(self) -> None:
        exchange = self._exchange
        try:
            while data := exchange.read():
                self._keep(data)
            if data is None:
                return
            body = self._whole()
        except OSError:  # there is no room for it, and the rest of it is nobody's
            del exchange.on_body, exchange.on_gone
            self.drop()
            raise
        del exchange.on_body, exchange.on_gone
        self._received(exchange, body, self._length)

    def _whole(self) -> BinaryIO:
        if self._file is None:
            return io.BytesIO(b"".join(self._parts))
        self._spill()
        self._file.seek(0)
        return self._file

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._held += len(data)
        self._length += len(data)
        if self._held > self._memory:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it outlives this call
            self._spill()

    def _spill(self) -> None:
        assert self._file is not None
        self._file.writelines(self._parts)
        self._parts.clear()
        self._held = 0
