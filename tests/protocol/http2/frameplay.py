"""Conversations of HTTP/2 as text: what the peer sends, what is told of it, what the app does and what the peer gets.

    >> GET 1 /path name=value   a whole request, `>> POST 1 /path …` one whose body follows; or any frame by its name:
    >> HEADERS 1 END_STREAM :method=GET …     fields are literals; `raw=…` stands for bytes of a block as they are
    >> DATA 1 END_STREAM hello                the payload in the end, with Python's escapes; `PADDED=3` pads
    >> SETTINGS 4=100                         values by their numbers; `ACK` is a flag like any other
    >> WINDOW_UPDATE 0 100, RST_STREAM 1 CANCEL, PING bytes, GOAWAY, PRIORITY 3, PRIORITY_UPDATE 1 u=0, FRAME 99 0 bytes
    == 1 GET /path h            an event: a request with its host and body, `data …`, `end`, `refused 400 the reason`
    -> 1 200 body=hello         the app's act on a stream: a status, with name:value fields, `body=` or `length=`,
                                `data …`, `end`, `credit 5`, `room 5`, `reset`; or on all: `drain`, `end why`,
                                `refuse 408 1 why`, `later 5`
    -! 1 data too-long          the engine must raise WrongAnswer and send nothing
    << HEADERS 1 :status=200    what goes out for it, frame by frame, in the same notation
    .. IDLE hungry              the phase, and the questions whose answer is yes: hungry, finished, unread, pending
    ><                          the end of what the peer sends

Preface and SETTINGS of both sides go before, unless the conversation begins with `silent`. Each is played twice: frames
arrive whole, and byte by byte.
"""

from __future__ import annotations

from pellucid.errors import WrongAnswer
from pellucid.message import Data, End, Event, Refused, Request, Reset, Response
from pellucid.protocol.http2 import codes, frames
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.hpack import Decoder, represent
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.playbook import fields, literal

KINDS = {
    name: getattr(frames, name)
    for name in (
        *("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY"),
        *("WINDOW_UPDATE", "CONTINUATION", "PRIORITY_UPDATE"),
    )
}
NAMES = {kind: name for name, kind in KINDS.items()}
FLAGS = {"END_STREAM": 1, "ACK": 1, "END_HEADERS": 4, "PADDED": 8, "HAS_PRIORITY": 32}
CODES: dict[str, int] = {name: code for code, name in codes.NAMES.items()}
OF_CONNECTIONS = ("SETTINGS", "PING", "GOAWAY", "PRIORITY_UPDATE")
QUESTIONS = ("hungry", "finished", "unread", "pending")

HELLO = frames.PREFACE + frames.settings_frame([]) + frames.SETTINGS_ACK


def http2(limits: Limits | None = None, own: Http2Limits | None = None) -> tuple[Http2, list[float]]:
    """An engine whose answers have no date, and the one number that is its clock."""
    clock = [0.0]
    return Http2(limits or Limits(), own or Http2Limits(), lambda: b"", lambda: clock[0]), clock


def said(engine: Http2) -> bytes:
    """What an engine has to say, where no file is in it."""
    words = b""
    for piece in engine.take_output():
        assert isinstance(piece, bytes)
        words += piece
    return words


def block(words: dict[str, str]) -> bytes:
    """Fields as literals that no table takes up."""
    return b"".join(represent(name.encode(), literal(value)) for name, value in words.items())


def ask(stream: int, path: str = "/", *, method: str = "GET", end: bool = True, **more: str) -> bytes:
    """A request in HEADERS."""
    pseudo = {":method": method, ":scheme": "http", ":authority": "h", ":path": path}
    whole = frames.END_STREAM if end else 0
    return frames.headers_frames(
        stream, block(pseudo | {name.replace("_", "-"): value for name, value in more.items()}), whole
    )


