"""The integers and strings of HPACK (RFC 7541 section 5), read and spelled; it knows no table."""

from __future__ import annotations

from pellucid.protocol.http2.huffman import CompressionFault, DecodedStrings
from pellucid.protocol.http2.huffman import decode as decode_huffman
from pellucid.protocol.http2.huffman import encode as encode_huffman


def read_integer(data: bytes, at: int, prefix: int) -> tuple[int, int]:
    """The integer that begins in the octet at this place, in the bits of `prefix`, and the place behind it (RFC 7541
    section 5.1). Raises CompressionFault.
    """
    value = data[at] & prefix
    at += 1
    if value < prefix:
        return value, at
    for shift in (0, 7, 14, 21):  # up to 2 ** 28: no block is so long
        if at == len(data):
            raise CompressionFault("a block that ends in an integer (RFC 7541 5.1)")
        byte = data[at]
        at += 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise CompressionFault("an integer of more than five octets (RFC 7541 5.1)")


def spell_integer(value: int, prefix: int, kind: int = 0) -> bytes:
    """The integer with a prefix of these bits, behind those of `kind` (RFC 7541 section 5.1)."""
    if value < prefix:
        return bytes((kind | value,))
    octets = bytearray((kind | prefix,))
    value -= prefix
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def read_string(data: bytes, at: int, secret: bool = False) -> tuple[bytes, int]:
    """The string literal at this place, and the place behind it (RFC 7541 section 5.2); a secret is not remembered.

    Raises CompressionFault.
    """
    if at == len(data):
        raise CompressionFault("a block that ends before a string (RFC 7541 5.2)")
    byte = data[at]
    length = byte & 0x7F
    at += 1
    if length == 0x7F:
        length, at = read_integer(data, at - 1, 0x7F)
    end = at + length
    if end > len(data):
        raise CompressionFault("a block that ends in a string (RFC 7541 5.2)")
    octets = data[at:end]
    if byte >= 0x80:
        octets = decode_huffman(octets) if secret else _decoded_strings[octets]
    return octets, end


def spell_string(octets: bytes) -> bytes:
    """A string literal, in Huffman's code where that is shorter (RFC 7541 section 5.2)."""
    short = encode_huffman(octets)
    if len(short) < len(octets):
        return spell_integer(len(short), 0x7F, 0x80) + short
    return spell_integer(len(octets), 0x7F) + octets


_decoded_strings = DecodedStrings()
