"""A client's certificate as its user: what TLS has verified on this very connection, and never what a field says."""

from __future__ import annotations

from pellucid.features.auth.certificatesettings import CertificateSettings
from pellucid.features.auth.scheme import Found, Tell, Wrong, is_name
from pellucid.features.feature import Ground
from pellucid.net.secured import Secured
from pellucid.server.exchange import Exchange
from pellucid.setting import Chosen
from pellucid.user import User

KINDS = {"cn": "CN", "email": "email", "dns": "DNS", "uri": "URI", "subject": ""}
"""What can be the name, and what it is among the names of a certificate."""


class Certificate:
    """The certificate that a client has shown, if the authorities of tls-client-ca have signed it."""

    __slots__ = ("_kind",)

    name = "certificate"

    def __init__(self, kind: str) -> None:
        """ValueError where a name cannot be had like that."""
        if kind not in KINDS:
            raise ValueError(f"--certificate-name: {kind!r} is none of {', '.join(KINDS)}")
        self._kind = kind

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Look at what TLS has settled."""
        secured = exchange.secured
        tell(self._found(secured) if secured is not None and secured.client_chain else None)

    def challenge(self, exchange: Exchange) -> None:
        """None: nothing that HTTP could say makes a client show one."""

    def _found(self, secured: Secured) -> Found:
        wanted = KINDS[self._kind]
        names = (
            [value for kind, value in secured.client_names if kind == wanted] if wanted else [secured.client_subject]
        )
        if len(names) != 1:  # which of several is meant nobody can know
            return Wrong(f"a certificate with {len(names) or 'no'} names of the kind {self._kind}", 403)
        if not is_name(names[0]):
            return Wrong("a certificate with a name that cannot be one", 403)
        claims = {
            "subject": secured.client_subject,
            "issuer": secured.client_issuer,
            "serial": secured.client_serial,
        }
        return User(names[0], "certificate", claims=claims)


def certificate_scheme(chosen: Chosen, ground: Ground) -> Certificate:
    """The scheme by its settings. ValueError says what is wrong with one."""
    return Certificate(chosen[CertificateSettings].certificate_name)
