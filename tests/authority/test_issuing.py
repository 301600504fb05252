"""What the authority makes is believed by a client that trusts it, for this machine and for nothing else."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from pellucid.authority.issuing import (
    LIFE,
    RENEW,
    authorizes,
    domains_of,
    make_authority,
    make_server,
    names_of,
    serves,
)
from pellucid.authority.machine import Machine

MACHINE = Machine("box", (ip_address("127.0.0.1"), ip_address("::1"), ip_address("192.168.1.7")))
NOW = datetime.now(UTC)  # the handshakes below go by the real time
AUTHORITY, KEY = make_authority(MACHINE, NOW)
SERVER = make_server(AUTHORITY, KEY, MACHINE, NOW)


def shaken(folder: Path, server: bytes, host: str, authority: bytes = AUTHORITY) -> bool:
    """Shake hands in memory: a client that trusts the authority asks for the host. ssl.SSLError if it is not so."""
    (folder / "server.pem").write_bytes(server)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(folder / "server.pem")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.load_verify_locations(cadata=authority.decode())
    theirs.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [theirs.wrap_bio(down, up, server_hostname=host), ours.wrap_bio(up, down, server_side=True)]
    for _ in range(4):
        for end in tuple(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass
    return not ends


@pytest.mark.parametrize("host", ["localhost", "box", "box.local", "127.0.0.1", "::1", "192.168.1.7"])
def test_a_client_that_trusts_the_authority_is_content(host: str, tmp_path: Path) -> None:
    assert shaken(tmp_path, SERVER, host)


@pytest.mark.parametrize("host", ["example.com", "192.168.1.8", "8.8.8.8"])
def test_for_another_host_it_is_not(host: str, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shaken(tmp_path, SERVER, host)


@pytest.mark.parametrize(
    ("forged", "host"),
    [
        (Machine("bank.example", (ip_address("127.0.0.1"),)), "bank.example"),
        (Machine("", (ip_address("8.8.8.8"),)), "8.8.8.8"),
        (Machine("notbox"), "notbox"),
    ],
)
def test_what_a_stolen_key_makes_for_others_is_refused(forged: Machine, host: str, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shaken(tmp_path, make_server(AUTHORITY, KEY, forged, NOW), host)


def test_another_authority_is_not_trusted(tmp_path: Path) -> None:
    other, _ = make_authority(MACHINE, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(tmp_path, SERVER, "localhost", other)


def test_the_authority_can_make_no_other_one_and_says_whose_it_is() -> None:
    certificate = x509.load_pem_x509_certificate(AUTHORITY)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.path_length) == (True, 0)
    assert certificate.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert certificate.subject.rfc4514_string() == "CN=Pellucid at box,O=Pellucid\\, for development"


def test_a_certificate_is_not_valid_for_longer_than_clients_allow() -> None:
    certificate = x509.load_pem_x509_certificate(SERVER)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == LIFE == timedelta(days=397)
    assert certificate.not_valid_before_utc < NOW - timedelta(hours=23)


OTHER_AUTHORITY, OTHER_KEY = make_authority(MACHINE, NOW)


@pytest.mark.parametrize(
    ("authority", "key", "later", "will_do"),
    [
        (AUTHORITY, KEY, timedelta(0), True),
        (AUTHORITY, KEY, timedelta(days=3000), True),
        (AUTHORITY, KEY, timedelta(days=3260), False),
        (AUTHORITY, OTHER_KEY, timedelta(0), False),
        (b"", b"", timedelta(0), False),
        (AUTHORITY, b"garbage", timedelta(0), False),
        (b"garbage", KEY, timedelta(0), False),
        (SERVER, KEY, timedelta(0), False),
    ],
)
def test_an_authority_goes_on_as_long_as_it_lives(
    authority: bytes, key: bytes, later: timedelta, will_do: bool
) -> None:
    assert authorizes(authority, key, NOW + later) is will_do


def test_the_domains_of_an_authority_are_those_of_its_machine() -> None:
    assert domains_of(AUTHORITY) == MACHINE.domains


@pytest.mark.parametrize(
    ("server", "authority", "machine", "later", "will_do"),
    [
        (SERVER, AUTHORITY, MACHINE, timedelta(0), True),
        (SERVER, AUTHORITY, Machine("box"), LIFE - RENEW - timedelta(days=2), True),
        (SERVER, AUTHORITY, MACHINE, LIFE - RENEW, False),
        (SERVER, AUTHORITY, MACHINE, -timedelta(days=2), False),
        (SERVER, AUTHORITY, Machine("box", (ip_address("10.0.0.1"),)), timedelta(0), False),
        (SERVER, AUTHORITY, Machine("other"), timedelta(0), False),
        (SERVER, OTHER_AUTHORITY, MACHINE, timedelta(0), False),
        (SERVER[: SERVER.index(b"-----BEGIN PRIVATE")] + KEY, AUTHORITY, MACHINE, timedelta(0), False),
        (b"", AUTHORITY, MACHINE, timedelta(0), False),
        (SERVER[:300], AUTHORITY, MACHINE, timedelta(0), False),
    ],
)
def test_a_certificate_goes_on_while_it_tells_all_names_and_is_far_from_its_end(
    server: bytes, authority: bytes, machine: Machine, later: timedelta, will_do: bool
) -> None:
    assert serves(server, authority, machine, NOW + later) is will_do


@pytest.mark.parametrize(
    ("server", "names"),
    [
        (SERVER, ["localhost", "box", "box.local", "127.0.0.1", "::1", "192.168.1.7"]),
        (AUTHORITY, []),
        (b"", []),
        (SERVER[:300], []),
    ],
)
def test_the_names_of_a_certificate_are_read(server: bytes, names: list[str]) -> None:
    assert names_of(server) == names


def test_a_name_beneath_localhost_is_believed(tmp_path: Path) -> None:
    assert shaken(tmp_path, make_server(AUTHORITY, KEY, MACHINE.calling("shop.localhost"), NOW), "shop.localhost")
