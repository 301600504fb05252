"""The static Huffman code of HPACK (RFC 7541 section 5.2 and appendix B), both ways; it knows no header field."""

from __future__ import annotations

from pellucid.protocol.fields import KEPT, KEPT_LENGTH, remember

# RFC 7541 appendix B: how many bits the code of each octet has, and that of EOS, sixteen to a row. The code is
# canonical: shorter codes come first, and those of one length follow each other in the order of their octets.
APPENDIX_B = """
    13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28
    28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
     6 10 10 12 13  6  8 11 10 10  8 11  8  6  6  6
     5  5  5  6  6  6  6  6  6  6  7  8 15  6 12 10
    13  6  7  7  7  7  7  7  7  7  7  7  7  7  7  7
     7  7  7  7  7  7  7  7  8  7  8 13 19 13 14  6
    15  5  6  5  6  5  6  6  6  5  7  7  6  6  6  5
     6  7  6  5  5  6  7  7  7  7  7 15 11 14 13 28
    20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23
    24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
    22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23
    21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
    26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25
    19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
    20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23
    26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
    30
"""
LENGTHS = tuple(map(int, APPENDIX_B.split()))

EOS = 256


class CompressionFault(Exception):
    """The peer broke RFC 7541: nothing that it compresses on this connection can be read any more."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def encode(data: bytes) -> bytes:
    """The octets in Huffman's code, the last octet filled up with ones."""
    bits = "".join(map(_CODES.__getitem__, data))
    size = (len(bits) + 7) // 8
    return int(bits.ljust(size * 8, "1"), 2).to_bytes(size, "big") if size else b""


def decode(data: bytes) -> bytes:
    """The octets that these stand for. Raises CompressionFault for EOS, and for a padding that is not up to 7 ones."""
    state = _START
    octets = []
    for byte in data:
        decoded, state = state[byte]
        octets.append(decoded)
    if not state.may_end:
        raise CompressionFault("the padding of a Huffman string is not up to 7 ones (RFC 7541 5.2)")
    return b"".join(octets)


class DecodedStrings(dict[bytes, bytes]):
    """A bounded cache from Huffman strings to what they stand for. Nothing secret may be asked of it; the paths with a
    query, which may be secret, and long strings are decoded each time.
    """

    def __missing__(self, data: bytes) -> bytes:
        octets = decode(data)
        if len(octets) <= KEPT_LENGTH and not (octets[:1] == b"/" and b"?" in octets):
            remember(self, data, octets, KEPT)
        return octets


def _canonical_codes() -> list[str]:
    codes = [""] * len(LENGTHS)
    code = before = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(LENGTHS)):
        code <<= length - before
        codes[symbol] = f"{code:0{length}b}"
        code += 1
        before = length
    return codes


_CODES = _canonical_codes()
_SYMBOLS = {code: symbol for symbol, code in enumerate(_CODES)}


class _State(dict[int, tuple[bytes, "_State"]]):
    """Where a decoder is between two octets: the bits that it has of a code not complete yet. It leads by the next
    octet to what that completes and to the state behind it, which is found out when first asked: of the 65,536 steps
    that there are, usual text takes some hundreds.
    """

    __slots__ = ("may_end", "pending")

    def __init__(self, pending: str) -> None:
        super().__init__()
        self.pending = pending
        self.may_end = len(pending) < 8 and "0" not in pending

    def __missing__(self, byte: int) -> tuple[bytes, _State]:
        bits = f"{self.pending}{byte:08b}"
        start = 0
        decoded = bytearray()
        for end in range(len(self.pending) + 1, len(bits) + 1):
            symbol = _SYMBOLS.get(bits[start:end])
            if symbol == EOS:
                raise CompressionFault("EOS in a Huffman string (RFC 7541 5.2)")
            if symbol is not None:
                decoded.append(symbol)
                start = end
        self[byte] = step = (bytes(decoded), _state(bits[start:]))
        return step


_STATES: dict[str, _State] = {}


def _state(pending: str) -> _State:
    """The one state with these bits; there are 256, one for each place where the code's tree forks."""
    if pending not in _STATES:
        _STATES[pending] = _State(pending)
    return _STATES[pending]


_START = _state("")
