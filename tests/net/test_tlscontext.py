"""A context is as strict as it is meant to be, and files that are no certificate are explained in one line."""

import os
import ssl
import stat
from pathlib import Path

import pytest
from agreeing import Client, shaken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pellucid.net.tls import HandshakeFailed
from pellucid.net.tlscontext import load, make_context
from pellucid.net.tlssettings import TlsSettings
from signing import NO_TEXT, Authority

GIVEN = TlsSettings(tls=("given",))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def careless(**chosen: object) -> ssl.SSLContext:
    """A client that takes anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    for name, value in chosen.items():
        setattr(context, name, value)
    return context


def rsa_key() -> bytes:
    """A key of the other kind."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return rsa.generate_private_key(65537, 2048).private_bytes(encoding, form, serialization.NoEncryption())


def test_what_a_certificate_says(authority: Authority) -> None:
    certificate, key = authority.sign("Example.com", "*.Example.com", "127.0.0.1", days=5)
    shown = load(certificate, key, GIVEN, ["h2"])
    assert shown.names == {"example.com", "*.example.com"}
    assert shown.pem == Path(certificate).read_text()
    assert round((shown.ends - shown.begins) / 86400) == 6


def test_a_certificate_and_its_key_may_share_a_file(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("example.com")
    both = tmp_path / "both.pem"
    both.write_bytes(Path(key).read_bytes() + Path(certificate).read_bytes())
    assert load(str(both), str(both), GIVEN, ["h2"]).names == {"example.com"}


def test_one_that_has_expired_can_be_read(authority: Authority) -> None:
    shown = load(*authority.sign("example.com", days=-1), GIVEN, ["h2"])
    assert shown.names == {"example.com"}


def test_a_key_is_opened_by_the_password_in_a_file(authority: Authority, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse\r\nand more\n")
    chosen = TlsSettings(tls_key_password_file=str(password))
    assert load(*authority.sign("example.com", password="correct horse"), chosen, ["h2"]).names
    password.write_text("wrong horse\n")
    with pytest.raises(ValueError, match=r"^--tls-key-password-file: not the password of .*example.com.key$"):
        load(*authority.sign("example.com", password="correct horse"), chosen, ["h2"])


def test_a_password_is_never_asked_for(authority: Authority) -> None:
    with pytest.raises(ValueError, match=r"has a password: give it with --tls-key-password-file$"):
        load(*authority.sign("example.com", password="secret"), GIVEN, ["h2"])


@pytest.mark.parametrize(
    ("certificate", "key", "complaint"),
    [
        ("missing", "a.key", "--tls: cannot read missing: no such file or directory"),
        ("a.pem", "missing", "--tls: cannot read missing: no such file or directory"),
        (".", "a.key", "--tls: . is no file"),
        (
            "a.key",
            "a.pem",
            "--tls: a.key holds no certificate in PEM: the certificate comes first, as in cert.pem,key.p",
        ),
        (
            "a.der",
            "a.key",
            "--tls: a.der holds no certificate in PEM, but something binary: make PEM of it by `openssl",
        ),
        ("a.pem", "a.der", "--tls: a.der holds no key in PEM, but something binary: make PEM of it by `openssl x509`,"),
        ("empty", "a.key", "--tls: empty holds no certificate in PEM"),
        ("half", "a.key", "--tls: half holds no certificate in PEM"),
        ("a.pem", "b.key", "--tls: the key in b.key does not belong to the certificate in a.pem"),
        ("a.pem", "rsa.key", "--tls: the key in rsa.key does not belong to the certificate in a.pem"),
        (
            "reversed",
            "a.key",
            "--tls: the key in a.key does not belong to the certificate in reversed, where the server's",
        ),
        ("a.pem", "empty", "--tls: empty holds no key in PEM"),
        ("a.pem", "a.pem", "--tls: a.pem holds no key in PEM: write cert.pem,key.pem"),
        ("a.pem", "half.key", "--tls: a.pem and half.key cannot be used: "),
        ("wrong", "a.key", "--tls: wrong and a.key cannot be used: "),
        ("fifo", "a.key", "--tls: fifo is no file"),
    ],
)
def test_files_that_are_none_are_explained_in_one_line(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: str, key: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    good, good_key = (Path(each) for each in authority.sign("a"))
    authority.sign("b")
    Path("empty").touch()
    Path("a.der").write_bytes(ssl.PEM_cert_to_DER_cert(good.read_text()))
    Path("reversed").write_bytes(Path(authority.path).read_bytes() + good.read_bytes())
    Path("rsa.key").write_bytes(rsa_key())
    Path("half").write_bytes(good.read_bytes()[:200])
    Path("half.key").write_bytes(good_key.read_bytes()[:100])
    Path("wrong").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    os.mkfifo("fifo")
    with pytest.raises(ValueError) as error:
        load(certificate, key, GIVEN, ["h2"])
    assert str(error.value).startswith(complaint)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "--tls-client-ca: cannot read people: no such file"),
        ("nothing", "--tls-client-ca: people holds no certificate in PEM"),
    ],
)
def test_authorities_that_are_none_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("people").write_text(content)
    with pytest.raises(ValueError) as error:
        make_context(TlsSettings(tls=("given",), tls_client_ca="people"), ["h2"])
    assert str(error.value).startswith(complaint)


