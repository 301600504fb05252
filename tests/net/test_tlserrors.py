"""A fault is told in few words, whoever found it."""

import ssl

import pytest

from pellucid.net.tlserrors import explain


def met() -> ssl.SSLError:
    """A fault with all that Python tells of it."""
    incoming = ssl.MemoryBIO()
    incoming.write(b"HTTP/1.1 400 Bad Request")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLError) as error:
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="example.com").do_handshake()
    return error.value


def not_believed() -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "certificate has expired"
    return error


def called(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] in small letters (_ssl.c:3920)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (met(), "wrong version number"),
        (called("EE_KEY_TOO_SMALL"), "its key is too short, of which RSA wants 2048 bits and curves 224"),
        (called("TLSV1_ALERT_UNKNOWN_CA"), "the peer says: unknown ca"),
        (called("SSL/TLS_ALERT_BAD_CERTIFICATE"), "the peer says: bad certificate"),
        (called("NO_SHARED_CIPHER"), "no shared cipher"),
        (not_believed(), "certificate has expired"),
        (ssl.SSLError(524297, "[SSL] PEM lib (_ssl.c:3926)"), "PEM lib"),
        (OSError(2, "No such file or directory"), "no such file or directory"),
        (OSError("Odd"), "odd"),
    ],
)
def test_what_went_wrong(error: OSError, words: str) -> None:
    assert explain(error) == words
