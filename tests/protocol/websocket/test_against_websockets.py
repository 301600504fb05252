"""The engine beside the package websockets, whose machine is pure too: what one makes of bytes, so does the other."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as Kind
from websockets.protocol import CLIENT, SERVER, Protocol, State

from pellucid.protocol.websocket.deflate import Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.events import Closed, Event, Ping, Pong
from pellucid.protocol.websocket.frames import masked_frame
from protocol.battery import cut
from protocol.websocket.framing import limits, said, server

ROUNDS = 400
MOST = 3000

DEFLATIONS = [None, Deflation(12, 12), Deflation(9, 15, False, True), Deflation(15, 10, True, False)]

PAYLOADS = [b"", b"a", b"Hello", "grüße".encode(), b"x" * 125, b"y" * 126, b"z" * 2000, b"\xff", b"\xc3", b"\xa9"]
CONTROLS = [b"", b"ping", b"p" * 125, b"\x03\xe8", b"\x03\xe9bye", b"\x03", b"\x03\xed", b"\x0b\xb8\xff"]

# Where the two differ, and why: a head that breaks two rules is refused there for its length first, and here for its
# opcode; a Close that does, there for its reason, and here for its code. And the first wrong byte of a text is told at
# once here (1007), there at the end of its message, before which the peer may close, break another rule, or go silent.
# Lengths that are not in their shortest form are taken there; what is made up here has none.
DIFFERENT = [(1002, 1009), (1002, 1007)]


@dataclass
class Heard:
    """What a machine made of bytes: messages and pongs, and the code it ended with, 0 for none."""

    told: list[object] = field(default_factory=list)
    code: int = 0
    fault: bool = False


def theirs(side: object, deflation: Deflation | None) -> Protocol:
    """A machine of the other kind, its handshake done."""
    protocol = Protocol(SERVER if side is SERVER else CLIENT, max_size=MOST)
    if deflation is not None:
        remote, local = deflation.received_bits, deflation.sent_bits
        forgets = (not deflation.received_takeover, not deflation.sent_takeover)
        if side is CLIENT:
            remote, local, forgets = local, remote, forgets[::-1]
        protocol.extensions = [PerMessageDeflate(*forgets, remote, local)]
    return protocol


def heard_by_us(pieces: list[bytes], deflation: Deflation | None) -> tuple[Heard, WebSocket]:
    socket = server(limits(message_size=MOST), deflation)
    heard = Heard()
    for piece in pieces:
        socket.receive(piece)
        while (event := socket.next_event()) is not None:
            _note(event, heard)
    return heard, socket


def _note(event: Event, heard: Heard) -> None:
    if isinstance(event, Closed):
        heard.code, heard.fault = event.code, event.fault
    elif isinstance(event, Ping):
        heard.told.append(("ping", event.data))
    elif isinstance(event, Pong):
        heard.told.append(("pong", event.data))
    else:
        heard.told.append(event)


def heard_by_them(pieces: list[bytes], deflation: Deflation | None) -> tuple[Heard, Protocol]:
    protocol = theirs(SERVER, deflation)
    heard = Heard()
    parts: list[Frame] = []
    for piece in pieces:
        protocol.receive_data(piece)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Kind.PING, Kind.PONG):
                heard.told.append((event.opcode.name.lower(), bytes(event.data)))
            elif event.opcode is not Kind.CLOSE:
                parts.append(event)
                if event.fin:
                    _join(parts, heard, protocol)
                    parts.clear()
    if protocol.state is not State.OPEN and not heard.code:
        failed = protocol.parser_exc is not None and protocol.close_rcvd is None
        close = protocol.close_sent if failed or protocol.close_rcvd is None else protocol.close_rcvd
        heard.code, heard.fault = (int(close.code) if close else 0), failed
    return heard, protocol


def _join(parts: list[Frame], heard: Heard, protocol: Protocol) -> None:
    # Whoever uses their machine decodes what it gives, and fails the connection where that cannot be.
    data = b"".join(bytes(part.data) for part in parts)
    if parts[0].opcode is Kind.BINARY:
        heard.told.append(data)
        return
    try:
        if not heard.code:
            heard.told.append(data.decode())
    except UnicodeDecodeError:
        heard.code, heard.fault = 1007, True
        heard.told.append(None)


def noise(chance: random.Random, deflation: Deflation | None) -> bytes:
    """Frames as a client would send them, most of them right."""
    data = b""
    inside = False
    for _ in range(chance.randint(1, 8)):
        luck = chance.random()
        if luck < 0.2:
            first, payload = 0x80 | chance.choice([0x9, 0xA, 0xA, 0x8]), chance.choice(CONTROLS)
        elif luck < 0.93:
            fin = chance.random() < 0.6
            first = (0x80 if fin else 0) | (0 if inside else chance.choice([1, 2]))
            inside = not fin
            payload = chance.choice(PAYLOADS)
        else:
            first, payload = chance.randrange(256), chance.choice(PAYLOADS)
        data += masked_frame(first, payload, chance.randbytes(4))
    if chance.random() < 0.1:
        at = chance.randrange(len(data))
        data = data[:at] + chance.randbytes(1) + data[at + 1 :]
    return data


@pytest.mark.parametrize("deflation", DEFLATIONS[:2])
@pytest.mark.parametrize("part", range(5))
def test_both_make_the_same_of_frames(part: int, deflation: Deflation | None) -> None:
    for seed in range(part * ROUNDS, (part + 1) * ROUNDS):
        chance = random.Random(seed)
        data = noise(chance, deflation)
        pieces = cut(data, [chance.randrange(len(data) + 1) for _ in range(3)])
        ours, _ = heard_by_us(pieces, deflation)
        other, _ = heard_by_them(pieces, deflation)
        if None in other.told:  # a text was no UTF-8, and their user would have read on no more
            other.told = other.told[: other.told.index(None)]
        assert ours.told == other.told[: len(ours.told)], f"seed {seed}"
        if ours.told != other.told:  # there the fault shows at the end of the frame, or of the message
            assert (ours.code, ours.fault) == (1007, True), f"seed {seed}"
        if ours.fault or other.fault:
            assert ours.fault, f"seed {seed}: they refuse it with {other.code}"
            assert ours.code in (other.code, 1007) or (ours.code, other.code) in DIFFERENT, f"seed {seed}"
        else:
            assert (ours.code or 0) == (other.code or 0), f"seed {seed}"


@pytest.mark.parametrize("deflation", DEFLATIONS)
def test_what_one_says_the_other_understands(deflation: Deflation | None) -> None:
    chance = random.Random(2)
    here, there = server(limits(message_size=0), deflation), theirs(CLIENT, deflation)
    there.max_message_size = None
    for _ in range(200):
        size = chance.choice([0, 1, 100, 125, 126, 300, 5000, 65535, 70_000])
        message = chance.choice([bytes(chance.choices(b"abc ", k=size)), b"x" * size])
        if chance.random() < 0.5:
            there.send_text(message)
            here.receive(b"".join(there.data_to_send()))
            assert here.next_event() == message.decode()
            here.send_text(message.decode())
        else:
            there.send_binary(message[: size // 2], fin=False)
            there.send_ping(b"between")
            there.send_continuation(message[size // 2 :], fin=True)
            here.receive(b"".join(there.data_to_send()))
            assert here.next_event() == Ping(b"between")
            assert here.next_event() == message
            here.send_binary(message)
        there.receive_data(said(here))
        frames = [event for event in there.events_received() if isinstance(event, Frame)]
        assert bytes(frames[-1].data) == message
        assert here.next_event() is None
    here.close(1001, "going")
    there.receive_data(said(here))
    assert there.close_rcvd is not None
    assert (int(there.close_rcvd.code), there.close_rcvd.reason) == (1001, "going")
    here.receive(b"".join(there.data_to_send()))
    assert here.next_event() == Closed(1001, "going")
