"""The one ordered list of the features. Each is asked in this order, and changes answers in this order."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.features.cors import CorsSettings, cors_feature
from pellucid.features.feature import Ask, Feature, Ground
from pellucid.features.forwarded import ForwardedSettings, forwarded_feature
from pellucid.features.headers import HeaderSettings, header_feature, security_feature
from pellucid.features.https import HttpsSettings, hsts_feature, redirect_feature
from pellucid.features.livereload import LiveReloadSettings, livereload_feature
from pellucid.net.trusted import ProxySettings
from pellucid.server.exchange import Answer
from pellucid.setting import Chosen

PROXIES: tuple[type, ...] = (ProxySettings, ForwardedSettings)
"""The settings of what stands in front."""

DEVELOPMENT: tuple[type, ...] = (LiveReloadSettings,)
"""The settings of what is for development."""

HTTPS: tuple[type, ...] = (HttpsSettings,)
"""The settings of the way from http to https."""

SETTINGS: tuple[type, ...] = (HeaderSettings, CorsSettings)
"""The settings of all other features."""

ORDER: tuple[Callable[[Chosen, Ground], Feature | None], ...] = (
    # Before all others, which then see the client and not its proxy.
    lambda chosen, ground: forwarded_feature(chosen[ProxySettings], chosen[ForwardedSettings]),
    # Before all that answers: nothing is told in the clear.
    lambda chosen, ground: redirect_feature(chosen[HttpsSettings]),
    lambda chosen, ground: cors_feature(chosen[CorsSettings]),
    lambda chosen, ground: header_feature(chosen[HeaderSettings]),
    # After one's own fields, which it leaves as they are.
    lambda chosen, ground: security_feature(chosen[HeaderSettings], shared=bool(chosen[CorsSettings].cors)),
    lambda chosen, ground: hsts_feature(chosen[HttpsSettings]),
    # After all that sets fields: it has to be allowed by a policy that any of them gives.
    lambda chosen, ground: livereload_feature(chosen[LiveReloadSettings]),
)


def in_order(chosen: Chosen, ground: Ground) -> tuple[tuple[Ask, ...], tuple[Answer, ...]]:
    """The asks and the answers of the features that are on; what is off is in neither. ValueError as theirs."""
    features = [feature for make in ORDER if (feature := make(chosen, ground)) is not None]
    asks = tuple(feature.ask for feature in features if feature.ask is not None)
    answers = tuple(feature.answer for feature in features if feature.answer is not None)
    return asks, answers
