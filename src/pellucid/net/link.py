"""A link: a non-blocking byte pipe to a peer. Here the interface and the plain one over a socket; it knows no HTTP."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from pellucid.net.pollers import READ, WRITE
from pellucid.net.secured import Secured
from pellucid.piece import FileSlice, Piece, discard

CAPACITY = 1 << 20
"""How many bytes of an answer may wait in a link: for a peer that does not read, one buffer and no more."""

RECEIVE = 68 << 10
"""How many bytes one receive takes at the most, so that no peer holds the loop; what is sent in lumps of 64 KiB comes
with the head of its frame.
"""

LOW_WATER = CAPACITY // 4
"""While less than this is free no more is asked for, in bytes: many small pieces cost more than few large ones."""

AT_ONCE = 1 << 20
"""How many bytes one round of sending gives to the kernel at the most, likewise."""


SHORT = 256 << 10
"""How many bytes may wait in the system, not sent yet, where urgent ones come between."""

NOT_SENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class Link(Protocol):
    """A byte pipe. A peer that went away is a fact, `gone`, and no exception."""

    peer: str
    """The client's address without its port; empty where there is none, as on a unix socket."""

    peer_port: int
    """The client's port, 0 where there is none."""

    local: str
    """The address that the client came to."""

    gone: str
    """Why nothing can be exchanged any more, empty while all is well."""

    @property
    def secured(self) -> Secured | None:
        """What TLS has settled; None where it is not spoken."""

    @property
    def held(self) -> bool:
        """Whether something can be received of which the reactor does not know."""

    @property
    def fd(self) -> int:
        """What the reactor watches."""

    @property
    def waiting(self) -> bool:
        """Whether something waits until the peer takes more."""

    @property
    def room(self) -> int:
        """How many more bytes may be given to wait."""

    def interest(self, hungry: bool) -> int:
        """What the reactor is to watch for, if more bytes are of use or not: a mask of pollers.py."""

    def receive(self) -> bytes | None:
        """What has come: some bytes, b"" at the peer's end or when it is gone, None if there is nothing now."""

    def send(self, pieces: list[Piece]) -> int:
        """Take pieces, and give to the peer what it takes now, in order. Answers how many bytes it took."""

    def shorten(self) -> None:
        """Let little wait in the system behind what is sent, so that what is urgent is soon on its way."""

    def finish(self) -> None:
        """Tell the peer that nothing more will come; receiving goes on."""

    def close(self) -> None:
        """End both ways; what waits is dropped."""

    def abort(self) -> None:
        """End both ways so that the peer sees a break and not an end."""


class ArrivingLink(Link, Protocol):
    """A link whose beginning can be looked at and taken apart."""

    def peek(self, most: int) -> bytes | None:
        """As receive, at most so many bytes, which are left to be received."""

    def receive(self, most: int = ...) -> bytes | None:
        """As that of any link, at most so many bytes."""


def room_beside(waiting: int) -> int:
    """How many bytes more a link takes while so many wait in it."""
    free = CAPACITY - waiting
    return free if free >= LOW_WATER else 0


