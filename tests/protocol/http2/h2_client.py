"""The package h2 as a client that takes liberties: padding, split header blocks, unknown frames and priorities."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from random import Random

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    PingAckReceived,
    ResponseReceived,
    SettingsAcknowledged,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Fields = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What came back on a stream. `ended` is a whole answer; `reset` holds the code of a RST_STREAM."""

    interim: list[tuple[int, Fields]] = field(default_factory=list)
    status: int = 0
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    ended: bool = False
    reset: ErrorCodes | int | None = None


class Client:
    """One connection's worth of it: `machine` is h2's own, `answers` what became of each stream, and `unheard` how many
    of its settings the server has not acknowledged.
    """

    def __init__(self, random: Random) -> None:
        self.machine = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.machine.initiate_connection()
        self.answers: dict[int, Answer] = {}
        self.pings: list[bytes] = []
        self.unheard = 1
        self.farewells: list[GoAwayFrame] = []
        self._random = random
        self._owed: list[tuple[int, int]] = []
        self._came = b""
        self._greeted = False

    @property
    def may_open(self) -> bool:
        """Whether the server has announced room for another stream."""
        most = self.machine.remote_settings.max_concurrent_streams
        return not self.farewells and self.machine.open_outbound_streams < most

    def open(self, fields: Fields, complete: bool) -> int:
        """Send a request, with a priority now and then; answers with its stream."""
        stream = self.machine.get_next_available_stream_id()
        self.answers[stream] = Answer()
        weight = self._random.choice([None, None, 1, 256])
        self.machine.send_headers(stream, fields, end_stream=complete, priority_weight=weight)
        return stream

    def send(self, stream: int, data: bytes, padding: int | None = None) -> int:
        """Send as much of a body as the windows let; answers with how much that was."""
        extra = 0 if padding is None else padding + 1
        room = min(self.machine.local_flow_control_window(stream), self.machine.max_outbound_frame_size) - extra
        part = data[: max(room, 0)]
        if part:
            self.machine.send_data(stream, part, pad_length=padding)
        return len(part)

    def change(self) -> None:
        """Announce another setting, any that a client may, once the last one is acknowledged: h2 takes one word of that
        for all of them.
        """
        random = self._random
        if self.unheard:
            return
        code, value = random.choice(
            [
                (SettingCodes.INITIAL_WINDOW_SIZE, random.choice([0, 1, 100, 20_000, 65_535, 1 << 20])),
                (SettingCodes.HEADER_TABLE_SIZE, random.choice([0, 1, 64, 4096, 65_536])),
                (SettingCodes.MAX_FRAME_SIZE, random.choice([16_384, 20_000, (1 << 24) - 1])),
                (SettingCodes.MAX_CONCURRENT_STREAMS, random.choice([1, 100])),
                (SettingCodes.MAX_HEADER_LIST_SIZE, 65_536),
            ]
        )
        self.machine.update_settings({code: value})
        self.unheard += 1

    def open_windows(self) -> None:
        """Let every stream go on, whatever was announced before."""
        assert not self.unheard or self.farewells
        self.machine.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20})
        self.acknowledge(everything=True)

    def acknowledge(self, everything: bool = False) -> None:
        """Give room for a part of what has come, or for all of it."""
        self._random.shuffle(self._owed)
        keep = 0 if everything else len(self._owed) // 2
        owed, self._owed = self._owed[keep:], self._owed[:keep]
        for stream, count in owed:
            self.machine.acknowledge_received_data(count, stream)

    def receive(self, data: bytes) -> None:
        """Take bytes of the server; h2 raises what is wrong with them."""
        self._came += data
        while len(self._came) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._came[:9]))
            if len(self._came) < 9 + length:
                return
            data, self._came = self._came[: 9 + length], self._came[9 + length :]
            if isinstance(frame, GoAwayFrame):
                # h2 takes nothing more after it, but what has begun goes on (RFC 9113 6.8).
                frame.parse_body(memoryview(data[9:]))
                self.farewells.append(frame)
                continue
            if isinstance(frame, DataFrame) and not length:
                self._lift(frame.stream_id)
            for event in self.machine.receive_data(data):
                self._note(event)

    def _lift(self, stream: int) -> None:
        # An empty end may come while a window is below zero (RFC 9113 6.9); h2 takes it for one byte too many.
        if stream in self.machine.streams:
            below = min(self.machine.remote_flow_control_window(stream), 0)
            if below:
                self.machine.increment_flow_control_window(-below, stream)

    def output(self) -> bytes:
        """What goes to the server, whole frames of it."""
        data = self.machine.data_to_send()
        words = b""
        if not self._greeted:
            # RFC 9113 3.4: SETTINGS come first.
            assert data.startswith(PREFACE)
            self._greeted = True
            return data
        while data:
            frame, length = Frame.parse_frame_header(memoryview(data[:9]))
            frame.parse_body(memoryview(data[9 : 9 + length]))
            words += self._free(frame)
            data = data[9 + length :]
        return words

    def _note(self, event: Event) -> None:
        if isinstance(event, PingAckReceived):
            self.pings.append(event.ping_data)
        elif isinstance(event, SettingsAcknowledged):
            self.unheard -= 1
        elif isinstance(event, DataReceived):
            self.answers[event.stream_id].body += event.data
            self._owed.append((event.stream_id, event.flow_controlled_length))
        elif isinstance(event, StreamEnded):
            self.answers[event.stream_id].ended = True
        elif isinstance(event, StreamReset):
            if event.remote_reset:
                self.answers[event.stream_id].reset = event.error_code
        elif isinstance(event, ResponseReceived | InformationalResponseReceived | TrailersReceived):
            self._note_fields(event)

    def _note_fields(self, event: ResponseReceived | InformationalResponseReceived | TrailersReceived) -> None:
        fields: Fields = [(bytes(name), bytes(value)) for name, value in event.headers]
        answer = self.answers[event.stream_id]
        if isinstance(event, TrailersReceived):
            answer.trailers = fields
            return
        (name, status), *fields = fields
        assert name == b":status"
        if isinstance(event, ResponseReceived):
            answer.status, answer.fields = int(status), fields
        else:
            answer.interim.append((int(status), fields))

    def _free(self, frame: Frame) -> bytes:
        """The same frame, in one of the other ways to say it."""
        random = self._random
        words = b""
        if random.random() < 0.1 and not isinstance(frame, ContinuationFrame):
            # RFC 9113 4.1: frames of unknown types are ignored.
            kind, stream = random.randrange(0x20, 0x100), random.choice([0, 1, 7, 2**31 - 1])
            words += struct.pack(">BHBBL", 0, 9, kind, 0xFF, stream) + random.randbytes(9)
        if not isinstance(frame, HeadersFrame) or len(frame.data) > 16_000:
            return words + frame.serialize()
        if random.random() < 0.3:
            frame.flags.add("PADDED")
            frame.pad_length = random.choice([0, 1, 255])
        if random.random() < 0.7:
            return words + frame.serialize()
        # RFC 9113 4.3: where a block is cut has no meaning, and a part may be empty.
        block = frame.data
        cuts = sorted(random.randint(0, len(block)) for _ in range(random.randint(1, 3)))
        parts = [block[start:end] for start, end in zip([0, *cuts], [*cuts, len(block)], strict=True)]
        frame.flags.discard("END_HEADERS")
        frame.data = parts[0]
        rest = [ContinuationFrame(frame.stream_id, part) for part in parts[1:]]
        rest[-1].flags.add("END_HEADERS")
        return words + b"".join(each.serialize() for each in [frame, *rest])
