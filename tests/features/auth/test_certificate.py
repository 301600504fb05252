"""A client's certificate is its user, as TLS has verified it, and whatever its fields say."""

from dataclasses import replace
from pathlib import Path

import pytest
from knowing import Place

from nowhere import Nowhere
from pellucid.features.auth.certificate import Certificate
from pellucid.features.auth.scheme import Found, Wrong
from pellucid.message import Headers, Request
from pellucid.net.secured import Secured
from pellucid.server.exchange import Exchange
from pellucid.user import User
from secured_facts import ANONYMOUS, known

NAMES = (("CN", "Ada"), ("email", "ada@engines.example"), ("DNS", "ada.example"), ("URI", "spiffe://engines/ada"))

CLAIMING = Headers(
    [
        (b"x-client-cert", b"CN=root"),
        (b"x-ssl-client-s-dn", b"CN=root"),
        (b"ssl-client-cert", b"-----BEGIN CERTIFICATE-----"),
        (b"x-forwarded-client-cert", b"Subject=CN=root"),
        (b"client-cert", b":cm9vdA==:"),
    ]
)


def found(kind: str, secured: Secured | None) -> Found:
    told: list[Found] = []
    request = Request("GET", b"/", b"/", b"", b"example.com", CLAIMING, scheme=b"https")
    Certificate(kind).identify(Exchange(request, Nowhere(secured=secured), 1, 0.0), told.append)
    assert len(told) == 1
    return told[0]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cn", "Ada"),
        ("email", "ada@engines.example"),
        ("dns", "ada.example"),
        ("uri", "spiffe://engines/ada"),
        ("subject", "CN=Ada,O=Engines"),
    ],
)
def test_the_name_is_what_was_chosen_of_the_certificate(kind: str, name: str) -> None:
    user = found(kind, replace(known(), client_names=NAMES))
    assert isinstance(user, User)
    assert (user.name, user.scheme) == (name, "certificate")
    assert user.claims == {"subject": "CN=Ada,O=Engines", "issuer": "CN=Root", "serial": "1F"}


@pytest.mark.parametrize("secured", [None, ANONYMOUS])
def test_who_has_shown_no_certificate_is_nobody_whatever_it_claims(secured: Secured | None) -> None:
    assert found("cn", secured) is None


@pytest.mark.parametrize(
    "names",
    [
        (),
        (("DNS", "Ada"),),
        (("CN", "Ada"), ("CN", "root")),
        (("CN", "root\x00.evil.example"),),
        (("CN", "root\n"),),
        (("CN", ""),),
        (("CN", "x" * 256),),
    ],
)
def test_a_certificate_without_exactly_one_name_that_can_be_one_is_refused(names: tuple[tuple[str, str], ...]) -> None:
    wrong = found("cn", replace(known(), client_names=names))
    assert isinstance(wrong, Wrong)
    assert wrong.status == 403


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--certificate-name"):
        Place(tmp_path, "certificate", certificate_name="common")


def test_a_place_lets_in_nobody_without_one(tmp_path: Path) -> None:
    place = Place(tmp_path, "certificate")
    answer = place.ask(*CLAIMING)
    assert (answer.status, answer.headers.get(b"www-authenticate")) == (403, None)
    assert place.served == []
