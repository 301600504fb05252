"""What OpenSSL and the system say of a fault, in words that fit into a line; it knows neither files nor links."""

from __future__ import annotations

import re
import ssl

_PLAINLY = {
    "EE_KEY_TOO_SMALL": "its key is too short, of which RSA wants 2048 bits and curves 224",
    "CA_KEY_TOO_SMALL": "the key of an authority in it is too short, of which RSA wants 2048 bits and curves 224",
    "CA_MD_TOO_WEAK": "it is signed by a hash that is too weak, such as SHA-1",
}


def explain(error: OSError) -> str:
    """What went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason: str | None = getattr(error, "reason", None)
        if not reason:
            return re.sub(r"^\[SSL\] | \(_ssl.*\)$", "", str(error.args[-1]))
        return _PLAINLY.get(reason) or reason.lower().replace("_", " ")
    return (error.strerror or str(error)).lower()
