"""How many requests may run at once: those that are too many wait a while for one of them to end, and are refused."""

from __future__ import annotations

from functools import partial

from pellucid.features.feature import Ground
from pellucid.features.limits.keys import ALL, key_of
from pellucid.features.limits.settings import ConcurrencySettings
from pellucid.message import Response
from pellucid.net.reactor import Reactor, Timer
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held
from pellucid.server.refusal import refusal

MOST_WAITING = 100
"""How many requests of one key may wait."""

WHY = "concurrency-limit: too many requests at once"

RETRY = b"1"
"""After how many seconds a client may ask again: nobody knows when a request will end."""


class _Line:
    # Those of one key: how many run, and who waits, in order.

    __slots__ = ("key", "running", "waiting")

    def __init__(self, key: str) -> None:
        self.key = key
        self.running = 0
        self.waiting: dict[Exchange, tuple[Held, Timer]] = {}


class AtOnce:
    """The concurrency limit of all places that have these settings. ValueError says what is wrong with one of them.

    A request runs until its exchange ends, however that comes: with its answer, its stream, its WebSocket or the loss
    of its client.
    """

    __slots__ = ("_key", "_lines", "_most", "_of", "_reactor", "_status", "_wait")

    def __init__(self, settings: ConcurrencySettings, ground: Ground) -> None:
        self._most = settings.concurrency_limit
        self._wait = settings.concurrency_limit_wait
        self._key = key_of(settings.concurrency_limit_key)
        # 429 is about what a client does (RFC 6585 section 4), 503 about the server (RFC 9110 section 15.6.4).
        self._status = 503 if settings.concurrency_limit_key == ALL else 429
        self._reactor: Reactor = ground.reactor
        self._lines: dict[str, _Line] = {}
        self._of: dict[Exchange, _Line] = {}
        ground.watch.ended.append(self.ended)

    def __len__(self) -> int:
        return len(self._of)

    def ask(self, exchange: Exchange) -> Held | None:
        """Let it run, or wait, or refuse it."""
        key = self._key(exchange)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(key)
        if line.running < self._most:
            line.running += 1
            self._of[exchange] = line
            return None
        if self._wait <= 0 or len(line.waiting) >= MOST_WAITING:
            exchange.respond(*self._refusal(exchange))
            return None
        held = Held(exchange)
        timer = exchange.at(exchange.now + self._wait, partial(self._give_up, exchange))
        line.waiting[exchange] = held, timer
        self._of[exchange] = line
        return held

    def ended(self, exchange: Exchange) -> None:
        """An exchange has ended, perhaps one of these: its place is for the next one."""
        line = self._of.pop(exchange, None)
        if line is None:
            return
        waited = line.waiting.pop(exchange, None)
        if waited is not None:
            waited[1].cancel()
        elif line.waiting:
            following = next(iter(line.waiting))
            held, timer = line.waiting.pop(following)
            timer.cancel()
            self._reactor.soon(held.release)  # not within the end of another one
        else:
            line.running -= 1
            if not line.running:
                del self._lines[line.key]

    def _give_up(self, exchange: Exchange) -> None:
        line = self._of.pop(exchange, None)
        if line is not None:
            held, _ = line.waiting.pop(exchange)
            held.release(*self._refusal(exchange))

    def _refusal(self, exchange: Exchange) -> tuple[Response, bytes]:
        exchange.why = exchange.why or WHY
        return refusal(self._status, "too many requests run at once: try again soon", (b"retry-after", RETRY))
