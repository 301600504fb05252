"""What is chosen of TLS is read as it is written, and what cannot be meant is explained."""

import subprocess
import sys

import pytest

from pellucid.net.tlssettings import TlsSettings, check_tls, parse_pair


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("cert.pem,key.pem", ("cert.pem", "key.pem")),
        ("a b.pem, key.pem ", ("a b.pem", "key.pem")),
        ("both.pem", ("both.pem", "both.pem")),
        ("~/a.pem,~/a.key", ("/home/ann/a.pem", "/home/ann/a.key")),
    ],
)
def test_a_pair_is_read(monkeypatch: pytest.MonkeyPatch, text: str, pair: tuple[str, str]) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert parse_pair(text) == pair


@pytest.mark.parametrize("text", ["", ",", ",key.pem", "cert.pem,", "a,b,c", " , "])
def test_what_is_no_pair_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match=r"^--tls: .* names no certificate and key: write cert.pem,key.pem$"):
        parse_pair(text)


def test_names_for_development_that_stand_behind_a_comma_are_explained() -> None:
    with pytest.raises(ValueError, match=r": write dev:shop.localhost,api.localhost$"):
        parse_pair("dev,shop.localhost,api.localhost")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (TlsSettings(tls_client="maybe"), "--tls-client: 'maybe' is neither required nor optional"),
        (TlsSettings(tls_min="1.1"), "--tls-min: '1.1' is neither 1.2 nor 1.3"),
        (TlsSettings(tls_client_ca="ca.pem"), "--tls-client-ca: clients show certificates over TLS only"),
    ],
)
def test_what_cannot_be_meant_is_explained(settings: TlsSettings, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        check_tls(settings)
    assert complaint in str(error.value)


def test_settings_alone_load_no_tls() -> None:
    code = "import sys, pellucid.net.tlssettings; sys.exit('ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
