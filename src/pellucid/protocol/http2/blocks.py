"""Blocks of fields: put together from HEADERS and CONTINUATION, decoded in order, and the heads among them kept."""

from __future__ import annotations

from pellucid.message import Field
from pellucid.protocol.fields import remember
from pellucid.protocol.http2.calm import Calm
from pellucid.protocol.http2.codes import COMPRESSION_ERROR, ENHANCE_YOUR_CALM, ConnectionFault, protocol_fault
from pellucid.protocol.http2.frames import LARGEST
from pellucid.protocol.http2.head import KEPT_SIZE, Head
from pellucid.protocol.http2.hpack import BOMB, Bomb, Decoder
from pellucid.protocol.http2.huffman import CompressionFault
from pellucid.protocol.limits import UNBOUNDED

KEPT_HEADS = 16
"""How many heads of a connection are kept checked, and how many blocks are known to have come."""

KEPT_LENGTH = 256
"""How long a block is that is kept, in bytes."""

PARTS = 16
"""How many CONTINUATION frames a block may have beyond those that a block of the largest size must have."""


class OpenBlock:
    """A block that is not whole yet: its stream, the flags of its HEADERS, and what has come of it."""

    __slots__ = ("flags", "parts", "size", "stream")

    def __init__(self, stream: int, flags: int, part: bytes) -> None:
        self.stream = stream
        self.flags = flags
        self.parts = [part]
        self.size = len(part)


class Blocks:
    """The blocks of one connection. `open` is the one that is not whole yet, None between blocks.

    `heads` are those that came before, by their blocks: a peer that asks again for the same sends the same few bytes.
    They mean the same for as long as the dynamic table stands still, and are forgotten when it moves. `steady` says
    that the last block did not move it.
    """

    __slots__ = ("_changes", "_decoder", "_most", "_seen", "heads", "open", "steady")

    def __init__(self, list_size: int) -> None:
        self._decoder = Decoder(list_size)
        self._most = max(list_size * BOMB, LARGEST) if list_size else UNBOUNDED
        self._changes = 0
        self.steady = True
        self.open: OpenBlock | None = None
        self.heads: dict[bytes, Head] = {}
        self._seen: dict[bytes, None] = {}

    def begin(self, stream: int, flags: int, part: bytes) -> None:
        """The first part of a block that is not whole has come."""
        self.open = OpenBlock(stream, flags, part)

    def go_on(self, stream: int, part: bytes, calm_of: Calm, now: float) -> OpenBlock:
        """The next part of the block has come (RFC 9113 section 6.10). Raises ConnectionFault."""
        block = self.open
        if block is None or block.stream != stream:
            raise protocol_fault("CONTINUATION without the HEADERS that it continues (RFC 9113 6.10)")
        if not part:
            calm_of.empties.spend(now)
        block.parts.append(part)
        block.size += len(part)
        if block.size > self._most or len(block.parts) > PARTS + self._most // LARGEST:
            raise ConnectionFault(
                ENHANCE_YOUR_CALM, "head-size: a block of fields that does not end (RFC 9113 10.5.1, CVE-2024-27316)"
            )
        return block

    def close(self, block: OpenBlock) -> bytes:
        """The block is whole."""
        self.open = None
        return b"".join(block.parts)

    def decode(self, block: bytes) -> tuple[Field, ...]:
        """The fields of a block. Raises ListTooLarge, or ConnectionFault."""
        decoder = self._decoder
        try:
            return decoder.decode(block)
        except CompressionFault as fault:
            raise ConnectionFault(COMPRESSION_ERROR, str(fault)) from None
        except Bomb as bomb:
            raise ConnectionFault(ENHANCE_YOUR_CALM, f"head-size: {bomb.why}") from None
        finally:
            self.steady = decoder.changes == self._changes
            if not self.steady:
                self.heads.clear()
                self._seen.clear()
                self._changes = decoder.changes

    def keep(self, block: bytes, head: Head) -> None:
        """Keep the head that was made of the last block, if that comes the second time, is small, and would mean the
        same if it came again.
        """
        if not self.steady or len(block) > KEPT_LENGTH or head.fields.size > KEPT_SIZE:
            return
        if block in self._seen:
            remember(self.heads, block, head, KEPT_HEADS)
        else:
            remember(self._seen, block, None, KEPT_HEADS)
