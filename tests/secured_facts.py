"""What TLS has settled, made up: for tests of whoever tells of it."""

from pellucid.net.secured import Secured

LEAF = "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n"
AUTHORITY = "-----BEGIN CERTIFICATE-----\ncm9vdA==\n-----END CERTIFICATE-----\n"
OWN = "-----BEGIN CERTIFICATE-----\nb3du\n-----END CERTIFICATE-----\n"

ANONYMOUS = Secured(
    version="TLSv1.3",
    version_number=0x0304,
    cipher="TLS_AES_256_GCM_SHA384",
    cipher_number=0x1302,
    bits=256,
    protocol="h2",
    server_name="example.com",
    resumed=False,
    server_certificate=OWN,
    client_chain=(),
    client_subject="",
    client_issuer="",
    client_serial="",
)
"""A client that has shown no certificate."""


def known(subject: str = "CN=Ada,O=Engines") -> Secured:
    """A client that has shown one, over TLS 1.2."""
    return Secured(
        version="TLSv1.2",
        version_number=0x0303,
        cipher="ECDHE-ECDSA-AES128-GCM-SHA256",
        cipher_number=0xC02B,
        bits=128,
        protocol="http/1.1",
        server_name="example.com",
        resumed=True,
        server_certificate=OWN,
        client_chain=(LEAF, AUTHORITY),
        client_subject=subject,
        client_issuer="CN=Root",
        client_serial="1F",
    )
