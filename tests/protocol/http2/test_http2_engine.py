"""The engine's promises: bytes mean the same however they arrive, and nothing is raised whatever they are."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pellucid.message import Data, Event, Headers, Request, Reset, Response
from pellucid.protocol.http2 import frames
from pellucid.protocol.http2.engine import Http2
from protocol.http2.frameplay import HELLO, http2, said, spell, take_apart

SEEDS = 150
"""How many random conversations each kind has."""

LINES = [
    "GET {stream} /path",
    "GET {stream} /path x=y",
    "POST {stream} /path content-length=5",
    "POST {stream} /path expect=100-continue",
    "HEADERS {stream} END_STREAM END_HEADERS :method=GET :path=/",
    "HEADERS {stream} END_HEADERS :method=CONNECT :authority=h:443",
    "HEADERS {stream} END_STREAM :method=GET :scheme=http",
    "HEADERS {stream} END_STREAM END_HEADERS x-trailer=1",
    "CONTINUATION {stream} :authority=h",
    "CONTINUATION {stream} END_HEADERS :path=/",
    "DATA {stream} hello",
    "DATA {stream} END_STREAM",
    "DATA {stream} END_STREAM hello",
    "DATA {stream} PADDED=3 lo",
    "WINDOW_UPDATE {stream} 5",
    "WINDOW_UPDATE {stream} 0",
    "WINDOW_UPDATE 0 5",
    "RST_STREAM {stream} CANCEL",
    "PRIORITY {stream} 0",
    "PRIORITY_UPDATE {stream} u=1, i",
    "SETTINGS 4=3 1=0",
    "SETTINGS ACK",
    "PING 01234567",
    "PING ACK leaving.",
    "GOAWAY raw=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00",
    "FRAME 99 {stream} something",
    "PUSH_PROMISE {stream} raw=\\x00\\x00\\x00\\x02",
]

BEGINNINGS = [
    "GET {stream} /path",
    "GET {stream} /path x=y",
    "GET {stream} /path cookie=a=b",
    "POST {stream} /path",
    "POST {stream} /path expect=100-continue",
    "HEADERS {stream} END_STREAM END_HEADERS :method=GET :path=/",
]

HARMLESS = [
    "WINDOW_UPDATE {stream} 5",
    "WINDOW_UPDATE 0 5",
    "PRIORITY {stream} 0",
    "PRIORITY_UPDATE {stream} u=1, i",
    "SETTINGS 4=3 1=0",
    "PING 01234567",
    "FRAME 99 {stream} something",
]

MIDDLES = [
    *HARMLESS,
    "DATA {stream} hello",
    "DATA {stream} PADDED=3 lo",
    "DATA {stream} END_STREAM",
    "DATA {stream} END_STREAM hello",
    "HEADERS {stream} END_STREAM END_HEADERS x-trailer=1",
    "RST_STREAM {stream} CANCEL",
]


class App:
    """An app that answers by the number of the stream, the same each time, and remembers what it was told of each."""

    def __init__(self, engine: Http2) -> None:
        self.engine = engine
        self.told: dict[int, list[Event]] = {}
        self.seen: list[Event] = []

    def turn(self) -> None:
        """Take what there is, and ask for bodies; the answers are given at the end, or a split would change them."""
        while (item := self.engine.next_event()) is not None:
            stream, event = item
            self.seen.append(event)
            told = self.told.setdefault(stream, [])
            if isinstance(event, Data) and isinstance(before := told[-1], Data):
                told.pop()
                event = Data(before.data + event.data)
            told.append(event)
            if isinstance(event, Request) and not event.complete and event.method != "CONNECT":
                self.engine.credit(stream, 1 << 20)

    def answer(self) -> None:
        """Answer everything that waits for it."""
        for stream, told in self.told.items():
            if stream and not isinstance(told[-1], Reset) and not self.engine.finished:
                body = None if isinstance(told[0], Request) and told[0].method == "CONNECT" else b""
                if self.engine.send_response(stream, Response(200), body) and body is None:
                    self.engine.send_end(stream, Headers())

    @property
    def kept(self) -> dict[int, list[Event]]:
        """What was told of the streams that were not given up: of others it depends on what was read together."""
        return {stream: told for stream, told in self.told.items() if not isinstance(told[-1], Reset)}


def conversation(chance: random.Random) -> bytes:
    """Frames that make sense, save one now and then."""
    stream, parts, posted = -1, [HELLO], False
    for _ in range(chance.randrange(1, 30)):
        if chance.random() < 0.02:
            line = chance.choice(LINES)
        elif chance.random() < 0.4 or stream < 0:
            stream += 2
            line = chance.choice(BEGINNINGS)
            posted = line.startswith("POST")
        else:
            line = chance.choice(MIDDLES if posted else HARMLESS)
            posted = posted and "END_STREAM" not in line and "RST" not in line
        parts.append(spell(line.format(stream=abs(stream))))
    return b"".join(parts)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same with some bytes changed, left out or put in."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(HELLO), len(changed) + 1) if chance.random() < 0.9 else chance.randrange(len(changed))
        way = chance.randrange(3)
        if way == 0 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif way == 1:
            del changed[at : at + chance.randrange(1, 4)]
        else:
            changed[at:at] = chance.randbytes(chance.randrange(1, 4))
    return bytes(changed)


def garbage(chance: random.Random) -> bytes:
    """Frames of any kind on a few streams with payloads of any bytes."""
    parts = [HELLO]
    for _ in range(chance.randrange(1, 30)):
        kind = chance.choice([*range(10), 16, chance.randrange(256)])
        payload = chance.randbytes(chance.choice([0, 4, 5, 6, 8, chance.randrange(40)]))
        parts.append(frames.frame(kind, chance.randrange(256), chance.randrange(8), payload))
    return b"".join(parts)


def pieces(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The data in pieces of any size."""
    while data:
        size = chance.randrange(1, 60)
        yield data[:size]
        data = data[size:]


