"""The mask that a client puts on its frames (RFC 6455 section 5.3), and how it is taken off: plainly, or by a package.

It is an exclusive or with four bytes over and over. Nothing in the standard library does that to bytes, but two things
do it in C: one large integer, whose conversions cost 1 ns a byte and little to begin with, and `translate`, which gives
a quarter of the bytes at a time another value: 0.8 ns a byte, and 700 to begin with. The package `websockets` has one
function more in C, which takes 0.02 ns a byte and 30 to begin with: it is used for any size, where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable

Unmask = Callable[[bytes, bytes], bytes | bytearray]

# The least payload for which four passes of translate cost less than one large integer.
_LARGE = 512

# What a key of 4 bytes is multiplied with to stand so many times one behind the other.
_REPEATED = tuple(sum(1 << 32 * at for at in range(count)) for count in range(_LARGE // 4 + 1))

# For each byte of a mask the table that translates with it.
_TABLES = tuple(bytes(byte ^ mask for byte in range(256)) for mask in range(256))


def unmask_plainly(payload: bytes, mask: bytes) -> bytes | bytearray:
    """As `unmask`, in plain Python."""
    size = len(payload)
    if size >= _LARGE:
        return _unmask_large(payload, mask)
    key = int.from_bytes(mask, "little") * _REPEATED[(size + 3) >> 2]
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size + 3, "little")[:size]


def _unmask_large(payload: bytes, mask: bytes) -> bytearray:
    data = bytearray(payload)
    for at, byte in enumerate(mask):
        if byte:
            data[at::4] = data[at::4].translate(_TABLES[byte])
    return data


def turned(mask: bytes, count: int) -> bytes:
    """The mask for what stands behind so many bytes."""
    count &= 3
    return mask[count:] + mask[:count] if count else mask


unmask: Unmask
"""The payload with the mask put on or, which is the same, taken off; its first byte meets the mask's first."""

try:
    from websockets.speedups import apply_mask as unmask
except ImportError:
    unmask = unmask_plainly
