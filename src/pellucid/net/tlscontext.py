"""From files to a context that OpenSSL shakes hands with, and what its certificate says; it knows no link."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from stat import S_ISREG
from typing import Any

from pellucid.net.tlserrors import explain
from pellucid.net.tlssettings import TlsSettings

# Only what has forward secrecy and authenticated encryption (RFC 9325 4.2); those of TLS 1.3 all have. The level
# excludes keys of less than 112 bits of strength.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2"

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_KEY = "PRIVATE KEY-----"
_MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")

_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which Python has no name


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, as it can be shown: its context, its names in lower case, itself in PEM, and between
    which seconds since 1970 it holds.
    """

    context: ssl.SSLContext
    names: frozenset[str]
    pem: str
    begins: float
    ends: float
    lacks: str = ""
    """What clients will look for in it, and not find."""


def make_context(chosen: TlsSettings, protocols: Sequence[str]) -> ssl.SSLContext:
    """A context without a certificate, as strict as all of them are. ValueError says what is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if chosen.tls_min == "1.3" else ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_SINGLE_ECDH_USE
    )
    context.set_alpn_protocols(list(protocols))
    context.num_tickets = 1  # each costs 13 µs; who goes on from one gets the next
    if chosen.tls_client_ca:
        _ask_clients(context, chosen)
    if chosen.unsafe_key_log and (path := os.environ.get("SSLKEYLOGFILE")):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))  # OpenSSL lets everybody read it
            context.keylog_filename = path
        except OSError as error:
            raise ValueError(f"--unsafe-key-log: cannot write {path}: {explain(error)}") from None
    return context


def _ask_clients(context: ssl.SSLContext, chosen: TlsSettings) -> None:
    path = chosen.tls_client_ca
    _text(path, "--tls-client-ca")
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise ValueError(f"--tls-client-ca: {path} holds no certificate in PEM ({explain(error)})") from None
    # An authority in the file is believed as it stands, though another one has signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_OPTIONAL if chosen.tls_client == "optional" else ssl.CERT_REQUIRED


def load(certificate: str, key: str, chosen: TlsSettings, protocols: Sequence[str]) -> Certificate:
    """The certificate in one file with its key in another one. ValueError says in one line what is wrong."""
    text = _text(certificate, "--tls")
    key_text = _text(key, "--tls") if key != certificate else text
    found = _CERTIFICATE.findall(text)
    if not found:
        raise ValueError(f"--tls: {certificate} holds no certificate in PEM{_instead(text)}")
    if _KEY not in key_text:
        advice = ": write cert.pem,key.pem" if key == certificate else _instead(key_text)
        raise ValueError(f"--tls: {key} holds no key in PEM{advice}")
    context = make_context(chosen, protocols)
    _load(context, certificate, key, chosen, len(found))
    facts = _look(context, found[0], certificate)
    return Certificate(
        context,
        frozenset(name.lower().rstrip(".") for kind, name in facts.get("subjectAltName", ()) if kind == "DNS"),
        found[0] + "\n",
        ssl.cert_time_to_seconds(facts["notBefore"]),
        ssl.cert_time_to_seconds(facts["notAfter"]),
        _lacks(facts, len(found)),
    )


def _instead(text: str) -> str:
    # What is in a file in the place of what was looked for, as far as it is plain.
    if _KEY in text:
        return ": the certificate comes first, as in cert.pem,key.pem"
    if "\ufffd" in text:
        return ", but something binary: make PEM of it by `openssl x509`, `openssl pkey` or `openssl pkcs12`"
    return ""


def _lacks(facts: dict[str, Any], count: int) -> str:
    if not facts.get("subjectAltName"):
        return "names no host (subjectAltName)"
    if count == 1 and facts.get("caIssuers"):  # who has signed it must be fetched, which few clients do
        return "holds no certificate of the authority that has signed it, as fullchain.pem of certbot does"
    return ""


def _load(context: ssl.SSLContext, certificate: str, key: str, chosen: TlsSettings, count: int) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append(_password(key, chosen))
        return asked[0]

    try:
        context.load_cert_chain(certificate, key, ask)
    except OSError as error:
        if getattr(error, "reason", None) in _MISMATCHES:
            first = ", where the server's own comes first" if count > 1 else ""
            raise ValueError(
                f"--tls: the key in {key} does not belong to the certificate in {certificate}{first}"
            ) from None
        if asked:
            raise ValueError(f"--tls-key-password-file: not the password of {key}") from None
        raise ValueError(f"--tls: {certificate} and {key} cannot be used: {explain(error)}") from None


def _password(key: str, chosen: TlsSettings) -> str:
    # Never asked for on the terminal, as OpenSSL would: a server has none, or has somebody else's.
    path = chosen.tls_key_password_file
    if not path:
        raise ValueError(f"--tls: the key in {key} has a password: give it with --tls-key-password-file")
    return _text(path, "--tls-key-password-file").partition("\n")[0].rstrip("\r")


def _text(path: str, option: str) -> str:
    try:
        if not S_ISREG(os.stat(path).st_mode):
            raise ValueError(f"{option}: {path} is no file")  # a pipe would be waited for
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 22)
    except OSError as error:
        raise ValueError(f"{option}: cannot read {path}: {explain(error)}") from error


def _look(context: ssl.SSLContext, pem: str, certificate: str) -> dict[str, Any]:
    # What Python tells of a certificate it tells to a peer that trusts it. So one is made, which does: that needs no
    # package to read certificates, and proves that the certificate serves.
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.load_verify_locations(cadata=pem)
    asking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server) * 3:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            raise ValueError(f"--tls: {certificate} is of no use to clients: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise ValueError(f"--tls: {certificate} cannot be used: {explain(error)}") from None
        if end is client:
            break
    try:
        return dict(client.getpeercert() or {})
    except UnicodeDecodeError:
        raise ValueError(f"--tls: {certificate} cannot be used: names in it are no text") from None