@pytest.mark.parametrize(
    ("minimum", "version", "cipher"),
    [
        ("1.2", ssl.TLSVersion.TLSv1_3, "TLS_AES_256_GCM_SHA384"),
        ("1.2", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("1.3", ssl.TLSVersion.TLSv1_3, "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_versions_that_are_spoken(authority: Authority, minimum: str, version: ssl.TLSVersion, cipher: str) -> None:
    context = load(*authority.sign("example.com"), TlsSettings(tls_min=minimum), ["h2"]).context
    settled = shaken(context, context, Client(careless(maximum_version=version)))
    assert (settled.cipher() or "")[0] == cipher


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("minimum", "version", "ciphers"),
    [
        ("1.2", ssl.TLSVersion.TLSv1, ""),
        ("1.2", ssl.TLSVersion.TLSv1_1, ""),
        ("1.3", ssl.TLSVersion.TLSv1_2, ""),
        ("1.2", ssl.TLSVersion.TLSv1_2, "ECDHE+AES:!AESGCM"),
        ("1.2", ssl.TLSVersion.TLSv1_2, "AESGCM:!ECDHE"),
        ("1.2", ssl.TLSVersion.TLSv1_2, "DHE"),
        ("1.2", ssl.TLSVersion.TLSv1_2, "aNULL"),
    ],
)
def test_what_is_weak_is_not_spoken(authority: Authority, minimum: str, version: ssl.TLSVersion, ciphers: str) -> None:
    context = load(*authority.sign("example.com"), TlsSettings(tls_min=minimum), ["h2"]).context
    client = careless(minimum_version=ssl.TLSVersion.MINIMUM_SUPPORTED, maximum_version=version)
    if ciphers:
        client.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises(HandshakeFailed, match=r"unsupported protocol|no shared cipher|version too low"):
        shaken(context, context, Client(client))


def test_nothing_is_compressed_or_agreed_on_anew(authority: Authority) -> None:
    context = load(*authority.sign("example.com"), GIVEN, ["h2"]).context
    for option in (ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION, ssl.OP_CIPHER_SERVER_PREFERENCE):
        assert context.options & option


@pytest.mark.parametrize("unsafe", [True, False])
def test_keys_are_written_down_only_where_that_was_asked_for(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsafe: bool
) -> None:
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    context = load(*authority.sign("example.com"), TlsSettings(unsafe_key_log=unsafe), ["h2"]).context
    shaken(context, context, Client(careless()))
    assert log.exists() == unsafe
    if unsafe:
        assert "SERVER_TRAFFIC_SECRET_0" in log.read_text()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_place_where_no_keys_can_be_written_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys"))
    with pytest.raises(ValueError, match=r"--unsafe-key-log: cannot write .*: no such file"):
        make_context(TlsSettings(unsafe_key_log=True), ["h2"])


def test_a_certificate_that_no_client_would_take_is_told(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority = Authority(tmp_path)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    with pytest.raises(ValueError, match=r"is of no use to clients: unsuitable certificate purpose"):
        load(*authority.sign("example.com", extras=[usage]), GIVEN, ["h2"])


def test_a_certificate_whose_names_are_no_text_is_told(authority: Authority) -> None:
    with pytest.raises(ValueError, match=r"nobody.pem cannot be used: names in it are no text"):
        load(*authority.sign(extras=[NO_TEXT]), GIVEN, ["h2"])
