"""Who asks: what the apps and the log of a site are told of a user that a feature has found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A user who has shown who it is: its name, and how that was shown, as AUTH_TYPE has it (RFC 3875 section 4.1.1):
    "Basic", "Digest", "Bearer", "certificate", "form" or "forward". `claims` is what a token says besides, `scopes`
    what it allows.
    """

    name: str
    scheme: str
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
