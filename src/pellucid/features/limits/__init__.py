"""Limits: how often, and how often at once, somebody may ask."""

from pellucid.features.limits.feature import concurrency_feature, rate_feature
from pellucid.features.limits.settings import ConcurrencySettings, RateSettings

__all__ = ["ConcurrencySettings", "RateSettings", "concurrency_feature", "rate_feature"]
