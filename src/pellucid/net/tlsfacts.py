"""What TLS has settled, asked of OpenSSL once a handshake is done; it knows no link."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

from pellucid.net.secured import Secured

VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
"""The versions that are spoken, and their numbers on the wire."""

Name = Iterable[Iterable[tuple[str, str | bytes]]]


def facts_of(tls: ssl.SSLObject, server_name: str, certificate: str, numbers: dict[str, int]) -> Secured:
    """The facts. `certificate` is what was shown, in PEM; `numbers` are those of cipher suites, by their names. Raises
    UnicodeDecodeError where a client's certificate holds names that are no text.
    """
    version = tls.version() or ""
    cipher, _, bits = tls.cipher() or ("", "", 0)
    client = tls.getpeercert()
    return Secured(
        version=version,
        version_number=VERSIONS.get(version, 0),
        cipher=cipher,
        cipher_number=numbers.get(cipher, 0),
        bits=bits,
        protocol=tls.selected_alpn_protocol() or "",
        server_name=server_name,
        resumed=bool(tls.session_reused),
        server_certificate=certificate,
        client_chain=_chain(tls) if client else (),
        client_subject=spell_name(client["subject"]) if client else "",  # type: ignore[arg-type]  # typeshed: any value
        client_issuer=spell_name(client["issuer"]) if client else "",  # type: ignore[arg-type]  # likewise
        client_serial=str(client["serialNumber"]) if client else "",
        client_names=_names(client) if client else (),
    )


def _names(client: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    common = [value for part in client["subject"] for kind, value in part if kind == "commonName"]
    alternative = client.get("subjectAltName", ())
    names = (*(("CN", value) for value in common), *alternative)
    return tuple((kind, value) for kind, value in names if isinstance(value, str))


def _chain(tls: ssl.SSLObject) -> tuple[str, ...]:
    # Python 3.13 gives all of it, earlier ones the client's own certificate; so does any for a resumed session.
    ask = getattr(tls, "get_verified_chain", None)
    chain: list[bytes] = (ask() if ask is not None else None) or []
    own = tls.getpeercert(True)
    return tuple(ssl.DER_cert_to_PEM_cert(each) for each in chain or ([own] if own else []))


# RFC 4514 section 3, and what OpenSSL adds to it
_SHORT = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "street",
    "domainComponent": "DC",
    "userId": "UID",
    "surname": "SN",
    "givenName": "GN",
}
_SPECIAL = str.maketrans(
    {each: f"\\{each}" for each in '"+,;<>\\'} | {chr(each): f"\\{each:02X}" for each in (*range(32), 127)}
)


def spell_name(name: Name) -> str:
    """A name of X.509, as getpeercert gives it, in the words of RFC 4514: the last part first."""
    return ",".join(reversed(["+".join(_spell(*each) for each in part) for part in name]))


def _spell(kind: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        # What is no text is a string of bits, as the unique identifiers of X.500 are; likewise in hexadecimal.
        return f"{kind}=#03{_length(len(value) + 1).hex()}00{value.hex()}"
    if kind[0].isdecimal():
        # RFC 4514 2.4: beside a number stands the value as it is encoded, here as a UTF8String.
        content = value.encode("utf-8")
        return f"{kind}=#0c{_length(len(content)).hex()}{content.hex()}"
    text = value.translate(_SPECIAL)
    if text[-1:] == " ":
        text = text[:-1] + "\\ "
    if text[:1] in (" ", "#"):
        text = "\\" + text
    return f"{_SHORT.get(kind, kind)}={text}"


def _length(count: int) -> bytes:
    # X.690 section 8.1.3
    if count < 128:
        return bytes([count])
    size = (count.bit_length() + 7) // 8
    return bytes([0x80 | size]) + count.to_bytes(size)