def take_apart(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Whole frames: type, flags, stream and payload of each."""
    found = []
    at = 0
    while at < len(data):
        high, low, kind, flags, stream = frames.HEAD.unpack_from(data, at)
        at += 9 + (high << 16) + low
        found.append((kind, flags, stream, data[at - low : at]))
    assert at == len(data), "a frame that is not whole"
    return found


def play(text: str, limits: Limits | None = None, own: Http2Limits | None = None) -> None:
    """Play the conversation twice: the peer's frames arrive whole, and byte by byte."""
    for dripped in (False, True):
        Player(limits, own, dripped).play(text)


class Player:
    """Takes the steps one after the other, and keeps what happened until a step says so too."""

    def __init__(self, limits: Limits | None = None, own: Http2Limits | None = None, dripped: bool = False) -> None:
        self.engine, self.clock = http2(limits, own)
        self.decoder = Decoder(0)
        self.dripped = dripped
        self.events: list[str] = []
        self.heard: list[str] = []

    def play(self, text: str) -> None:
        """All steps of a playbook."""
        lines = [line.strip() for line in text.strip().splitlines()]
        if lines[0] == "silent":
            del lines[0]
        else:
            self.engine.receive(HELLO)
            self.look()
            self.heard.clear()
        for line in lines:
            self.step(line[:2], line[3:], line)
        assert (self.events, self.heard) == ([], []), "this is not in the playbook at its end"

    def step(self, mark: str, rest: str, line: str) -> None:
        """One step."""
        if mark == "==":
            assert self.events, f"nothing was told: {line}"
            assert self.events.pop(0) == rest
            return
        if mark == "<<":
            assert self.heard, f"nothing was said: {line}"
            assert self.heard.pop(0) == rest
            return
        assert (self.events, self.heard) == ([], []), f"this is not in the playbook before: {line}"
        if mark == "..":
            phase, *yes = rest.split()
            assert self.engine.phase.name == phase
            assert [name for name in QUESTIONS if getattr(self.engine, name)] == yes
        elif mark == ">>":
            self.feed(spell(rest))
        elif mark == "><":
            self.engine.receive_eof()
        elif mark == "-!":
            self.fail(rest)
        else:
            assert mark == "->", f"no such mark: {line}"
            self.act(rest.split())
        self.look()

    def feed(self, data: bytes) -> None:
        """Bytes from the peer."""
        for at in range(0, len(data), 1 if self.dripped else len(data)):
            self.engine.receive(data[at : at + 1] if self.dripped else data)
            self.look()

    def fail(self, rest: str) -> None:
        """An act that must be wrong, and change nothing."""
        before = self.engine.phase
        try:
            self.act(rest.split())
        except WrongAnswer:
            assert self.engine.phase is before
            return
        raise AssertionError(f"this was not wrong: {rest}")

    def act(self, words: list[str]) -> None:
        """Something that the app, or the server, does."""
        engine, verb = self.engine, words[0]
        if verb == "drain":
            engine.drain()
        elif verb == "end":
            engine.end(" ".join(words[1:]))
        elif verb == "refuse":
            engine.refuse(int(words[1]), " ".join(words[3:]), int(words[2]))
        elif verb == "later":
            self.clock[0] += float(words[1])
        else:
            self.act_on(int(verb), words[1], words[2:])

    def act_on(self, stream: int, verb: str, rest: list[str]) -> None:
        """Something that the app does on a stream."""
        engine = self.engine
        if verb == "data":
            engine.send_data(stream, literal(rest[0]))
        elif verb == "end":
            engine.send_end(stream, fields(rest))
        elif verb == "credit":
            engine.credit(stream, int(rest[0]), answered=rest[1:] == ["answered"])
        elif verb == "reset":
            engine.reset(stream)
        elif verb == "room":
            assert engine.room(stream) == int(rest[0])
        else:
            length = next((int(word[7:]) for word in rest if word.startswith("length=")), None)
            body = next((literal(word[5:]) for word in rest if word.startswith("body=")), None)
            headers = fields([word for word in rest if not word.startswith(("length=", "body="))])
            engine.send_response(stream, Response(int(verb), headers), body, length)

    def look(self) -> None:
        """Take the events and what was said."""
        while (item := self.engine.next_event()) is not None:
            text = describe(*item)
            before = self.events[-1] if self.events else ""
            if f"{item[0]} data " in before and f"{item[0]} data " in text:
                text = self.events.pop() + text.removeprefix(f"{item[0]} data ")
            self.events.append(text)
        self.heard += [self.name(*frame) for frame in take_apart(said(self.engine))]

    def name(self, kind: int, flags: int, stream: int, payload: bytes) -> str:
        """A frame of the engine's in a line."""
        name = NAMES[kind]
        words = [name] if name in OF_CONNECTIONS else [name, str(stream)]
        if flags & 1:
            words.append("END_STREAM" if name in ("DATA", "HEADERS") else "ACK")
        return " ".join([*words, *self.content(name, payload)])

    def content(self, name: str, payload: bytes) -> list[str]:
        """What is in a frame of the engine's."""
        if name == "HEADERS":
            return [f"{key.decode()}={show(value)}" for key, value in self.decoder.decode(payload)]
        if name == "RST_STREAM":
            return [codes.NAMES[int.from_bytes(payload, "big")]]
        if name == "WINDOW_UPDATE":
            return [str(int.from_bytes(payload, "big"))]
        if name == "GOAWAY":
            code = codes.NAMES[int.from_bytes(payload[4:8], "big")]
            return [str(int.from_bytes(payload[:4], "big")), code, *payload[8:].decode().split()]
        if name == "SETTINGS":
            return [
                f"{payload[at + 1]}={int.from_bytes(payload[at + 2 : at + 6], 'big')}"
                for at in range(0, len(payload), 6)
            ]
        return [show(payload)] if payload else []


def show(data: bytes) -> str:
    """Bytes as text, with Python's escapes."""
    return data.decode("latin-1").encode("unicode_escape").decode()


def describe(stream: int, event: Event) -> str:
    """An event in a few words."""
    if isinstance(event, Request):
        body = "" if event.complete else " body" if event.length is None else f" length={event.length}"
        offered = f" upgrade={event.upgrade.decode()}" if event.upgrade else ""
        return f"{stream} {event.method} {event.target.decode()} {event.authority.decode() or '-'}{body}{offered}"
    if isinstance(event, Data):
        return f"{stream} data {show(event.data)}"
    if isinstance(event, Refused):
        return f"{stream} refused {event.status} {event.why}"
    if isinstance(event, Reset):
        return f"{stream} reset {event.why}"
    assert isinstance(event, End)
    return " ".join([f"{stream} end", *(f"{name.decode()}:{value.decode()}" for name, value in event.trailers)])


# Frames of the peer's, from their lines


def spell(line: str) -> bytes:
    """The bytes of a frame that a line stands for."""
    name, *words = line.split(" ")
    if name in ("GET", "POST", "HEAD", "OPTIONS"):
        more = dict(word.split("=", 1) for word in words[2:])
        pseudo = {":method": name, ":scheme": "http", ":authority": "h", ":path": words[1]}
        return frames.headers_frames(int(words[0]), block(pseudo | more), 0 if name == "POST" else frames.END_STREAM)
    if name == "BYTES":
        return literal(words[0])
    if name == "FRAME":
        return frames.frame(int(words[0]), 0, int(words[1]), literal(words[2]) if words[2:] else b"")
    stream = 0 if name in OF_CONNECTIONS else int(words.pop(0))
    if words and words[0].startswith("STREAM="):
        stream = int(words.pop(0)[7:])
    flags = 0
    padding = None
    while words and words[0].split("=")[0] in FLAGS:
        word = words.pop(0)
        flags |= FLAGS[word.split("=")[0]]
        padding = int(word[7:]) if word.startswith("PADDED=") else padding
    payload = payload_of(name, words)
    if padding is not None:
        payload = bytes([padding]) + payload + bytes(padding)
    size = len(payload)
    return frames.HEAD.pack(size >> 16, size & 0xFFFF, KINDS[name], flags, stream) + payload


def payload_of(name: str, words: list[str]) -> bytes:
    """The payload that the rest of a line stands for; `raw=` is one as it is."""
    raw = b"".join(literal(word[4:]) for word in words if word.startswith("raw="))
    words = [word for word in words if not word.startswith("raw=")]
    if not words:
        return raw
    if name in ("HEADERS", "CONTINUATION"):
        pairs = [word.split("=", 1) for word in words]
        return raw + b"".join(represent(key.encode(), literal(value)) for key, value in pairs)
    if name == "SETTINGS":
        pairs = [word.split("=") for word in words]
        return b"".join(int(key).to_bytes(2, "big") + int(value).to_bytes(4, "big") for key, value in pairs)
    if name in ("WINDOW_UPDATE", "PRIORITY"):
        number = int(words[0]).to_bytes(4, "big")
        return number + (b"\x0f" if name == "PRIORITY" else b"")
    if name == "RST_STREAM":
        code: int = CODES[words[0]]
        return code.to_bytes(4, "big")
    if name == "PRIORITY_UPDATE":
        return int(words[0]).to_bytes(4, "big") + " ".join(words[1:]).encode()
    return literal(" ".join(words))
