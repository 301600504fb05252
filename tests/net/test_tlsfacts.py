"""What TLS has settled is told as it is, and names are spelled by RFC 4514."""

import ssl
from pathlib import Path

import pytest
from agreeing import Client, contexts, shaken, trusting
from cryptography import x509
from cryptography.x509.oid import NameOID

from pellucid.net.certificates import Certificates
from pellucid.net.secured import Secured
from pellucid.net.tlsfacts import Name, facts_of, spell_name
from pellucid.net.tlssettings import TlsSettings
from signing import Authority, named


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ((), ""),
        ([[("commonName", "Ada")]], "CN=Ada"),
        ([[("countryName", "GB")], [("organizationName", "A & B")], [("commonName", "Ada")]], "CN=Ada,O=A & B,C=GB"),
        ([[("commonName", "Ada"), ("userId", "ada")]], "CN=Ada+UID=ada"),
        ([[("commonName", 'a,b+c"d\\e<f>g;h')]], 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'),
        ([[("commonName", " both ")]], "CN=\\ both\\ "),
        ([[("commonName", " ")]], "CN=\\ "),
        ([[("commonName", "#1 = 2#")]], "CN=\\#1 = 2#"),
        ([[("commonName", "a\0b\nc\x7f")]], "CN=a\\00b\\0Ac\\7F"),
        ([[("commonName", "Łukasz")]], "CN=Łukasz"),
        ([[("emailAddress", "a@b")]], "emailAddress=a@b"),
        ([[("1.2.3.4", "hé")]], "1.2.3.4=#0c0368c3a9"),
        ([[("x500UniqueIdentifier", b"\1\2")]], "x500UniqueIdentifier=#0303000102"),
        ([[("1.2.3.4", "x" * 300)]], "1.2.3.4=#0c82012c" + "78" * 300),
        ([[("1.2.3.4", "x" * 200)]], "1.2.3.4=#0c81c8" + "78" * 200),
    ],
)
def test_a_name_is_spelled(name: Name, spelled: str) -> None:
    assert spell_name(name) == spelled


def settle(certificates: Certificates, client: Client, name: str = "") -> Secured:
    """The facts of a handshake with this client."""
    shown = certificates.choose(name)
    settled = shaken(certificates.context, shown.context, client)
    return facts_of(settled, name, shown.pem, certificates.numbers)


def test_what_was_settled_is_told() -> None:
    certificates, context = contexts()
    facts = settle(certificates, Client(context), "example.com")
    assert (facts.version, facts.version_number) == ("TLSv1.3", 0x0304)
    assert (facts.cipher, facts.cipher_number, facts.bits) == ("TLS_AES_256_GCM_SHA384", 0x1302, 256)
    assert (facts.protocol, facts.server_name, facts.resumed) == ("", "example.com", False)
    assert facts.server_certificate == certificates.choose("").pem
    assert (facts.client_chain, facts.client_subject, facts.client_issuer, facts.client_serial) == ((), "", "", "")
    assert facts.client_names == ()


def test_an_earlier_version_has_its_numbers() -> None:
    certificates, _ = contexts()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    facts = settle(certificates, Client(context))
    assert (facts.version, facts.version_number) == ("TLSv1.2", 0x0303)
    assert (facts.cipher, facts.cipher_number) == ("ECDHE-ECDSA-AES256-GCM-SHA384", 0xC02C)
    assert facts.protocol == "http/1.1"


def test_who_the_client_is_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "people")
    settings = TlsSettings(tls_client_ca=authority.path, tls=("given",))
    certificates = Certificates([authority.sign("example.com")], settings)
    country = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "GB")])
    files = authority.sign(file="ada", subject=[country, x509.RelativeDistinguishedName([named("Ada, Countess")])])
    context = trusting(authority.path)
    context.load_cert_chain(*files)
    client = Client(context)
    facts = settle(certificates, client)
    own = x509.load_pem_x509_certificate(Path(files[0]).read_bytes())
    assert facts.client_subject == "CN=Ada\\, Countess,C=GB" == own.subject.rfc4514_string()
    assert facts.client_issuer == "CN=people"
    assert int(facts.client_serial, 16) == own.serial_number
    assert facts.client_chain[0] == Path(files[0]).read_text()
    assert facts.client_names == (("CN", "Ada, Countess"),)
    client.read()
    again = settle(certificates, Client(context, session=client.tls.session))
    assert again.resumed
    assert (again.client_subject, again.client_chain[0]) == (facts.client_subject, facts.client_chain[0])
