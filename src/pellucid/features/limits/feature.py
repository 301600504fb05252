"""Limits as features. What they take is imported where they are on."""

from __future__ import annotations

from pellucid.features.feature import Feature, Ground
from pellucid.features.limits.settings import USER, ConcurrencySettings, RateSettings


def rate_feature(settings: RateSettings, ground: Ground, *, of_users: bool) -> Feature | None:
    """The feature that refuses who asks too often, where that is (or is not) counted by user: who that is has to be
    known before. ValueError says what is wrong with a setting.
    """
    if not settings.rate_limit or of_users is not (settings.rate_limit_key == USER):
        return None
    from pellucid.features.limits.often import Often

    return Feature(ground.shared(("rates", settings), lambda: Often(settings, ground)).ask)


def concurrency_feature(settings: ConcurrencySettings, ground: Ground, *, of_users: bool) -> Feature | None:
    """The same for who asks too often at once."""
    if not settings.concurrency_limit or of_users is not (settings.concurrency_limit_key == USER):
        return None
    from pellucid.features.limits.atonce import AtOnce

    return Feature(ground.shared(("concurrency", settings), lambda: AtOnce(settings, ground)).ask)
