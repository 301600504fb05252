"""The settings of client certificates as users; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """What of a client's certificate is its user's name."""

    certificate_name: str = setting(
        "cn",
        "With `auth = certificate`: what of the certificate that tls-client-ca has verified is the user's name: cn "
        "(the common name), email, dns or uri (a subject alternative name of that kind), or subject (all of it, as in "
        "CN=Ada,O=Engines). There must be one and no more.",
        unit="kind",
    )
