"""Answers that are made smaller on their way out."""

from pellucid.features.compression.feature import compression_feature
from pellucid.features.compression.settings import CompressionSettings

__all__ = ["CompressionSettings", "compression_feature"]
