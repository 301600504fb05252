"""The compression of messages, permessage-deflate (RFC 7692): what is agreed on, and both ways of it, by zlib."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from pellucid.protocol.websocket.codes import TOO_BIG, Fault, protocol_fault
from pellucid.protocol.websocket.extensions import Extension

NAME = "permessage-deflate"

TAIL = b"\x00\x00\xff\xff"
"""The end of each flush, which is not sent (RFC 7692 section 7.2.1)."""

LARGEST_WINDOW = 15
SMALLEST_WINDOW = 9
"""Section 7.1.2 knows windows of 8 bits too, but zlib cannot deflate with one."""

MOST_ENDS = 16
"""How many final blocks of DEFLATE one message may have (section 7.2.3.4): each begins another decompressor."""

_BITS = {str(bits): bits for bits in range(8, LARGEST_WINDOW + 1)}


@dataclass(frozen=True, slots=True)
class Deflation:
    """What both sides have agreed on: windows as powers of two, and whether they outlive a message.

    `sent` is what goes our way to the peer, `received` what comes from it.
    """

    sent_bits: int = LARGEST_WINDOW
    received_bits: int = LARGEST_WINDOW
    sent_takeover: bool = True
    received_takeover: bool = True


def agree(
    offers: Iterable[Extension], bits: int = LARGEST_WINDOW, takeover: bool = True
) -> tuple[Deflation, Extension] | None:
    """What a server agrees to, and how it says so: the first offer of permessage-deflate that it can take; None for
    none (section 5.1, 7.1). An offer with a parameter that is not known, or wrong, or twice, is passed over.

    `bits` is the largest window that we wish for both ways, and `takeover` whether windows may outlive a message.
    """
    for offer in offers:
        if offer.name == NAME and (parameters := _read(offer)) is not None:
            return _answer(parameters, bits, takeover)
    return None


def _read(offer: Extension) -> dict[str, int] | None:
    # The parameters with their values, 0 for none; None where one of them breaks a rule of section 7.1.
    read: dict[str, int] = {}
    for name, value in offer.parameters:
        if name in read:
            return None
        if name in ("server_no_context_takeover", "client_no_context_takeover"):
            if value is not None:
                return None
            read[name] = 0
        elif name == "server_max_window_bits":
            if value not in _BITS or _BITS[value] < SMALLEST_WINDOW:
                return None
            read[name] = _BITS[value]
        elif name == "client_max_window_bits":
            if value is not None and value not in _BITS:
                return None
            read[name] = _BITS[value] if value is not None else LARGEST_WINDOW
        else:
            return None
    return read


def _answer(read: dict[str, int], bits: int, takeover: bool) -> tuple[Deflation, Extension]:
    said: list[tuple[str, str | None]] = []
    sent_takeover = takeover and "server_no_context_takeover" not in read
    received_takeover = takeover and "client_no_context_takeover" not in read
    if not sent_takeover:
        said.append(("server_no_context_takeover", None))
    if not received_takeover:
        said.append(("client_no_context_takeover", None))
    sent = min(bits, read.get("server_max_window_bits", LARGEST_WINDOW))
    if sent < LARGEST_WINDOW:
        said.append(("server_max_window_bits", str(sent)))
    received = LARGEST_WINDOW
    if "client_max_window_bits" in read:  # section 7.1.2.2: who did not offer it must not be answered with it
        received = min(bits, read["client_max_window_bits"])
        if received < LARGEST_WINDOW:
            said.append(("client_max_window_bits", str(received)))
    return Deflation(sent, received, sent_takeover, received_takeover), Extension(NAME, tuple(said))


class Deflate:
    """Both ways of one connection's compression. What it needs of memory it takes when it is needed first."""

    __slots__ = ("_compressor", "_deflation", "_level", "_threshold")

    def __init__(self, deflation: Deflation, level: int, threshold: int) -> None:
        self._deflation = deflation
        self._level = min(max(level, 1), 9)
        self._threshold = max(threshold, 1)
        self._compressor: zlib._Compress | None = None

    def compress(self, payload: bytes) -> bytes | None:
        """The payload of a whole message, compressed; None where it is too small to gain by it."""
        if len(payload) < self._threshold:
            return None
        compressor = self._compressor
        if compressor is None:
            bits = self._deflation.sent_bits
            # The hash takes as much as the window then, as in zlib's own default of 15 and 8.
            compressor = zlib.compressobj(self._level, zlib.DEFLATED, -bits, bits - 7)
            if self._deflation.sent_takeover:
                self._compressor = compressor
        data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return data[:-4]

    def inflater(self) -> Inflater:
        """What inflates the messages that come, one after the other."""
        deflation = self._deflation
        return Inflater(max(deflation.received_bits, SMALLEST_WINDOW), deflation.received_takeover)


class Inflater:
    """Inflates messages, each as a whole, and never makes more of one than there is room for."""

    __slots__ = ("_bits", "_decompressor", "_takeover")

    def __init__(self, bits: int, takeover: bool) -> None:
        self._bits = bits
        self._takeover = takeover
        self._decompressor: zlib._Decompress | None = None

    def inflate(self, message: bytes | bytearray, room: int) -> bytes:
        """What a compressed message holds, at most `room` bytes. Raises Fault for more, or for what is no DEFLATE."""
        decompressor = self._decompressor
        if decompressor is None:
            decompressor = zlib.decompressobj(-self._bits)
        try:
            # With one byte more than there is room for zlib either comes to the end or goes too far.
            data = decompressor.decompress(message + TAIL, room + 1)
            if decompressor.eof:
                decompressor, data = self._behind_the_end(decompressor, data, room)
        except zlib.error:
            raise protocol_fault("a compressed message that is no DEFLATE (RFC 7692 7.2.2)") from None
        if len(data) > room:
            raise Fault(TOO_BIG, "a message that is too large once it is inflated: websocket-message-size")
        if self._takeover:
            self._decompressor = decompressor
        return data

    def _behind_the_end(self, decompressor: zlib._Decompress, data: bytes, room: int) -> tuple[zlib._Decompress, bytes]:
        # A final block may be followed by others (section 7.2.3.4), which zlib takes for another stream. They may
        # refer to what the message held before them, so that goes along; what earlier messages held is lost.
        ends, window = 0, 1 << self._bits
        while decompressor.eof and len(data) <= room:
            ends += 1
            if ends > MOST_ENDS:
                raise protocol_fault("a message of too many final blocks (RFC 7692 7.2.3.4)")
            rest = decompressor.unused_data
            decompressor = zlib.decompressobj(-self._bits, zdict=data[-window:])
            data += decompressor.decompress(rest, room + 1 - len(data))
        return decompressor, data
