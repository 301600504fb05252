"""What all connections of a server have in common; it knows none of them."""

from __future__ import annotations

import os
from itertools import count

from pellucid.net.reactor import Reactor
from pellucid.server.exchange import App
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch

BUDGET = 0.01
"""How old a round of the loop may be for somebody to go on with more of the same, in seconds: the others wait."""


class Shared:
    """An app and whoever watches it, a loop, and how long to wait for peers."""

    __slots__ = ("_ids", "app", "patience", "reactor", "watch")

    def __init__(self, reactor: Reactor, app: App, patience: Patience, watch: Watch) -> None:
        self.reactor = reactor
        self.app = app
        self.patience = patience
        self.watch = watch
        start = os.urandom(6).hex()  # so that another process, or this one begun anew, has other names
        self._ids = (f"{start}-{number:x}" for number in count(1))

    @property
    def late(self) -> bool:
        """Whether this round has lasted so long that what can wait should."""
        reactor = self.reactor
        return reactor.clock() - reactor.now >= BUDGET

    def new_id(self) -> str:
        """A name for a request that no other one has."""
        return next(self._ids)
