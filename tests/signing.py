"""Certificates for tests: an authority that signs what is asked for, be it expired or locked."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
PEM = serialization.Encoding.PEM

SIGNS = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)

NO_TEXT = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), bytes.fromhex("30038201ff"))
"""A subjectAltName whose host is a byte that is no text."""


def named(text: str) -> x509.NameAttribute[str]:
    """The usual part of a name."""
    return x509.NameAttribute(NameOID.COMMON_NAME, text)


class Authority:
    """Signs certificates, and writes them and their keys into a folder. One `above` may have signed its own."""

    def __init__(self, folder: Path, name: str = "authority", above: Authority | None = None) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([named(name)])
        issuer, key = (above._name, above._key) if above is not None else (self._name, self._key)
        builder = _begun([x509.RelativeDistinguishedName([named(name)])], issuer, self._key, 3650)
        signed = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(SIGNS, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.path = str(folder / f"{name}.pem")
        Path(self.path).write_bytes(signed.public_bytes(PEM))

    def sign(
        self,
        *names: str,
        file: str = "",
        days: float = 90,
        subject: Sequence[x509.RelativeDistinguishedName] = (),
        password: str = "",
        extras: Sequence[x509.ExtensionType] = (),
    ) -> tuple[str, str]:
        """The files of a certificate for these names and of its key. With less than no `days` it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = subject or [x509.RelativeDistinguishedName([named(names[0] if names else "nobody")])]
        builder = _begun(own, self._name, key, days)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        for extra in extras:
            builder = builder.add_extension(extra, critical=False)
        stem = file or (names[0] if names else "nobody")
        certificate, private = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        private.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked))
        return str(certificate), str(private)


def _begun(
    subject: Sequence[x509.RelativeDistinguishedName], issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    end = now + days * DAY
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=x509.Name(subject),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=min(now, end) - DAY,
        not_valid_after=end,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.replace(" ", "-"))
