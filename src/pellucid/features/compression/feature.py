"""Compression as a feature. What it takes is imported where it is on."""

from __future__ import annotations

from pellucid.features.compression.settings import CompressionSettings
from pellucid.features.feature import Feature, Ground


def compression_feature(settings: CompressionSettings, ground: Ground) -> Feature | None:
    """The feature that compresses answers. ValueError says which setting is wrong, or which package is missing."""
    if not settings.compress:
        return None
    from pellucid.features.compression.compressing import Compression

    return Feature(answer=ground.shared(("compression", settings), lambda: Compression(settings)).answer)
