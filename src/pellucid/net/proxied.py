"""Links that come from trusted proxies: held until their PROXY preamble has told who the client is. It knows no HTTP.

The preamble is looked at while it stays in the kernel, and no byte beyond its end is taken: so the link that goes on is
the plain one, at no cost, and whatever comes next, be it TLS, finds its first byte.
"""

from __future__ import annotations

from collections.abc import Callable

from pellucid.net.greet import Greeted
from pellucid.net.link import ArrivingLink
from pellucid.net.pollers import READ
from pellucid.net.port import Exhausted
from pellucid.net.preamble import LARGEST, NoPreamble, Preamble, parse_preamble
from pellucid.net.reactor import Reactor, Timer
from pellucid.net.trusted import Trusted


class Preambles:
    """Called with a link and whom to give it to, at once or when its client is known; None where it was closed.

    `patience` is how long a preamble may take, in seconds, 0 for any time; `noted` is told why a link was closed.
    """

    __slots__ = ("_noted", "_patience", "_reactor", "_trusted", "_waiting")

    def __init__(self, reactor: Reactor, trusted: Trusted, patience: float, noted: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._trusted = trusted
        self._patience = patience
        self._noted = noted
        self._waiting: set[_Arrival] = set()

    def __call__(self, link: ArrivingLink, greeted: Greeted) -> None:
        """A link has come. Raises Exhausted."""
        if not self._trusted.peer(link.peer, link.local):
            greeted(link)
            return
        arrival = _Arrival(link, greeted)
        try:
            self._reactor.add(link.fd, READ, lambda mask: self._on_ready(arrival))
        except OSError as error:
            link.close()
            greeted(None)
            raise Exhausted(error.strerror or str(error)) from error
        self._waiting.add(arrival)
        if self._patience:
            arrival.timer = self._reactor.at(
                self._reactor.now + self._patience, lambda: self._end(arrival, "head-time")
            )

    def drain(self) -> None:
        """Wait for none any longer: a preamble that has not come with the first bytes is late already."""
        self.close()

    def close(self) -> None:
        """Wait for none of them any longer."""
        for arrival in tuple(self._waiting):
            self._end(arrival, "")

    def _on_ready(self, arrival: _Arrival) -> None:
        try:
            preamble = arrival.read()
        except NoPreamble as fault:
            self._end(arrival, f"{fault}, which trusted proxies begin with")
            return
        if preamble is not None:
            self._forget(arrival)
            link = arrival.link
            if preamble.told:
                link.peer, link.peer_port = preamble.address, preamble.port
                link.local = preamble.local or link.local
            try:
                arrival.greeted(link)
            except Exhausted as error:
                self._noted(f"{error}: a connection was closed")
        elif arrival.over:
            self._end(arrival, "")

    def _end(self, arrival: _Arrival, why: str) -> None:
        self._forget(arrival)
        if why:
            self._noted(f"{arrival.link.peer or arrival.link.local} closed: {why}")
        arrival.link.abort()
        arrival.greeted(None)

    def _forget(self, arrival: _Arrival) -> None:
        self._waiting.discard(arrival)
        self._reactor.remove(arrival.link.fd)
        if arrival.timer is not None:
            arrival.timer.cancel()


class _Arrival:
    """A link that has not told yet, and what came of its preamble so far."""

    __slots__ = ("_taken", "greeted", "link", "over", "timer")

    def __init__(self, link: ArrivingLink, greeted: Greeted) -> None:
        self.link = link
        self.greeted = greeted
        self.timer: Timer | None = None
        self.over = False
        self._taken = b""

    def read(self) -> Preamble | None:
        """The preamble, taken off the link, or None as long as it is not whole. Raises NoPreamble."""
        seen = self.link.peek(LARGEST - len(self._taken))
        if not seen:
            self.over = seen is not None
            return None
        preamble = parse_preamble(self._taken + seen)
        # All of what is not yet whole belongs to the preamble. Left there, the poller would tell of it for ever.
        size = len(seen) if preamble is None else preamble.size - len(self._taken)
        self._taken += self.link.receive(size) or b""
        return preamble
