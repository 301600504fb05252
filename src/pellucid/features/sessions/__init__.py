"""Sessions: what is kept for a client from request to request, in one of several stores, by a signed cookie."""

from pellucid.features.sessions.feature import sessions_feature
from pellucid.features.sessions.settings import SessionSettings

__all__ = ["SessionSettings", "sessions_feature"]
