"""What OpenSSL and the system say of a fault, in words that fit into a line; it knows neither files nor links."""

from __future__ import annotations

import re
import ssl

from pellucid.tracebacks import reason_of

_PLAINLY = {
    "EE_KEY_TOO_SMALL": "its key is too short, of which RSA wants 2048 bits and curves 224",
    "CA_KEY_TOO_SMALL": "the key of an authority in it is too short, of which RSA wants 2048 bits and curves 224",
    "CA_MD_TOO_WEAK": "it is signed by a hash that is too weak, such as SHA-1",
}

# OpenSSL has always called what the other end says by the version of the protocol in which it came up.
_TOLD = re.compile(r"(?:SSLV3|TLSV1|TLSV13|SSL/TLS)_ALERT_(.+)")


def explain(error: OSError) -> str:
    """What went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason: str | None = getattr(error, "reason", None)
        if not reason:
            return re.sub(r"^\[SSL\] | \(_ssl.*\)$", "", str(error.args[-1]))
        told = _TOLD.fullmatch(reason)
        words = (told[1] if told else reason).lower().replace("_", " ")
        return _PLAINLY.get(reason) or (f"the peer says: {words}" if told else words)
    return reason_of(error)
