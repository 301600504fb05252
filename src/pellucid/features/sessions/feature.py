"""Sessions as a feature. What they take is imported where they are on."""

from __future__ import annotations

import time

from pellucid.features.feature import Feature, Ground
from pellucid.features.sessions.settings import SessionSettings


def sessions_feature(settings: SessionSettings, ground: Ground) -> Feature | None:
    """The feature that keeps a session for each client. ValueError says what is wrong with a setting, or a store."""
    if not settings.session:
        return None
    from pellucid.features.sessions.around import Sessions
    from pellucid.features.sessions.keeping import keeping_of

    def make() -> Sessions:
        keeping, signing = keeping_of(settings, ground, time.time)
        return Sessions(settings, keeping, signing, ground, time.time)

    sessions = ground.shared(("sessions", settings), make)
    return Feature(sessions.ask, sessions.answer)
