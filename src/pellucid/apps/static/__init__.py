"""Serves a folder: `Static(root, settings)` is the app."""

from pellucid.apps.static.app import Static as Static
from pellucid.apps.static.settings import StaticSettings as StaticSettings
