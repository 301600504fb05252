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


def too_short() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: EE_KEY_TOO_SMALL] ee key too small (_ssl.c:3920)")
    error.reason = "EE_KEY_TOO_SMALL"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (met(), "wrong version number"),
        (too_short(), "its key is too short, of which RSA wants 2048 bits and curves 224"),
        (not_believed(), "certificate has expired"),
        (ssl.SSLError(524297, "[SSL] PEM lib (_ssl.c:3926)"), "PEM lib"),
        (OSError(2, "No such file or directory"), "no such file or directory"),
        (OSError("Odd"), "odd"),
    ],
)
def test_what_went_wrong(error: OSError, words: str) -> None:
    assert explain(error) == words
