"""Pairs of a link and its peer, of every kind, with one face: what the link battery runs over."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pellucid.net.link import RECEIVE, Link, PlainLink
from pellucid.net.memory import MemoryLink, memory_pair
from pellucid.piece import FileSlice, OpenFile

PATIENCE = 5.0


class Peer(Protocol):
    """The other end of a link. `ended` and `broken` tell what the last `take` met."""

    ended: bool
    broken: bool

    def take(self) -> bytes:
        """Some of what has come, b"" if there is nothing."""

    def give(self, data: bytes) -> None:
        """Send; all of it is taken."""

    def end(self) -> None:
        """Send no more."""

    def close(self) -> None:
        """Go away."""

    def reset(self) -> None:
        """Go away with a bang."""


class SocketPeer:
    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.ended = False
        self.broken = False

    def take(self) -> bytes:
        select.select([self.socket], [], [], 0.2)  # the kernel may take a moment between the two ends
        try:
            data = self.socket.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        except ConnectionError:
            self.broken = True
            return b""
        self.ended = not data
        return data

    def give(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class MemoryPeer:
    def __init__(self, link: MemoryLink) -> None:
        self.link = link
        self.ended = False
        self.broken = False

    def take(self) -> bytes:
        data = self.link.receive()
        self.broken = bool(self.link.gone)
        self.ended = data == b"" and not self.broken
        return data or b""

    def give(self, data: bytes) -> None:
        self.link.send([data])

    def end(self) -> None:
        self.link.finish()

    def close(self) -> None:
        self.link.close()

    def reset(self) -> None:
        self.link.abort()


@contextmanager
def linked(kind: str) -> Iterator[tuple[Link, Peer]]:
    """A link and its peer: "unix" over a socket pair, "tcp" over the loopback, "memory", and each of them in TLS."""
    if kind.startswith("tls "):
        from agreeing import converse

        with linked(kind.removeprefix("tls ")) as plain:
            yield converse(*plain)
        return
    if kind == "memory":
        ours, theirs = memory_pair(holds=2 * RECEIVE)
        yield ours, MemoryPeer(theirs)
        ours.close()
        theirs.close()
        return
    ends = socket.socketpair() if kind == "unix" else tcp_pair()
    link = PlainLink(ends[0], "192.0.2.1", "192.0.2.80:80")
    yield link, SocketPeer(ends[1])
    for end in ends:
        end.close()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection over the loopback, by a port that the system chooses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    return server, client


def carry(link: Link, peer: Peer, count: int) -> bytes:
    """What arrives at the peer until it is `count` bytes, the link breaks or nothing moves any more."""
    got = bytearray()
    while len(got) < count and not link.gone:
        sent = link.send([]) if link.waiting else 0
        data = peer.take()
        if not (sent or data):
            break
        got += data
    return bytes(got)


def received(link: Link) -> bytes | None:
    """What the link has, once it has something."""
    if not is_in_memory(link):
        select.select([link.fd], [], [], PATIENCE)
    return link.receive()


def is_in_memory(link: Link) -> bool:
    """Whether no socket is beneath it."""
    return isinstance(getattr(link, "_inner", link), MemoryLink)


class CountedFile(OpenFile):
    """An open file that tells how many hold it, its maker aside."""

    slices = 0

    def hold(self) -> None:
        super().hold()
        self.slices += 1

    def release(self) -> None:
        self.slices -= 1
        assert self.slices >= 0, "released once too often"
        super().release()


@contextmanager
def counted_file(folder: Path, content: bytes) -> Iterator[CountedFile]:
    """A file with this content. In the end nobody but the maker may hold it."""
    path = folder / "counted"
    path.write_bytes(content)
    file = CountedFile(os.open(path, os.O_RDONLY))
    try:
        yield file
        assert file.slices == 0
    finally:
        os.close(file.fd)


def slice_of(file: OpenFile, offset: int = 0, length: int | None = None) -> FileSlice:
    """A part of a file, as far as its end if nothing else is said."""
    return FileSlice(file, offset, os.fstat(file.fd).st_size - offset if length is None else length)
