"""Sessions as a feature. What they take is imported where they are on."""

from __future__ import annotations

from pellucid.features.feature import Feature, Ground
from pellucid.features.sessions.settings import SessionSettings


def sessions_feature(settings: SessionSettings, ground: Ground) -> Feature | None:
    """The feature that keeps a session for each client. ValueError says what is wrong with a setting, or a store."""
    if not settings.session:
        return None
    from pellucid.features.sessions.around import Sessions

    sessions = ground.shared(("sessions", settings), lambda: Sessions(settings, ground))
    return Feature(sessions.ask, sessions.answer)