class PlainLink:
    """A link over a stream socket, which it makes non-blocking and owns."""

    __slots__ = ("_outbox", "_queued", "_socket", "gone", "local", "peer", "peer_port", "waiting")

    secured = None
    held = False

    def __init__(self, connected: socket.socket, peer: str, local: str, peer_port: int = 0) -> None:
        connected.setblocking(False)
        self._socket = connected
        self.peer = peer
        self.peer_port = peer_port
        self.local = local
        self.gone = ""
        # What is left of a piece stays a view of it: a large body is not copied at each send.
        self._outbox: list[Piece | memoryview] = []
        self._queued = 0
        self.waiting = False

    @property
    def fd(self) -> int:
        return self._socket.fileno()

    @property
    def room(self) -> int:
        return room_beside(self._queued)

    def interest(self, hungry: bool) -> int:
        return (READ if hungry else 0) | (WRITE if self._outbox else 0)

    def receive(self, most: int = RECEIVE, how: int = 0) -> bytes | None:
        try:
            return self._socket.recv(most, how)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            self._lose(error)
            return b""

    def peek(self, most: int) -> bytes | None:
        """As receive, at most so many bytes, which are left to be received."""
        return self.receive(most, socket.MSG_PEEK)

    def send(self, pieces: list[Piece]) -> int:
        if self.gone:
            discard(pieces)
            return 0
        outbox = self._outbox
        if not outbox and len(pieces) == 1 and type(pieces[0]) is bytes:
            return self._send_one(pieces[0])
        outbox += pieces
        self._queued += sum(map(len, pieces))
        return self._flush()

    def _send_one(self, data: bytes) -> int:
        # The usual answer is one piece that the kernel takes whole: nothing is queued and nothing counted.
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._lose(error)
            return 0
        if sent < len(data):
            self._outbox.append(memoryview(data)[sent:])
            self.waiting = True
            self._queued = len(data) - sent
        return sent

    def _flush(self) -> int:
        total = 0
        try:
            while self._outbox and total < AT_ONCE:
                first = self._outbox[0]
                sent = self._send_file(first) if isinstance(first, FileSlice) else self._send_bytes()
                total += sent
                self._queued -= sent
                if sent == 0:
                    break
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._lose(error)
        self.waiting = bool(self._outbox)
        return total

    def _send_bytes(self) -> int:
        # As many byte pieces as stand together go out in one call; a file behind them is announced to the kernel, so
        # that a head and the beginning of its file share a packet.
        outbox = self._outbox
        together: list[bytes | memoryview] = []
        for piece in outbox:
            if isinstance(piece, FileSlice) or len(together) == 16:
                break
            together.append(piece)
        more = MORE if len(together) < len(outbox) else 0
        sent = self._socket.send(together[0], more) if len(together) == 1 else self._socket.sendmsg(together, (), more)
        left = sent
        while together and len(together[0]) <= left:
            left -= len(together.pop(0))
            del outbox[0]
        if left:
            outbox[0] = memoryview(together[0])[left:]
        return sent

    def _send_file(self, piece: FileSlice) -> int:
        if piece.length:
            sent = _sendfile(self._socket, piece)
            if sent == 0:
                self.gone = "a file became shorter while it was sent"
                self._drop()
                return 0
            piece.advance(sent)
        else:
            sent = 0
        if not piece.length:
            del self._outbox[0]
            piece.release()
        return sent

    def _lose(self, error: OSError) -> None:
        self.gone = error.strerror or str(error)
        self._drop()

    def _drop(self) -> None:
        discard(self._outbox)
        self._queued = 0
        self.waiting = False

    def shorten(self) -> None:
        if NOT_SENT is not None and self._socket.family in (socket.AF_INET, socket.AF_INET6):
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, NOT_SENT, SHORT)
            except OSError:
                pass  # the peer was faster

    def finish(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lose(error)

    def close(self) -> None:
        self._drop()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # a child that an app has forked may hold the socket open
        except OSError:
            pass  # the peer was faster
        self._socket.close()

    def abort(self) -> None:
        # SO_LINGER of zero seconds: the peer gets a reset, which no one can take for the end of a body.
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # the peer was faster
        self._drop()
        self._socket.close()


MORE = getattr(socket, "MSG_MORE", 0)


def _sendfile_linux(connected: socket.socket, piece: FileSlice) -> int:
    return os.sendfile(connected.fileno(), piece.file.fd, piece.offset, min(piece.length, AT_ONCE))


def _sendfile_by_reading(connected: socket.socket, piece: FileSlice) -> int:
    # Elsewhere sendfile differs in its arguments and its errors; the bytes take one step more.
    data = os.pread(piece.file.fd, min(piece.length, RECEIVE), piece.offset)
    return connected.send(data) if data else 0


_sendfile: Callable[[socket.socket, FileSlice], int] = (
    _sendfile_linux if os.uname().sysname == "Linux" else _sendfile_by_reading
)
