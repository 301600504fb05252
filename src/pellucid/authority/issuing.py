"""Certificates for development: made, and judged whether they will still do. It reads and writes no file.

It alone needs the package cryptography, and is imported when somebody asks for a certificate.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pellucid.authority.machine import DOMAINS, NETWORKS, Machine

AUTHORITY_LIFE = timedelta(days=3650)

LIFE = timedelta(days=397)
"""How long a server's certificate is valid: some clients refuse one that is valid for longer."""

RENEW = timedelta(days=30)
"""How long before its end a server's certificate is made anew."""

SKEW = timedelta(days=1)
"""How far a client's clock may be behind."""


def make_authority(machine: Machine, now: datetime) -> tuple[bytes, bytes]:
    """A new authority: its certificate and its key, as PEM.

    Whoever steals the key can speak for this machine and for what nobody owns, but for no bank: the authority is bound
    to these names and networks (RFC 5280 section 4.2.1.10), and can make no other authority (4.2.1.9).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Pellucid at {machine.name}" if machine.name else "Pellucid at this machine")
    permitted = [*map(x509.DNSName, machine.domains), *map(x509.IPAddress, NETWORKS)]
    certificate = (
        _begin(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), _pem(key)


def make_server(authority: bytes, authority_key: bytes, machine: Machine, now: datetime) -> bytes:
    """A new certificate for the machine, and behind it its key, as PEM."""
    issuer, issuer_key = x509.load_pem_x509_certificate(authority), _key(authority_key)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    key = ec.generate_private_key(ec.SECP256R1())
    names = [*map(x509.DNSName, machine.names), *map(x509.IPAddress, machine.addresses)]
    certificate = (
        _begin(_name("localhost"), issuer.subject, key, now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(issuer_key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM) + _pem(key)


def authorizes(authority: bytes, authority_key: bytes, now: datetime) -> bool:
    """Whether this is an authority of ours with its key, and lives longer than what it makes now."""
    try:
        certificate = x509.load_pem_x509_certificate(authority)
        fits = _key(authority_key).public_key() == certificate.public_key()
        ours = set(domains_of(authority)).issuperset(DOMAINS)
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return fits and ours and now + LIFE < certificate.not_valid_after_utc


def domains_of(authority: bytes) -> list[str]:
    """The domains that an authority may speak for."""
    certificate = x509.load_pem_x509_certificate(authority)
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return [each.value for each in constraints.permitted_subtrees or () if isinstance(each, x509.DNSName)]


def serves(server: bytes, authority: bytes, machine: Machine, now: datetime) -> bool:
    """Whether this is a certificate of the authority's with its key, tells all of the machine's names, and will do for
    a while.
    """
    try:
        certificate = x509.load_pem_x509_certificate(server)
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        fits = _key(server).public_key() == certificate.public_key()
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    names: set[object] = {*told.get_values_for_type(x509.DNSName), *told.get_values_for_type(x509.IPAddress)}
    young = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW
    return fits and young and names.issuperset([*machine.names, *machine.addresses])


def names_of(server: bytes) -> list[str]:
    """The host names that a certificate tells, wildcards aside, and its addresses; none where it is no certificate."""
    try:
        certificate = x509.load_pem_x509_certificate(server)
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return []
    addresses = map(str, told.get_values_for_type(x509.IPAddress))
    return [*(name for name in told.get_values_for_type(x509.DNSName) if not name.startswith("*")), *addresses]


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now - SKEW + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pellucid, for development")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not one of ours")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
