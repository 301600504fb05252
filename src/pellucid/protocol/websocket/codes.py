"""Why a WebSocket was closed: the codes of RFC 6455 section 7.4, and the fault that a peer's frames can be."""

from __future__ import annotations

from pellucid.errors import WrongAnswer

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
NO_CODE = 1005
ABNORMAL = 1006
INVALID_DATA = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
MANDATORY_EXTENSION = 1010
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
BAD_GATEWAY = 1014

NAMES = {code: name for name, code in globals().items() if name.isupper()}
"""The codes' names, for whoever reads a log."""

SENDABLE = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))
"""What may stand in a Close frame: what RFC 6455 section 7.4.1 and the registry of section 11.7 name, less those that
only tell of what no frame said, and the two ranges that are for libraries and for applications (section 7.4.2).
"""

LONGEST_REASON = 123
"""What of a control frame's 125 bytes the code leaves (section 5.5)."""


class Fault(Exception):
    """The peer broke a rule, and the WebSocket fails (section 7.1.7). Raised and caught inside the engine only."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def protocol_fault(why: str) -> Fault:
    """The usual fault: PROTOCOL_ERROR."""
    return Fault(PROTOCOL_ERROR, why)


def spell_close(code: int, reason: str = "") -> bytes:
    """The payload of a Close frame; a reason of more than 123 bytes loses its end, and NO_CODE stands for no payload.

    Raises WrongAnswer for a code that may not be sent (section 7.4).
    """
    if code == NO_CODE:
        return b""
    if code not in SENDABLE:
        raise WrongAnswer(f"{code} is no code to close a WebSocket with; an app's own are 4000 to 4999 (RFC 6455 7.4)")
    return code.to_bytes(2, "big") + _shortened(reason.encode(errors="replace"))


def read_close(payload: bytes) -> tuple[int, str]:
    """The code and the reason in a Close frame; NO_CODE where it is empty (section 5.5.1). Raises Fault."""
    if not payload:
        return NO_CODE, ""
    if len(payload) == 1:
        raise protocol_fault("a Close of one byte (RFC 6455 5.5.1)")
    code = int.from_bytes(payload[:2], "big")
    if code not in SENDABLE:
        raise protocol_fault(f"a Close with the code {code} (RFC 6455 7.4)")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise Fault(INVALID_DATA, "the reason of a Close is not UTF-8 (RFC 6455 5.5.1)") from None


def _shortened(reason: bytes) -> bytes:
    if len(reason) <= LONGEST_REASON:
        return reason
    return reason[:LONGEST_REASON].decode(errors="ignore").encode()
