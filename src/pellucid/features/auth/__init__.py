"""Who asks, and whether that may have what it asks for."""

from pellucid.features.auth.bearersettings import JwtSettings
from pellucid.features.auth.certificatesettings import CertificateSettings
from pellucid.features.auth.feature import auth_feature
from pellucid.features.auth.forged import forged_feature
from pellucid.features.auth.forwardsettings import ForwardSettings
from pellucid.features.auth.settings import AuthSettings

__all__ = ["AuthSettings", "CertificateSettings", "ForwardSettings", "JwtSettings", "auth_feature", "forged_feature"]
