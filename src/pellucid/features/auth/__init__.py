"""Who asks, and whether that may have what it asks for."""

from pellucid.features.auth.feature import auth_feature
from pellucid.features.auth.settings import AuthSettings

__all__ = ["AuthSettings", "auth_feature"]
