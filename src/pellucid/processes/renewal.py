"""What workers begin with and their parent reads for them, as far as the parent knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Noted = Callable[[str, str], None]
"""What a level and a text are told to."""


class Renewal(Protocol):
    """Whoever reads it. What was read anew is on trial until the first worker that has begun with it is ready."""

    @property
    def wanted(self) -> int:
        """How many workers are to serve."""

    def refresh(self, noted: Noted) -> bool:
        """Take up what changes by itself, such as certificates, before each start of a worker and every now and then;
        whether there was something.
        """

    def renew(self, noted: Noted) -> bool:
        """Read all of it anew, since somebody asks for that; False where nothing can come of it, which it has said."""

    def begun(self, number: int) -> None:
        """A worker of this number begins."""

    def ready(self, number: int) -> bool:
        """A worker is ready to serve; whether that has put in force what was on trial."""

    def ended(self, number: int, noted: Noted) -> None:
        """A worker has ended."""
