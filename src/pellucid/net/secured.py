"""What TLS has settled on a link, as facts: for apps, for logs and for the choice of the protocol. It does no TLS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secured:
    """One handshake's outcome. Texts are empty, and the chain too, where there is nothing to tell."""

    version: str
    """As in "TLSv1.3"."""

    version_number: int
    """As on the wire: 0x0304 for TLS 1.3 (RFC 9846 section 4.2.1)."""

    cipher: str
    """The cipher suite's name, as OpenSSL has it."""

    cipher_number: int
    """Its number in IANA's registry."""

    bits: int
    """How many secret bits its key has."""

    protocol: str
    """What was agreed on by ALPN (RFC 7301): "h2" or "http/1.1"."""

    server_name: str
    """The host that the client named (RFC 6066 section 3)."""

    resumed: bool
    """Whether it goes on from an earlier session."""

    server_certificate: str
    """The certificate that was shown, in PEM."""

    client_chain: tuple[str, ...]
    """The client's certificates in PEM, its own first."""

    client_subject: str
    """Whom the client's certificate names (RFC 4514)."""

    client_issuer: str
    """Who signed it, likewise."""

    client_serial: str
    """Its serial number, in hexadecimal."""

    client_names: tuple[tuple[str, str], ...] = ()
    """What else its certificate calls the client: each common name as CN, and each subject alternative name (RFC 5280
    section 4.2.1.6), with its kind as Python spells it: "DNS", "email", "URI" and so on.
    """
