"""What can be chosen of TLS, and how it is written; it does no TLS and loads nothing that does."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pellucid.setting import setting

DEVELOPMENT = "dev"
"""What stands for a certificate that is made on this machine."""

PROTOCOLS = ("h2", "http/1.1")
"""What is agreed on by ALPN (RFC 7301), the best first."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Certificates, who must show one, and how long a handshake may take."""

    tls: tuple[str, ...] = setting(
        (),
        "Speak TLS, with the certificate and its key in these files: cert.pem,key.pem, or one file that holds both. In "
        "its file, the certificate is followed by those of the authorities between, as in fullchain.pem of certbot. "
        "Repeated, the name that a client asks for chooses, and the first is for all others. Files that change are "
        "taken up while serving. dev makes a certificate for this machine, dev:shop.localhost for that name as well.",
        unit="files",
    )
    tls_client_ca: str = setting(
        "",
        "Clients show a certificate that one of the authorities in this file has signed.",
        unit="file",
    )
    tls_client: str = setting(
        "required",
        "With tls-client-ca, whether a client must show a certificate: required, or optional.",
    )
    tls_min: str = setting("1.2", "The lowest version of TLS that is spoken: 1.2 or 1.3.")
    tls_key_password_file: str = setting(
        "",
        "A file whose first line is the password of the keys, where they have one.",
        unit="file",
    )
    handshake_time: float = setting(
        10.0, "The time in which a TLS handshake must be done; 0 is no limit.", unit="seconds"
    )
    handshakes: int = setting(
        1000,
        "The most TLS handshakes under way at once; one more ends the oldest, of those that have said nothing if there "
        "are any. 0 is no limit.",
    )
    unsafe_key_log: bool = setting(
        False,
        "Write the keys of all connections to the file that the environment variable SSLKEYLOGFILE names (RFC 9850), "
        "so that Wireshark can read them, as can everybody who has that file: never where it matters.",
    )


def parse_pair(text: str) -> tuple[str, str]:
    """The files of a certificate and of its key, from how they are written; ValueError says what was expected. Shells
    put the home in the place of a tilde before the first of them alone.
    """
    certificate, comma, key = text.partition(",")
    certificate, key = (os.path.expanduser(each.strip()) for each in (certificate, key))
    if certificate == DEVELOPMENT:
        raise ValueError(f"--tls: {text!r} names no certificate and key: write {DEVELOPMENT}:{key}")
    if not certificate or (comma and not key) or "," in key:
        raise ValueError(f"--tls: {text!r} names no certificate and key: write cert.pem,key.pem")
    return certificate, key or certificate


def check_tls(chosen: TlsSettings) -> None:
    """ValueError says in one line what cannot be meant."""
    if chosen.tls_client not in ("required", "optional"):
        raise ValueError(f"--tls-client: {chosen.tls_client!r} is neither required nor optional")
    if chosen.tls_min not in ("1.2", "1.3"):
        raise ValueError(f"--tls-min: {chosen.tls_min!r} is neither 1.2 nor 1.3")
    if chosen.tls_client_ca and not chosen.tls:
        raise ValueError("--tls-client-ca: clients show certificates over TLS only; give --tls too")
