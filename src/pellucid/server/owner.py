"""What the parts of a connection know of it, so that none of them needs to know all."""

from __future__ import annotations

from typing import Protocol

from pellucid.net.link import Link
from pellucid.protocol.engine import Engine
from pellucid.server.timeouts import Stall


class Owner(Protocol):
    """A connection."""

    engine: Engine

    link: Link

    since: float
    """When the peer began what it is at, in the loop's seconds."""

    lingering: float | None
    """When the last answer was out and the rest of a request began to be dropped unread; None before."""

    stall: Stall | None
    """How long patience lasts with a link that does not take all; None where nothing waits."""

    @property
    def clear(self) -> bool:
        """Whether nothing moves now, and nothing waits to."""

    def ask_for_turn(self) -> None:
        """Something can be moved."""

    def put_off_turn(self) -> None:
        """Something can be moved when the loop comes to it."""

    def turn(self) -> None:
        """Move everything that can be moved."""

    def flush(self) -> None:
        """Give the engine's output to the link, outside of a turn."""

    def leave(self, why: str, limit: str = "", abort: bool = False) -> None:
        """Close, with the protocol's last words where it has any; see `Engine.end` for the limit."""
