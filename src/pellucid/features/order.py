"""The one ordered list of the features. Each is asked in this order, and changes answers in this order.

It is in three parts, since a request finds its place step by step: first its host, and then its path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pellucid.features.auth import (
    AuthSettings,
    CertificateSettings,
    ForwardSettings,
    JwtSettings,
    auth_feature,
    forged_feature,
)
from pellucid.features.compression import CompressionSettings, compression_feature
from pellucid.features.cors import CorsSettings, cors_feature
from pellucid.features.errorpages import ErrorPageSettings, error_pages_feature
from pellucid.features.feature import Ask, Feature, Ground
from pellucid.features.forwarded import ForwardedSettings, forwarded_feature
from pellucid.features.headers import HeaderSettings, header_feature, security_feature
from pellucid.features.https import HttpsSettings, hsts_feature, redirect_feature
from pellucid.features.limits import ConcurrencySettings, RateSettings, concurrency_feature, rate_feature
from pellucid.features.livereload import LiveReloadSettings, livereload_feature
from pellucid.features.maintenance import MaintenanceSettings, maintenance_feature
from pellucid.features.redirects import RedirectSettings, redirects_feature, rewrites_feature
from pellucid.features.requestids import RequestIdSettings, request_id_feature
from pellucid.features.sessions import SessionSettings, sessions_feature
from pellucid.net.trusted import ProxySettings
from pellucid.server.exchange import Answer
from pellucid.setting import Chosen

PROXIES: tuple[type, ...] = (ProxySettings, ForwardedSettings)
"""The settings of what stands in front."""

DEVELOPMENT: tuple[type, ...] = (LiveReloadSettings,)
"""The settings of what is for development."""

HTTPS: tuple[type, ...] = (HttpsSettings,)
"""The settings of the way from http to https."""

FIELDS: tuple[type, ...] = (HeaderSettings, CorsSettings)
"""The settings of header fields."""

NAMES: tuple[type, ...] = (RequestIdSettings,)
"""The settings of what requests are called."""

PATHS: tuple[type, ...] = (RedirectSettings,)
"""The settings of what leads elsewhere."""

LIMITS: tuple[type, ...] = (RateSettings, ConcurrencySettings)
"""The settings of how often somebody may ask."""

SESSIONS: tuple[type, ...] = (SessionSettings,)
"""The settings of sessions."""

AUTH: tuple[type, ...] = (AuthSettings, JwtSettings, CertificateSettings, ForwardSettings)
"""The settings of users, and of how they show who they are."""

COMPRESSION: tuple[type, ...] = (CompressionSettings,)
"""The settings of compression."""

TROUBLE: tuple[type, ...] = (ErrorPageSettings, MaintenanceSettings)
"""The settings of what is said where something cannot be had."""

Make = Callable[[Chosen, Ground], Feature | None]
"""Makes a feature with the settings in force where it is to stand; None where it is off."""

FRONT: tuple[Make, ...] = (
    # Before all others, which then see the client and not its proxy.
    lambda chosen, ground: forwarded_feature(chosen[ProxySettings], chosen[ForwardedSettings]),
    # After that, which says whose names are believed.
    lambda chosen, ground: request_id_feature(chosen[RequestIdSettings]),
    # Whatever place is asked for.
    lambda chosen, ground: forged_feature(ground),
)
"""In front of all hosts: of the whole server. They are made last, when it is known what the places have."""

OF_HOST: tuple[Make, ...] = (
    # Before all that answers: nothing is told in the clear.
    lambda chosen, ground: redirect_feature(chosen[HttpsSettings]),
    lambda chosen, ground: redirects_feature(chosen[RedirectSettings]),
    # What is served is no path that a client would be sent from.
    lambda chosen, ground: rewrites_feature(chosen[RedirectSettings]),
)
"""In front of the paths of a host: what changes a path is here."""

OF_PLACE: tuple[Make, ...] = (
    # Before all that takes work.
    lambda chosen, ground: rate_feature(chosen[RateSettings], ground, of_users=False),
    lambda chosen, ground: concurrency_feature(chosen[ConcurrencySettings], ground, of_users=False),
    # Before all others, which may need what is under maintenance.
    lambda chosen, ground: maintenance_feature(chosen[MaintenanceSettings], ground),
    lambda chosen, ground: cors_feature(chosen[CorsSettings]),
    # Before all that asks who somebody is, which a session may tell.
    lambda chosen, ground: sessions_feature(chosen[SessionSettings], ground),
    # After the sessions, by which a form knows its users; before all that asks who somebody is.
    lambda chosen, ground: auth_feature(chosen, ground, sessions=bool(chosen[SessionSettings].session)),
    # Now that it is known who asks.
    lambda chosen, ground: rate_feature(chosen[RateSettings], ground, of_users=True),
    lambda chosen, ground: concurrency_feature(chosen[ConcurrencySettings], ground, of_users=True),
    # Before all that sets fields, which are set on a page too.
    lambda chosen, ground: error_pages_feature(chosen[ErrorPageSettings], ground),
    lambda chosen, ground: header_feature(chosen[HeaderSettings]),
    # After one's own fields, which it leaves as they are.
    lambda chosen, ground: security_feature(chosen[HeaderSettings], shared=bool(chosen[CorsSettings].cors)),
    lambda chosen, ground: hsts_feature(chosen[HttpsSettings]),
    # After all that sets fields: it has to be allowed by a policy that any of them gives.
    lambda chosen, ground: livereload_feature(chosen[LiveReloadSettings]),
    # After all that changes a body.
    lambda chosen, ground: compression_feature(chosen[CompressionSettings], ground),
)
"""Around what is served at a path. The answers of those in front are those of the first path of their host."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The asks and the answers of the features that are on, in their order; what is off is in neither."""

    asks: tuple[Ask, ...] = ()
    answers: tuple[Answer, ...] = ()

    def __add__(self, other: Surroundings) -> Surroundings:
        """These, and then the others."""
        return Surroundings(self.asks + other.asks, self.answers + other.answers)


def in_order(makers: Sequence[Make], chosen: Chosen, ground: Ground) -> Surroundings:
    """The features of one of the lists. ValueError as theirs."""
    features = [feature for make in makers if (feature := make(chosen, ground)) is not None]
    asks = tuple(feature.ask for feature in features if feature.ask is not None)
    return Surroundings(asks, tuple(feature.answer for feature in features if feature.answer is not None))
