"""How often somebody may ask: refuses who asks too often, and tells the others how much is left.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10, which is not an RFC yet.
"""

from __future__ import annotations

from functools import partial
from math import ceil

from pellucid.features.feature import Ground
from pellucid.features.limits.keys import key_of
from pellucid.features.limits.rates import Counts, Rate, Verdict, judge, parse_rate
from pellucid.features.limits.redisrates import debt_in_redis
from pellucid.features.limits.settings import MEMORY, RateSettings
from pellucid.message import Field, Response
from pellucid.net.redislink import SCHEMES, RedisCalls, RedisDown, RedisLink, without_password
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held
from pellucid.server.life import Closing
from pellucid.server.refusal import refusal

WHY = "rate-limit: too many requests"

AGAIN = 1.0
"""While a store is away, one request tries it in so many seconds, and may have to wait; no other does."""


class Often:
    """The rate limit of all places that have these settings. ValueError says what is wrong with one of them."""

    __slots__ = ("_again", "_away", "_counts", "_debt", "_key", "_policy", "_rate", "_redis")

    def __init__(self, settings: RateSettings, ground: Ground) -> None:
        self._rate = parse_rate(settings.rate_limit, settings.rate_limit_burst)
        self._key = key_of(settings.rate_limit_key)
        self._counts = Counts(self._rate)
        self._policy = policy_of(self._rate)
        self._debt = debt_in_redis(self._rate, settings.rate_limit_key)
        self._redis = _redis(settings.rate_limit_store, ground)
        self._away = False
        self._again = 0.0

    def ask(self, exchange: Exchange) -> Held | None:
        """Let it go on, or refuse it, now or when it is known what others have counted."""
        key, redis = self._key(exchange), self._redis
        if redis is not None and self._worth_asking(exchange.now):
            held = Held(exchange)

            def done(debt: float) -> None:
                self._away = False
                self._settle(exchange, held, judge(self._rate, debt))

            def failed(down: RedisDown) -> None:
                self._away, self._again = True, exchange.now + AGAIN
                self._settle(exchange, held, self._counts.take(key, exchange.now))

            if redis.call(self._debt(key), done, failed, lambda: not exchange.gone):
                return held
        refused = self._answer(exchange, self._counts.take(key, exchange.now))
        if refused is not None:
            exchange.respond(*refused)
        return None

    def _worth_asking(self, now: float) -> bool:
        if not self._away:
            return True
        if now < self._again:
            return False
        self._again = now + AGAIN
        return True

    def _settle(self, exchange: Exchange, held: Held, verdict: Verdict) -> None:
        if exchange.gone or exchange.response is not None:
            return
        refused = self._answer(exchange, verdict)
        if refused is not None:
            held.release(*refused)
        else:
            held.release()

    def _answer(self, exchange: Exchange, verdict: Verdict) -> tuple[Response, bytes] | None:
        # The answer to whoever is refused. What is left is told with every answer.
        left = (b"ratelimit", b'"default";r=%d;t=%d' % (verdict.left, ceil(verdict.more)))
        exchange.answers = (*exchange.answers, partial(_tell, (self._policy, left)))
        if not verdict.wait:
            return None
        exchange.why = exchange.why or WHY
        after = b"retry-after", b"%d" % ceil(verdict.wait)
        return refusal(429, "too many requests in too short a time (RFC 6585 4)", after)


def policy_of(rate: Rate) -> Field:
    """The field that tells of a limit: how many may come at once, and in how many seconds as many more may."""
    return b"ratelimit-policy", b'"default";q=%d;w=%d' % (rate.burst, ceil(rate.fill))


def _tell(fields: tuple[Field, Field], exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
    headers = response.headers
    if b"ratelimit" in headers or b"ratelimit-policy" in headers:  # the app has limits of its own
        return response, body
    return Response(response.status, headers.plus(*fields)), body


def _redis(store: str, ground: Ground) -> RedisCalls | None:
    if store == MEMORY:
        return None
    if not store.startswith(SCHEMES):
        raise ValueError(
            f"--rate-limit-store: {without_password(store)!r} is no store: write memory or redis://HOST:PORT"
        )

    def note(level: str, text: str) -> None:
        until = "; until it answers, each worker counts for itself" if level == "error" else ""
        ground.note(level, f"rate-limit: {text}{until}")

    link = RedisLink(store)
    ground.lives.append(Closing(link.close))
    return RedisCalls(link, ground.aside("rates", 4, 1000), note)
