"""One message on its way in: its fragments joined, inflated and checked as they come, within limits."""

from __future__ import annotations

from codecs import utf_8_decode

from pellucid.protocol.limits import UNBOUNDED
from pellucid.protocol.websocket.codes import INVALID_DATA, TOO_BIG, Fault
from pellucid.protocol.websocket.deflate import Inflater
from pellucid.protocol.websocket.frames import TEXT


def not_utf8() -> Fault:
    """The fault of a text message that is none."""
    return Fault(INVALID_DATA, "a text message that is not UTF-8 (RFC 6455 8.1)")


class Incoming:
    """A message whose end has not come. What it holds is one buffer, however many its fragments are."""

    __slots__ = ("_announced", "_fragments", "_held", "_inflater", "_most", "_most_announced", "_tail", "text")

    def __init__(self, opcode: int, inflater: Inflater | None, most: int) -> None:
        self.text = opcode == TEXT
        self._inflater = inflater
        self._most = most or UNBOUNDED
        # What does not shrink grows by 5 bytes for each block of DEFLATE, and no message is made larger than that.
        self._most_announced = self._most if inflater is None else self._most + self._most // 64 + 64
        self._announced = 0
        self._fragments = 0
        self._held = bytearray()
        self._tail = b""  # the beginning of a character whose rest has not come

    def announce(self, size: int, most_fragments: int) -> None:
        """A frame of so many bytes begins. Raises Fault before they come, if they are too many."""
        self._announced += size
        self._fragments += 1
        if self._announced > self._most_announced:
            raise Fault(TOO_BIG, f"a message of more than {self._most} bytes: websocket-message-size")
        if most_fragments and self._fragments > most_fragments:
            raise Fault(TOO_BIG, f"a message of more than {most_fragments} fragments: websocket-fragments")

    def add(self, piece: bytes | bytearray) -> None:
        """Take a piece that is not the last. Raises Fault as soon as it can be told that the message is wrong.

        What is compressed stays so until its end has come: a client that never sends that holds no more memory here
        than it has sent.
        """
        if self.text and self._inflater is None:
            self._check(piece)
        if type(piece) is bytearray and not self._held:
            self._held = piece
        else:
            self._held += piece

    def finish(self, piece: bytes | bytearray) -> str | bytes:
        """Take the last piece, and give the whole message. Raises Fault."""
        held = self._held
        if held:
            held += piece
            piece = held
        if self._inflater is not None:
            piece = self._inflater.inflate(piece, self._most)
        if not self.text:
            return bytes(piece)
        try:
            return piece.decode()
        except UnicodeDecodeError:
            raise not_utf8() from None

    def _check(self, piece: bytes | bytearray) -> None:
        # What is wrong is told at its first wrong byte. Half of a surrogate pair Python takes for a beginning.
        data = self._tail + piece
        try:
            _, used = utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            raise not_utf8() from None
        self._tail = bytes(data[used:])
        if self._tail[:1] == b"\xed" and self._tail[1:] > b"\x9f":
            raise not_utf8()
