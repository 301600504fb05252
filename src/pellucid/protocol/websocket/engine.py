"""WebSocket as a pure machine: bytes in, messages out; messages in, bytes out. It knows no socket, clock or thread."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.errors import WrongAnswer
from pellucid.protocol.limits import UNBOUNDED
from pellucid.protocol.websocket.codes import ABNORMAL, NORMAL, Fault, protocol_fault, read_close, spell_close
from pellucid.protocol.websocket.deflate import Deflate, Inflater
from pellucid.protocol.websocket.events import CLOSED, CLOSING, OPEN, Closed, Event, Ping, Pong
from pellucid.protocol.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    CONTROL,
    FIN,
    LONGEST_CONTROL,
    MASKED,
    OPCODE,
    PING,
    PONG,
    RSV1,
    TEXT,
    binary_frame,
    check_head,
    frame,
    masked_frame,
    read_length,
    read_long,
    text_frame,
)
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.protocol.websocket.masks import turned, unmask
from pellucid.protocol.websocket.messages import Incoming, not_utf8

MOST_PONGS = 32
"""How many answers to PINGs wait to be taken; of more only the latest are sent (RFC 6455 section 5.5.3)."""

_WHOLE_BINARY = FIN | BINARY
_WHOLE = frozenset((FIN | TEXT, _WHOLE_BINARY))
_EMPTY = b""


class WebSocket:
    """One WebSocket from the end of its handshake. A server's side, or with `mask` a client's: it gives the masking
    keys, 4 bytes each that nobody can guess (section 5.3).

    The peer's bytes are parsed when `next_event` is asked and not before, so whoever does not ask holds no message.
    When the peer has closed, or broken a rule, it is owed a Close. Behind `Closed` it may still be sent to, as what it
    has asked for before; then whoever has taken that event says `part`.
    """

    __slots__ = (
        "_at",
        "_deflate",
        "_eof",
        "_final",
        "_held",
        "_incoming",
        "_inflater",
        "_key",
        "_left",
        "_limits",
        "_mask",
        "_output",
        "_owed",
        "_pongs",
        "_quick",
        "_reserved",
        "pending",
        "phase",
    )

    def __init__(
        self, limits: WebSocketLimits, deflate: Deflate | None = None, mask: Callable[[], bytes] | None = None
    ) -> None:
        self.phase = OPEN
        self.pending = False
        self._owed: bytes | None = None
        self._limits = limits
        self._deflate = deflate
        self._inflater: Inflater | None = deflate.inflater() if deflate is not None else None
        self._reserved = RSV1 if deflate is not None else 0
        self._mask = mask
        # The largest message that is read in one go.
        self._quick = (limits.websocket_message_size or UNBOUNDED) if mask is None else -1
        self._held = _EMPTY  # what the peer has sent, and up to where it was parsed
        self._at = 0
        self._incoming: Incoming | None = None  # the message whose end has not come
        self._left = -1  # what its frame still lacks, -1 between frames; then whether that is the last, and its key
        self._final = False
        self._key = _EMPTY
        self._output: list[bytes] = []
        self._pongs: list[bytes] = []
        self._eof = False

    # Questions

    @property
    def closed(self) -> bool:
        """Whether nothing more comes; what `take_output` gives then is the end, and the way is closed behind it."""
        return self.phase is CLOSED

    @property
    def unsaid(self) -> bool:
        """Whether `take_output` has something to give."""
        return bool(self._output or self._pongs)

    # From the peer

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer."""
        if self.phase is CLOSED or self._owed is not None:
            return
        self._held = self._held[self._at :] + data if self._held else data
        self._at = 0
        self.pending = True

    def receive_eof(self) -> None:
        """Take the end of what the peer sends."""
        self._eof = True
        self.pending = self._owed is None

    def next_event(self) -> Event | None:
        """The next event, or None when more bytes must come first. `Closed` is the last."""
        # A message in one frame that has come as a whole: nearly all are.
        held, at = self._held, self._at
        if self._incoming is None and len(held) > at + 5 and self.phase is OPEN:
            size, start = held[at + 1] - MASKED, at + 6
            if size > LONGEST_CONTROL:
                size, start = read_long(held, at, size == 127)
            end = start + size
            if 0 <= size <= self._quick and end <= len(held) and held[at] in _WHOLE:
                return self._whole(held[at], start, end)
        return self._next()

    # To the peer

    def send_text(self, text: str | bytes) -> None:
        """Send a text message; bytes are taken for UTF-8 at the caller's word. Nothing is sent behind a Close.

        Raises WrongAnswer for a text that UTF-8 cannot say.
        """
        try:
            data = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError:
            raise WrongAnswer("a text with half of a surrogate pair is no UTF-8 (RFC 6455 5.6)") from None
        if self.phase is OPEN:
            if self._deflate is None and self._mask is None:
                self._output.append(text_frame(data))
            else:
                self._send_message(TEXT, data)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message. Nothing is sent behind a Close."""
        if self.phase is OPEN:
            if self._deflate is None and self._mask is None:
                self._output.append(binary_frame(data))
            else:
                self._send_message(BINARY, data)

    def ping(self, data: bytes = b"") -> None:
        """Ask whether the peer is there. Raises WrongAnswer for more than 125 bytes."""
        self._send_control(PING, data)

    def pong(self, data: bytes = b"") -> None:
        """Say unasked that we are here; a Ping is answered without this. Raises WrongAnswer for more than 125 bytes."""
        self._send_control(PONG, data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin to close; what the peer says from now on is dropped until it has closed too, or is no more waited for.

        A reason of more than 123 bytes loses its end. Raises WrongAnswer for a code that may not be sent.
        """
        payload = spell_close(code, reason)
        if self._owed is not None:
            self.part()
        elif self.phase is OPEN:
            self._output.append(self._spelled(CLOSE, payload))
            self.phase = CLOSING

    def part(self) -> None:
        """Say the Close that is owed, if one is."""
        if self._owed is not None:
            self._output.append(self._spelled(CLOSE, self._owed))
            self._owed = self._deflate = None
            self.phase = CLOSED

    def drop(self) -> None:
        """Take note that the way to the peer is gone: nothing more comes, and nothing that is sent goes anywhere."""
        self._end(Closed(ABNORMAL))
        self._owed = None

    def take_output(self) -> list[bytes]:
        """What is to be sent, in order; each piece is a whole frame, or several."""
        output, self._output = self._output, []
        if self._pongs:
            output[:0] = self._pongs
            self._pongs = []
        return output

    def put_back(self, piece: bytes) -> None:
        """Keep a piece that was taken, and could not go yet, for who takes the output next."""
        self._output.insert(0, piece)

    def _whole(self, first: int, start: int, end: int) -> Event:
        held = self._held
        payload = unmask(held[start:end], held[start - 4 : start])
        if end == len(held):  # as `_step_to` does, which would be one call more for each message
            self._held = _EMPTY
            self._at = 0
            self.pending = self._eof
        else:
            self._at = end
        if first == _WHOLE_BINARY:
            return bytes(payload)
        try:
            return payload.decode()
        except UnicodeDecodeError:
            return self._fail(not_utf8())

    # What follows is the way of all other frames.

    def _next(self) -> Event | None:
        if self.phase is not CLOSED and self._owed is None:
            try:
                event = self._parse()
            except Fault as fault:
                return self._fail(fault)
            if event is not None:
                return event
            if self._eof:
                return self._end(Closed(ABNORMAL, "the connection ended without a Close (RFC 6455 7.1.5)"))
        self.pending = False
        return None

    def _parse(self) -> Event | None:
        while True:
            if self._left < 0:
                head = self._read_head()
                if head is None:
                    return None
                first, size, start = head
                if first & CONTROL:
                    if len(self._held) < start + size:
                        return None
                    event = self._control(first & OPCODE, self._control_payload(start, size))
                else:
                    self._begin(first, size)
                    self._step_to(start)
                    continue
            else:
                event = self._take_payload()
                if self._left > 0:
                    return None
            if event is not None:
                return event

    def _read_head(self) -> tuple[int, int, int] | None:
        # The first byte, the length and where the payload begins; the key is kept.
        held, at = self._held, self._at
        if len(held) < at + 2:
            return None
        first, second = held[at], held[at + 1]
        check_head(first, second, self._reserved)
        if (second & MASKED == 0) is (self._mask is None):
            raise protocol_fault(f"a frame that is {'not ' if self._mask is None else ''}masked (RFC 6455 5.1)")
        length = read_length(held, at)
        if length is None:
            return None
        size, start = length
        if self._mask is None:
            self._key = held[start : start + 4]
            start += 4
            if len(held) < start:
                return None
        return first, size, start

    def _begin(self, first: int, size: int) -> None:
        opcode, limits, incoming = first & OPCODE, self._limits, self._incoming
        if opcode == CONTINUATION:
            if incoming is None:
                raise protocol_fault("a continuation of no message (RFC 6455 5.4)")
            if first & RSV1:
                raise protocol_fault("a continuation that says it is compressed (RFC 7692 6.1)")
        else:
            if incoming is not None:
                raise protocol_fault("a message before the last one has ended (RFC 6455 5.4)")
            inflater = self._inflater if first & RSV1 else None
            incoming = self._incoming = Incoming(opcode, inflater, limits.websocket_message_size)
        incoming.announce(size, limits.websocket_fragments)
        self._left = size
        self._final = first >= FIN

    def _take_payload(self) -> Event | None:
        # What has come of a frame of data: a part of it is of use, too.
        at, left, incoming = self._at, self._left, self._incoming
        assert incoming is not None
        piece = self._held[at : at + left]
        count = len(piece)
        self._step_to(at + count)
        self._left = left = left - count
        open_ = self.phase is OPEN
        data: bytes | bytearray = piece
        if self._mask is None and open_:
            data = unmask(piece, self._key)
        if left or not self._final:
            if left:
                self._key = turned(self._key, count)
            else:
                self._left = -1
            if count and open_:
                incoming.add(data)
            return None
        self._left = -1
        self._incoming = None
        return incoming.finish(data) if open_ else None

    def _control_payload(self, start: int, size: int) -> bytes:
        payload = self._held[start : start + size]
        self._step_to(start + size)
        return bytes(unmask(payload, self._key)) if self._mask is None else payload

    def _control(self, opcode: int, payload: bytes) -> Event | None:
        if opcode == CLOSE:
            return self._end(Closed(*read_close(payload)), payload)
        if self.phase is not OPEN:
            return None
        if opcode == PONG:
            return Pong(payload)
        del self._pongs[: 1 - MOST_PONGS]
        self._pongs.append(self._spelled(PONG, payload))
        return Ping(payload)

    def _step_to(self, at: int) -> None:
        if at == len(self._held):
            self._held = _EMPTY
            self._at = 0
            self.pending = self._eof
        else:
            self._at = at

    # How it ends

    def _fail(self, fault: Fault) -> Closed:
        return self._end(Closed(fault.code, fault.why, True), spell_close(fault.code, fault.why))

    def _end(self, closed: Closed, answer: bytes | None = None) -> Closed:
        self.pending = False
        self._held = _EMPTY
        self._incoming = self._inflater = None
        if answer is not None and self.phase is OPEN:
            self._owed = answer
        else:
            self.phase = CLOSED
            self._deflate = None
        return closed

    # What goes out

    def _send_message(self, opcode: int, payload: bytes) -> None:
        if self._deflate is not None:
            smaller = self._deflate.compress(payload)
            if smaller is not None:
                opcode |= RSV1
                payload = smaller
        self._output.append(self._spelled(opcode, payload))

    def _send_control(self, opcode: int, data: bytes) -> None:
        if len(data) > LONGEST_CONTROL:
            raise WrongAnswer("a control frame of more than 125 bytes (RFC 6455 5.5)")
        if self.phase is OPEN:
            self._output.append(self._spelled(opcode, data))

    def _spelled(self, bits: int, payload: bytes) -> bytes:
        if self._mask is None:
            return frame(FIN | bits, payload)
        return masked_frame(FIN | bits, payload, self._mask())
