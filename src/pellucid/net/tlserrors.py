"""What OpenSSL and the system say of a fault, in words that fit into a line; it knows neither files nor links."""

from __future__ import annotations

import re
import ssl


def explain(error: OSError) -> str:
    """What went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason: str | None = getattr(error, "reason", None)
        return (
            reason.lower().replace("_", " ") if reason else re.sub(r"^\[SSL\] | \(_ssl.*\)$", "", str(error.args[-1]))
        )
    return (error.strerror or str(error)).lower()