def course(parts: Iterator[bytes]) -> tuple[App, bytes]:
    """What becomes of bytes that arrive in these parts, and what was said of it, less the answers."""
    engine, _ = http2()
    app = App(engine)
    output = b""
    for part in parts:
        engine.receive(part)
        app.turn()
        output += said(engine)
    return app, output


def told_by_frames(output: bytes) -> list[tuple[int, int, int, bytes]]:
    """What the engine said, but for 100 Continue, which depends on whether the body is there already."""
    return sorted(frame for frame in take_apart(output) if frame[0] != frames.HEADERS)


def check(data: bytes, chance: random.Random) -> None:
    """However the data are split, the same is told and said; then everything can be answered."""
    whole, output = course(iter([data]))
    for split in (pieces(data, chance), (data[at : at + 1] for at in range(len(data)))):
        other, others = course(split)
        assert other.kept == whole.kept
        assert other.engine.finished == whole.engine.finished
        assert told_by_frames(others) == told_by_frames(output)
        assert len(other.seen) < 10_000
    whole.answer()
    whole.turn()
    take_apart(said(whole.engine))
    assert whole.engine.phase
    whole.engine.receive_eof()
    whole.turn()
    whole.answer()
    assert whole.engine.finished or whole.engine.phase.name in ("ANSWER", "TUNNEL")


@pytest.mark.parametrize("kind", ["sense", "mutated", "garbage"])
def test_bytes_mean_the_same_however_they_are_split_and_nothing_is_ever_raised(kind: str) -> None:
    for seed in range(SEEDS):
        chance = random.Random(f"{kind} {seed}")
        data = garbage(chance) if kind == "garbage" else conversation(chance)
        check(mutated(data, chance) if kind == "mutated" else data, chance)


def test_random_bytes_behind_the_preface_are_an_end_at_most() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        check(HELLO + chance.randbytes(200), chance)
