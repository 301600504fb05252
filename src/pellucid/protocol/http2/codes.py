"""The error codes of RFC 9113 section 7, and the two faults that a peer's frames can be: of a stream, or of it all."""

from __future__ import annotations

NO_ERROR = 0x00
PROTOCOL_ERROR = 0x01
INTERNAL_ERROR = 0x02
FLOW_CONTROL_ERROR = 0x03
SETTINGS_TIMEOUT = 0x04
STREAM_CLOSED = 0x05
FRAME_SIZE_ERROR = 0x06
REFUSED_STREAM = 0x07
CANCEL = 0x08
COMPRESSION_ERROR = 0x09
CONNECT_ERROR = 0x0A
ENHANCE_YOUR_CALM = 0x0B
INADEQUATE_SECURITY = 0x0C
HTTP_1_1_REQUIRED = 0x0D

NAMES = {code: name for name, code in globals().items() if name.isupper()}
"""The codes' names, for whoever reads a log."""


class ConnectionFault(Exception):
    """A fault after which nothing on the connection can be trusted (RFC 9113 section 5.4.1)."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class StreamFault(Exception):
    """A fault that ends one stream and leaves the others alone (RFC 9113 section 5.4.2)."""

    def __init__(self, stream: int, code: int, why: str) -> None:
        super().__init__(why)
        self.stream = stream
        self.code = code
        self.why = why


def protocol_fault(why: str) -> ConnectionFault:
    """The usual fault of a connection: PROTOCOL_ERROR."""
    return ConnectionFault(PROTOCOL_ERROR, why)
